// Tickets in Desk: how their escalation stands, in the form and in the list, and what can be done about it.
// Leaves at once where no enabled plan and no running item names the DocType. An action item's form does it alike.
import { API, countdown, post, TicketEscalation, time_left } from "./ticket_escalation";

const LIST_POLL = 15000; // milliseconds
const watched = (doctype) => (frappe.boot.escalation_doctypes || []).includes(doctype);
const text = (value) => frappe.utils.escape_html(String(value ?? ""));
const pill = (tone, label) => `<span class="indicator-pill no-indicator-dot ${tone}">${text(label)}</span>`;

// --- the form

$(document).on("form-refresh", (_event, frm) => {
	if (!watched(frm.doctype) || frm.is_new()) return;
	const name = String(frm.doc.name);
	if (frm.escalation?.name !== name) {
		frm.escalation?.close();
		frm.escalation_line?.remove();
		frm.escalation_line = $("<div class='escalation-ticket' role='status'>").hide().prependTo(frm.layout.wrapper);
		frm.escalation = new TicketEscalation(frm.doctype, name, {
			draw: (state) => draw(frm, state),
			count: (words) => frm.escalation_line.find(".escalation-next").text(words),
		});
	} else {
		buttons(frm, frm.escalation.state); // Desk has just cleared them
		frm.escalation.poll();
	}
});

frappe.router.on("change", () => {
	// Forms stay in Desk's memory when they are left.
	for (const frm of Object.values(frappe.views.formview || {}).map((view) => view.frm)) {
		const left = frm?.escalation && frappe.get_route().slice(0, 3).join() !== ["Form", frm.doctype, frm.escalation.name].join();
		if (!left) continue;
		frm.escalation.close();
		frm.escalation = null;
	}
});

function draw(frm, state) {
	frm.escalation_line.toggle(Boolean(state?.item));
	if (state?.item) {
		const link = frappe.utils.get_form_link("Escalation Action Item", state.item);
		frm.escalation_line.html(
			`<b>${__("Escalation")}</b> ${pill(state.tone, state.status)} <span>${text(state.headline)}</span>
			<b class="escalation-next"></b> <a href="${text(link)}">${text(state.item)}</a>`
		);
	}
	buttons(frm, state);
}

function buttons(frm, state) {
	const group = __("Escalation");
	for (const label of frm.escalation_buttons || []) frm.remove_custom_button(label, group);
	frm.escalation_buttons = (state?.actions || []).map((action) => {
		frm.add_custom_button(action.label, () => run(frm, action), group);
		return action.label;
	});
}

async function run(frm, action) {
	const escalation = frm.escalation; // not that of another ticket that is opened meanwhile
	const shown = escalation.state;
	const values = action.fields.length ? await ask(action) : {};
	const { done, message } = await escalation.act(action.name, values, shown);
	frappe.show_alert({ message: text(message), indicator: done ? "green" : "orange" }, 7);
}

function ask(action) {
	const fields = action.fields.map((field) => ({
		fieldname: field.name,
		label: field.label,
		fieldtype: field.options.length ? "Select" : { datetime: "Datetime" }[field.kind] || "Small Text",
		options: field.options,
		default: field.default || field.options[0]?.value,
		reqd: 1,
	}));
	return new Promise((resolve) => prompt(fields, resolve, action.label, action.label.replace("…", "")));
}

// As frappe.prompt, without its animation: Bootstrap doesn't hide what is still fading in, so that the dialog of
// somebody who answers at once would stay in the way.
function prompt(fields, answered, title, label) {
	const dialog = new frappe.ui.Dialog({
		animate: false,
		fields,
		title,
		primary_action_label: label,
		primary_action: (values) => {
			dialog.hide();
			answered(values);
		},
	});
	dialog.show();
}

// --- the form of an action item

class ItemEscalation extends TicketEscalation {
	asked() {
		return `${API}timeline?${new URLSearchParams({ action_item: this.name })}`;
	}

	async act(action, values, shown) {
		const body = { action_item: this.name, action, seen: shown.seen, values };
		const said = await post("act_on_item", body, shown.words);
		await this.polling; // what was asked before knows nothing of it
		await this.poll();
		return said;
	}
}

frappe.provide("escalation_mgmt");
Object.assign(escalation_mgmt, { ItemEscalation, run_action: run, pill, prompt });

// --- the list

let pills = {};

setInterval(ask_for_pills, LIST_POLL);
setInterval(() => {
	watch_list();
	show_pills();
}, 1000);

// Desk has no event for a list that was drawn, so each one that is opened is watched from then on.
function watch_list() {
	const list = window.cur_list;
	if (!list?.$result?.length || !watched(list.doctype) || list.escalation_watched) return;
	list.escalation_watched = new MutationObserver(() => ask_for_pills());
	list.escalation_watched.observe(list.$result[0], { childList: true });
	ask_for_pills();
}

async function ask_for_pills() {
	const list = window.cur_list;
	if (!list?.escalation_watched || !list.$result.is(":visible") || document.visibilityState !== "visible") return;
	const names = (list.data || []).map((doc) => String(doc.name));
	if (!names.length) return;
	const query = new URLSearchParams({ doctype: list.doctype, names: JSON.stringify(names) });
	const answer = await fetch(`/api/method/escalation_mgmt.api.tickets?${query}`).catch(() => null);
	if (!answer?.ok || window.cur_list !== list) return;
	pills = (await answer.json()).message;
	const now = performance.now();
	for (const state of Object.values(pills)) state.at = state.due_in == null ? null : now + 1000 * state.due_in;
	show_pills();
}

function show_pills() {
	const list = window.cur_list;
	if (!list?.escalation_watched) return;
	list.$result.find(".list-row-checkbox[data-name]").each((_n, box) => {
		const state = pills[decodeURIComponent(box.dataset.name)];
		const $row = $(box).closest(".list-row");
		const html = state ? `${pill(state.tone, state.status)} <small>${text(time_left(state.at))}</small>` : "";
		let $mark = $row.find(".escalation-mark");
		if (!$mark.length) $mark = $("<span class='escalation-mark'>").prependTo($row.find(".level-right").addClass("escalation-beside"));
		if ($mark.html() !== html) $mark.html(html).attr("title", state ? countdown(state, state.at) : null);
	});
}

frappe.dom.set_style(`
	.escalation-ticket { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 12px; margin: var(--margin-sm, 8px) var(--margin-md, 15px);
		padding: 8px 12px; border-radius: 8px; background: var(--subtle-fg, var(--bg-color)); }
	.escalation-next, .escalation-mark small { font-variant-numeric: tabular-nums; }
	.escalation-ticket a { text-decoration: underline; }
	.escalation-beside { position: relative; }
	.escalation-mark { position: absolute; right: 100%; padding: 0 8px; white-space: nowrap; background: var(--card-bg, var(--fg-color)); }
`);
