// Which tickets of the last days a plan would have taken, as it stands on the screen, saved or not.
frappe.provide("escalation_mgmt");
{
	const text = (value) => frappe.utils.escape_html(String(value ?? ""));

	escalation_mgmt.show_taken = async (frm) => {
		frappe.dom.set_style(CSS, "escalation-lookback");
		const answer = await frappe
			.call({ method: "escalation_mgmt.api.plans.taken", args: { plan: frm.doc }, freeze: true })
			.then((done) => done, () => null); // why it was refused is shown already
		if (!answer?.message) return;
		const dialog = new frappe.ui.Dialog({
			title: __("Which tickets would this have taken?"),
			size: "extra-large",
			fields: [{ fieldname: "tickets", fieldtype: "HTML" }],
		});
		dialog.get_field("tickets").$wrapper.html(html(answer.message));
		dialog.show();
	};

	const headline = ({ taken, days, looked_at }) => {
		if (looked_at) return __("{0} of the newest {1} tickets that it asks for, out of the last {2} days", [taken, looked_at, days]);
		return taken === 1 ? __("One ticket of the last {0} days", [days]) : __("{0} tickets of the last {1} days", [taken, days]);
	};

	const html = (shown) => {
		const notes = [
			shown.forestalled && __("{0} more match, but a plan of a lower rank takes them first; they are marked.", [shown.forestalled]),
			shown.unreadable && __("{0} of them you may not read, and they are not listed.", [shown.unreadable]),
			shown.unlisted > shown.unreadable && __("The newest {0} are listed.", [shown.listed.length]),
		].filter(Boolean);
		const rows = shown.listed.map((ticket) => {
			const link = frappe.utils.get_form_link(shown.doctype, ticket.name);
			const by = ticket.by ? `<span class="escalation-by">${__("taken by {0}", [text(ticket.by)])}</span>` : "";
			return `<li class="${ticket.by ? "other" : ""}"><time>${text(frappe.datetime.str_to_user(ticket.at).replace(/:\d\d$/, ""))}</time>
				<span class="what"><a target="_blank" dir="auto" href="${text(link)}">${text(ticket.name)}: ${text(ticket.subject)}</a> ${by}</span>
				<span class="facts">${text(ticket.facts)}</span></li>`;
		});
		return `<div class="escalation-how-many">${headline(shown)}</div>
			${notes.map((note) => `<div>${note}</div>`).join("")}
			<ol class="escalation-taken">${rows.join("")}</ol>
			<div class="text-muted small">${__("By what the tickets say today: their priority, team, type or customer may have been another when they were logged. Plans are taken as they are now, and this one as if it were enabled. Whether a ticket was answered within the response window isn't asked; then it would have been taken, and nothing sent.")}</div>`;
	};

	const CSS = `
		.escalation-how-many { font-size: 16px; font-weight: 600; margin-bottom: 4px; }
		.escalation-taken { list-style: none; margin: 8px 0; padding: 0; }
		.escalation-taken li { display: grid; grid-template-columns: 140px minmax(0, 3fr) minmax(0, 1fr); gap: 8px; padding: 4px 0; border-top: 1px solid var(--border-color); }
		.escalation-taken time, .escalation-taken .facts, .escalation-by { color: var(--text-muted); font-variant-numeric: tabular-nums; }
		.escalation-taken a { text-decoration: underline; }
		.escalation-taken .what, .escalation-taken .facts { overflow-wrap: anywhere; }
		.escalation-taken .other a { color: var(--text-muted); }
		@media (max-width: 767px) {
			.escalation-taken li { grid-template-columns: minmax(0, 1fr); gap: 0; }
		}
	`;
}
