// Everything of ours that Desk loads, whatever page is open. What the scripts of forms, lists and reports use of it hangs
// on `escalation_mgmt`, because Desk evaluates those where nothing can be imported.
import "./desk/banners";
import "./desk/bell";
import "./desk/ticket_form";
import "./desk/ticket_list";
import { prompt, run_action } from "./desk/actions";
import { offer_after_restore } from "./desk/after_restore";
import { Board } from "./desk/board";
import { clock_time, escaped, pill } from "./desk/html";
import { ItemEscalation } from "./desk/item_escalation";
import { item_summary, STALE_LINE } from "./desk/item_summary";
import { item_messages, item_picture, item_timeline } from "./desk/item_timeline";
import { lanes_html } from "./desk/lanes";
import { pictured_html, redraw } from "./desk/lanes_touched";
import { follow_clock, show_clock } from "./desk/plan_clock";
import { enable } from "./desk/plan_enable";
import { new_from_example } from "./desk/plan_examples";
import { Ladder } from "./desk/plan_ladder";
import { show_taken } from "./desk/plan_lookback";
import { show_priorities } from "./desk/plan_priorities";
import { rehearse } from "./desk/plan_rehearsal";
import { begin_step } from "./desk/plan_steps";
import { findings_html, findings_tone } from "./desk/remedies";
import { drill, item_link, report_with } from "./desk/report_filters";
import { is_manager } from "./desk/roles";
import { ask_quietly, call, read } from "./desk/server";
import { ACT_TEXT, ACT_VALUE, acts_alone, register_step_target, row_in_words, SECOND, STEP_TARGET, WHICH } from "./desk/step_target";
import { item_status, ITEM_TONES, MESSAGE_TONES, OUTCOME_TONES } from "./desk/tones";

frappe.provide("escalation_mgmt");
Object.assign(escalation_mgmt, { ask_quietly, Board, call, clock_time, escaped, findings_html, findings_tone, is_manager, pill, prompt, read });
Object.assign(escalation_mgmt, { item_messages, item_picture, item_summary, item_timeline, ItemEscalation, run_action, STALE_LINE });
Object.assign(escalation_mgmt, { lanes_html, offer_after_restore, pictured_html, redraw });
Object.assign(escalation_mgmt, { begin_step, enable, follow_clock, Ladder, new_from_example, rehearse, show_clock, show_priorities, show_taken });
Object.assign(escalation_mgmt, { ACT_TEXT, ACT_VALUE, acts_alone, register_step_target, row_in_words, SECOND, STEP_TARGET, WHICH });
Object.assign(escalation_mgmt, { drill, item_link, report_with });
Object.assign(escalation_mgmt, { item_status, ITEM_TONES, MESSAGE_TONES, OUTCOME_TONES });
