// A ticket's form in Desk: a line that says how its escalation stands, or why it has none, and what can be done about it.
// Leaves at once where no enabled plan and no running item names the DocType.
import { TicketEscalation } from "../ticket_escalation";
import { count_ages, put_earlier, put_sent } from "../ticket_parts";
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
const ITEM = `<span class="escalation-stands" role="status"></span>
	<b class="escalation-next"></b> <span class="escalation-details"></span> <span class="escalation-doable"></span>
	<div class="escalation-sent"></div>`;
const LINE = () => `<div class="escalation-ticket">
		<div class="escalation-one"><b>${__("Escalation")}</b> ${ITEM}</div>
		<div class="escalation-others"></div><details class="escalation-earlier"></details>
	</div>`;
const OTHER = `<div class="escalation-one">${ITEM}</div>`;

function begin(frm) {
	frm.escalation?.close();
	frm.escalation_line?.remove();
	frm.escalation_line = $(LINE()).hide().prependTo(frm.layout.wrapper);
	frm.escalation_line.on("click", "[data-action]", ({ currentTarget }) => act(frm, currentTarget));
	frm.escalation = new TicketEscalation(frm.doctype, frm.doc.name, {
		draw: (state) => draw(frm, state),
		count: (words, n) => count(frm, words, n),
	});
}

function count(frm, words, n) {
	put(frm, ".escalation-next", escaped(words), n);
	count_ages(frm.escalation_line[0], frm.escalation.now(), frm.escalation.state.words);
}

const is_left = (frm) => frappe.get_route().slice(0, 3).join() !== ["Form", frm.doctype, frm.escalation.name].join();

function leave(frm) {
	frm.escalation.close();
	frm.escalation = null;
}

function draw(frm, state) {
	frm.escalation_line.toggle(Boolean(state?.items.length || state?.headline));
	if (!state) return;
	const items = items_of(state);
	const others = frm.escalation_line.find(".escalation-others");
	while (others.children().length > items.length - 1) others.children().last().remove();
	while (others.children().length < items.length - 1) others.append(OTHER);
	items.forEach((item, n) => draw_item(frm, item, n, items.length > 1));
	items.forEach((item, n) => put_sent(frm.escalation_line.find(".escalation-sent")[n], item.sent, state.words));
	put_earlier(frm.escalation_line.find(".escalation-earlier")[0], state.earlier);
}

// Those that run, one a clock; else what is said of the ticket.
const items_of = (state) => (state.items.length ? state.items : [state]);

function draw_item(frm, item, n, several) {
	const which = several ? `<b class="escalation-clock">${escaped(item.clock)}</b> <bdi class="escalation-plan">${escaped(item.plan)}</bdi> ` : "";
	put(frm, ".escalation-stands", `${which}${item.item ? ticket_pill(item) : ""} <bdi>${escaped(item.headline)}</bdi>`, n);
	put(frm, ".escalation-next", "", n);
	put(frm, ".escalation-details", item.item ? `<a href="${form_link("Escalation Action Item", item.item)}">${escaped(item.item)}</a>` : "", n);
	put(frm, ".escalation-doable", `<span data-item="${escaped(item.item || "")}">${action_buttons(item.actions)}</span>${withheld(item)}`, n);
}

const withheld = (item) => (item.withheld ? `<span class="escalation-withheld">${escaped(item.withheld)}</span>` : "");

// What is the same stays, so that nothing is spoken again, and an open menu stays open.
function put(frm, part, html, n = 0) {
	const $part = frm.escalation_line.find(part).eq(n);
	if ($part.data("escalation-html") !== html) $part.data("escalation-html", html).html(html);
}

// About the escalation that the button was drawn for: another may take its place.
function act(frm, button) {
	const { state } = frm.escalation;
	const of = $(button).closest("[data-item]").attr("data-item");
	const item = state && items_of(state).find((each) => (each.item || "") === of);
	const action = item?.actions.find((each) => each.name === button.dataset.action);
	if (action) run_action(frm, action, { ...item, words: state.words }, $(button).closest(".escalation-one"));
}
