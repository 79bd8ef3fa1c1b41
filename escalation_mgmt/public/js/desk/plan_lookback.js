// Which tickets of the last days a plan would have taken, as it stands on the screen, saved or not.
import { clock_time, day, escaped, form_link } from "./html";
import { call_or_null } from "./server";

export async function show_taken(frm) {
	const found = await call_or_null("escalation_mgmt.api.plans.taken", { plan: frm.doc }, { freeze: true });
	if (!found) return;
	const dialog = new frappe.ui.Dialog({
		title: __("Which tickets would this have taken?"),
		size: "extra-large",
		fields: [{ fieldname: "tickets", fieldtype: "HTML" }],
	});
	dialog.get_field("tickets").$wrapper.html(lookback_html(found));
	dialog.show();
}

const lookback_html = (found) =>
	`<div class="escalation-how-many">${headline(found)}</div>
	${notes(found).map((note) => `<div>${note}</div>`).join("")}
	<ol class="escalation-taken">${found.listed.map((ticket) => ticket_html(found.doctype, ticket)).join("")}</ol>
	<div class="text-muted small">${__("By what the tickets say today: their priority, team, type or customer may have been another when they were logged. Plans are taken as they are now, and this one as if it were enabled.")} ${escaped(in_time(found.clock))}</div>`;

const in_time = (clock) => {
	if (clock === "Next Response") return __("Listed are those on which the customer wrote again after an answer. How long that waited isn't asked; answered in time it would have been taken, and nothing sent.");
	if (clock === "Resolution") return __("Whether a ticket was resolved in time isn't asked; then it would have been taken, and nothing sent.");
	return __("Whether a ticket was answered within the response window isn't asked; then it would have been taken, and nothing sent.");
};

const headline = ({ taken, days, looked_at }) => {
	if (looked_at) return __("{0} of the newest {1} tickets that it asks for, out of the last {2} days", [taken, looked_at, days]);
	return taken === 1 ? __("One ticket of the last {0} days", [days]) : __("{0} tickets of the last {1} days", [taken, days]);
};

const notes = ({ forestalled, unreadable, unlisted, listed }) =>
	[
		forestalled === 1 && __("One more matches, but a plan of a lower rank takes it first; it is marked."),
		forestalled > 1 && __("{0} more match, but a plan of a lower rank takes them first; they are marked.", [forestalled]),
		unreadable === 1 && __("One of them you may not read, and it is not listed."),
		unreadable > 1 && __("{0} of them you may not read, and they are not listed.", [unreadable]),
		unlisted > unreadable && __("The newest {0} are listed.", [listed.length]),
	].filter(Boolean);

export const ticket_html = (doctype, { name, subject, at, by, facts }) =>
	`<li class="${by ? "other" : ""}"><time>${escaped(to_the_minute(at))}</time>
		<span class="what"><a target="_blank" dir="auto" href="${form_link(doctype, name)}">${escaped(name)}: ${escaped(subject)}</a> ${by ? taken_by(by) : ""}</span>
		<span class="facts">${escaped(facts)}</span></li>`;

const taken_by = (plan) => `<span class="escalation-by">${__("taken by {0}", [escaped(plan)])}</span>`;

const to_the_minute = (at) => `${day(at)} ${clock_time(at)}`.replace(/:\d\d$/, "");
