// A ticket's form in Desk: a line that says how its escalation stands, or why it has none, and what can be done about it.
// Leaves at once where no enabled plan and no running item names the DocType.
import { TicketEscalation } from "../ticket_escalation";
import { action_buttons, run_action } from "./actions";
import { escaped, form_link } from "./html";
import { ticket_pill, watched } from "./tickets";

$(document).on("form-refresh", (_event, frm) => {
	if (!watched(frm.doctype) || frm.is_new()) return;
	if (frm.escalation?.name !== String(frm.doc.name)) return begin(frm);
	frm.escalation.poll();
});

// Forms stay in Desk's memory when they are left.
frappe.router.on("change", () => {
	for (const { frm } of Object.values(frappe.views.formview || {})) if (frm?.escalation && is_left(frm)) leave(frm);
});

// How it stands is spoken when that changes. What counts down each second stands beside it, and isn't.
const LINE = () => `<div class="escalation-ticket">
		<b>${__("Escalation")}</b> <span class="escalation-stands" role="status"></span>
		<b class="escalation-next"></b> <span class="escalation-details"></span> <span class="escalation-doable"></span>
	</div>`;

function begin(frm) {
	frm.escalation?.close();
	frm.escalation_line?.remove();
	frm.escalation_line = $(LINE()).hide().prependTo(frm.layout.wrapper);
	frm.escalation_line.on("click", "[data-action]", (event) => act(frm, event.currentTarget.dataset.action));
	frm.escalation = new TicketEscalation(frm.doctype, frm.doc.name, {
		draw: (state) => draw(frm, state),
		count: (words) => put(frm, ".escalation-next", escaped(words)),
	});
}

const is_left = (frm) => frappe.get_route().slice(0, 3).join() !== ["Form", frm.doctype, frm.escalation.name].join();

function leave(frm) {
	frm.escalation.close();
	frm.escalation = null;
}

function draw(frm, state) {
	frm.escalation_line.toggle(Boolean(state?.item || state?.headline));
	if (!state) return;
	put(frm, ".escalation-stands", `${state.item ? ticket_pill(state) : ""} <bdi>${escaped(state.headline)}</bdi>`);
	put(frm, ".escalation-next", "");
	put(frm, ".escalation-details", state.item ? `<a href="${form_link("Escalation Action Item", state.item)}">${escaped(state.item)}</a>` : "");
	put(frm, ".escalation-doable", action_buttons(state.actions) + withheld(state));
}

const withheld = (state) => (state.withheld ? `<span class="escalation-withheld">${escaped(state.withheld)}</span>` : "");

// What is the same stays, so that nothing is spoken again, and an open menu stays open.
function put(frm, part, html) {
	const $part = frm.escalation_line.find(part);
	if ($part.data("escalation-html") !== html) $part.data("escalation-html", html).html(html);
}

function act(frm, name) {
	const action = frm.escalation.state?.actions.find((each) => each.name === name);
	if (action) run_action(frm, action);
}
