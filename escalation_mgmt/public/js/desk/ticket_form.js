// A ticket's form in Desk: a line that says how its escalation stands, and a menu of what can be done about it.
// Leaves at once where no enabled plan and no running item names the DocType.
import { TicketEscalation } from "../ticket_escalation";
import { run_action } from "./actions";
import { escaped, form_link } from "./html";
import { ticket_pill, watched } from "./tickets";

$(document).on("form-refresh", (_event, frm) => {
	if (!watched(frm.doctype) || frm.is_new()) return;
	if (frm.escalation?.name !== String(frm.doc.name)) return begin(frm);
	buttons(frm, frm.escalation.state); // Desk has just cleared them
	frm.escalation.poll();
});

// Forms stay in Desk's memory when they are left.
frappe.router.on("change", () => {
	for (const { frm } of Object.values(frappe.views.formview || {})) if (frm?.escalation && is_left(frm)) leave(frm);
});

function begin(frm) {
	frm.escalation?.close();
	frm.escalation_line?.remove();
	frm.escalation_line = $("<div class='escalation-ticket' role='status'>").hide().prependTo(frm.layout.wrapper);
	frm.escalation = new TicketEscalation(frm.doctype, frm.doc.name, {
		draw: (state) => draw(frm, state),
		count: (words) => frm.escalation_line.find(".escalation-next").text(words),
	});
}

const is_left = (frm) => frappe.get_route().slice(0, 3).join() !== ["Form", frm.doctype, frm.escalation.name].join();

function leave(frm) {
	frm.escalation.close();
	frm.escalation = null;
}

function draw(frm, state) {
	frm.escalation_line.toggle(Boolean(state?.item));
	if (state?.item) frm.escalation_line.html(line(state));
	buttons(frm, state);
}

const line = (state) =>
	`<b>${__("Escalation")}</b> ${ticket_pill(state)} <span>${escaped(state.headline)}</span>
	<b class="escalation-next"></b> <a href="${form_link("Escalation Action Item", state.item)}">${escaped(state.item)}</a>`;

function buttons(frm, state) {
	const group = __("Escalation");
	for (const label of frm.escalation_buttons || []) frm.remove_custom_button(label, group);
	frm.escalation_buttons = (state?.actions || []).map((action) => {
		frm.add_custom_button(action.label, () => run_action(frm, action), group);
		return action.label;
	});
}
