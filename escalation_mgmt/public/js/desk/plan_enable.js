// Enabling a plan: what it takes now, what would go wrong, and its rehearsal, before it is done.
import { escaped } from "./html";
import { ticket_html } from "./plan_lookback";
import { rehearsal_timeline } from "./rehearsal_timeline";
import { findings_html, findings_tone } from "./remedies";
import { call_or_null, read } from "./server";

export async function enable(frm) {
	if (frm.is_dirty()) await frm.save();
	if (frm.is_dirty()) return; // it was refused, and Desk has said why
	const found = await read("escalation_mgmt.api.plans.before_enabling", { plan: frm.doc.name }, { freeze: true });
	const dialog = new frappe.ui.Dialog({
		title: __("Enable {0}", [frappe.ellipsis(frm.doc.title, 40)]),
		size: "extra-large",
		fields: [{ fieldname: "means", fieldtype: "HTML" }],
		primary_action_label: __("Enable"),
		primary_action: () => enabled(frm, dialog),
	});
	dialog.get_field("means").$wrapper.html(means_html(found));
	if (found.problems.length) dialog.get_primary_btn().addClass("hide");
	dialog.show();
	dialog.get_primary_btn().trigger("focus");
}

async function enabled(frm, dialog) {
	dialog.hide();
	const done = await call_or_null("escalation_mgmt.api.plans.enable", { plan: frm.doc.name, modified: frm.doc.modified }, { freeze: true });
	await frm.reload_doc();
	if (done !== null) frappe.show_alert({ message: __("The plan is enabled."), indicator: "green" });
}

const means_html = (found) => (found.problems.length ? refused_html(found.problems) : `${taken_html(found)}${wrong_html(found.findings)}${rehearsal_html(found)}`);

const refused_html = (problems) =>
	`<div class="escalation-check red"><b>${__("The plan can't be enabled like this:")}</b><ul>${problems.map((line) => `<li>${escaped(line)}</li>`).join("")}</ul></div>`;

const taken_html = ({ said, taken, doctype, listed }) =>
	`<div class="escalation-how-many">${escaped(said || __("No open ticket is taken."))} <span class="text-muted">${__("It takes tickets that are logged from now on.")}</span></div>
	${listed.length ? `<ol class="escalation-taken">${listed.map((ticket) => ticket_html(doctype, ticket)).join("")}</ol>` : ""}
	${taken > listed.length && listed.length ? `<div class="text-muted">${__("The first {0} are listed.", [listed.length])}</div>` : ""}`;

const wrong_html = (findings) => (findings.length ? `<div class="escalation-check ${findings_tone(findings)}">${findings_html(findings)}</div>` : "");

const rehearsal_html = ({ rehearsal }) => `<h5 class="escalation-heading">${__("What it does with a ticket from now on")}</h5>${rehearsal_timeline(rehearsal)}`;
