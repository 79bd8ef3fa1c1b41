// The top of an action item's form: the ticket, who has it, what comes next, what can be done.
import { action_buttons } from "./actions";
import { escaped, form_link } from "./html";

const ITEM = "Escalation Action Item";

// Where it says that what is shown may be old; also where there is nothing else to show.
export const STALE_LINE = '<div class="escalation-stale" role="alert"></div>';

export function item_summary(doc, state) {
	const ticket = form_link(doc.reference_doctype, doc.reference_name);
	const facts = [doc.priority, doc.team, doc.plan, __(doc.clock)].filter(Boolean).map(escaped).join(" · ");
	const urgent = state.can_acknowledge && state.state !== "Scheduled";
	return `<div class="escalation-summary ${urgent ? "urgent" : ""}">
		<div><a href="${ticket}">${__("Ticket")} ${escaped(doc.reference_name)}</a> · ${facts}</div>
		${doc.ticket_subject ? `<div class="escalation-subject" dir="auto">${escaped(doc.ticket_subject)}</div>` : ""}
		<div class="escalation-state" dir="auto">${escaped(state.headline)}</div>
		<div class="escalation-next"></div>
		${state.latest ? newer(state.latest) : ""}
		${STALE_LINE}
		${action_buttons(state.actions)}
		${state.withheld ? `<div class="escalation-withheld">${escaped(state.withheld)}</div>` : ""}
	</div>`;
}

const newer = (item) =>
	`<div>${__("The ticket has a newer escalation: {0}", [`<a href="${form_link(ITEM, item)}">${escaped(item)}</a>`])}</div>`;
