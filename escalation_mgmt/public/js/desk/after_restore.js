// After a restore of the database: a bar says so to who manages escalations, and lets them decide about what is held.
import { prompt } from "./actions";
import { escaped } from "./html";
import { is_manager } from "./roles";
import { call } from "./server";

const ITEM = "Escalation Action Item";
const BAR = `<div class="escalation-banner escalation-restored"><span class="escalation-restored-text" role="alert"></span>
	<span class="escalation-restored-actions"></span></div>`;

// What somebody can decide about: these `items`, or all that are held.
const DECISIONS = [
	{
		label: () => __("Let All Go On"),
		label_of_some: () => __("Let Them Go On"),
		decide: (items, then) =>
			frappe.confirm(__("What fell due meanwhile of each runs once, now, and real people are paged. Go on?"), () =>
				decided("escalation_mgmt.api.restored.let_go_on", { items }, then)
			),
	},
	{
		label: () => __("Cancel All…"),
		label_of_some: () => __("Cancel Them…"),
		decide: (items, then) => {
			const fields = [{ fieldname: "reason", fieldtype: "Small Text", label: __("Reason"), reqd: 1 }];
			prompt(fields, ({ reason }) => decided("escalation_mgmt.api.restored.cancel", { reason, items }, then), __("Cancel what is held"), __("Cancel Them"));
		},
	},
];

async function decided(method, { items, ...args }, then) {
	const some = items ? { items: JSON.stringify(items) } : {};
	const said = await call(method, { ...args, ...some }, { freeze: true });
	frappe.show_alert({ message: escaped(said), indicator: "green" }, 7);
	then();
}

// `report`: how the engine does, as the server says.
export function put_restored_bar(report, before) {
	if (!report.restored) return $(".escalation-restored").remove();
	if (!$(".escalation-restored").length) make(before);
	const text = report.after_restore.join(" ");
	const $text = $(".escalation-restored-text");
	if ($text.text() !== text) $text.text(text);
}

function make(before) {
	const $bar = $(BAR).insertBefore(before);
	const gone = () => ($bar.remove(), cur_list?.doctype === ITEM && cur_list.refresh());
	const show = () => frappe.set_route("List", ITEM, "List", { held_utc: ["is", "set"] });
	const add = (label, act) =>
		$("<button type='button' class='btn btn-default btn-xs'>").text(label).on("click", act).appendTo($bar.find(".escalation-restored-actions"));
	add(__("Show What Is Held"), show);
	for (const { label, decide } of DECISIONS) add(label(), () => decide(null, gone));
	add(__("I Have Looked"), () => decided("escalation_mgmt.api.restored.looked", {}, gone));
}

// In the list of action items, about those that are chosen.
export function offer_after_restore(list) {
	if (!is_manager()) return;
	const held = () => list.get_checked_items().filter((item) => item.held_utc);
	for (const { label_of_some, decide } of DECISIONS)
		list.page.add_actions_menu_item(
			label_of_some(),
			() => {
				const items = held().map((item) => item.name);
				if (!items.length) return frappe.msgprint(__("None of these is held after a restore."));
				decide(items, () => (list.clear_checked_items(), list.refresh()));
			},
			false
		);
}
