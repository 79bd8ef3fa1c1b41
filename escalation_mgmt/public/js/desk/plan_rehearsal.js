// The rehearsal of a plan, as it stands on the screen: on a ticket that is made up or exists, as if people did this or that.
import { show_chips } from "./chips";
import { escaped } from "./html";
import { rehearsal_timeline } from "./rehearsal_timeline";
import { call_or_null, read } from "./server";

const PAUSE = 200; // milliseconds after a change
const NOW = "now";
const BY_DEADLINE = ["At the Deadline", "Before the Deadline", "At a Percentage of the Time"];
const TICKET_FIELDS = ["priority", "team", "ticket_type"];

export async function rehearse(frm) {
	const choices = await read("escalation_mgmt.api.plan_choices", { doctype: frm.doc.reference_doctype || "" });
	new Rehearsal(frm, choices || {}).show();
}

class Rehearsal {
	constructor(frm, choices) {
		this.frm = frm;
		this.asked = 0; // so that of several answers the newest is shown
		this.dialog = new frappe.ui.Dialog({
			title: __("Rehearse {0}", [frappe.ellipsis(frm.doc.title || __("the plan"), 40)]),
			size: "extra-large",
			fields: fields(frm.doc, choices, () => this.show_soon()),
			primary_action_label: __("Rehearse Again"),
			primary_action: () => this.show(),
		});
	}

	show_soon() {
		clearTimeout(this.waiting);
		this.waiting = setTimeout(() => this.show(), PAUSE);
	}

	async show() {
		const number = ++this.asked;
		const given = this.dialog.get_values(true) || {};
		this.show_times(given.at || NOW);
		const found = await call_or_null("escalation_mgmt.api.plans.rehearse", { plan: this.frm.doc, ...as_asked(given) });
		if (!found || number !== this.asked) return;
		this.dialog.get_field("timeline").$wrapper.html(rehearsal_timeline(found));
		if (!this.shown) this.dialog.show();
		this.shown = true;
	}

	show_times(at) {
		const chips = times().map(({ value, label }) => ({ value, label, pressed: value.toLowerCase() === at.trim().toLowerCase() }));
		show_chips(this.dialog.get_field("times").$wrapper, chips, __("Starts"), (value) => this.dialog.set_value("at", value));
	}
}

// When a plan shows what it is worth, as `rehearsal.start` understands it.
const times = () => [
	{ value: NOW, label: __("Now") },
	{ value: "Friday 17:50", label: __("Friday 17:50") },
	{ value: "Tonight 3:00", label: __("Tonight 3:00") },
];

// The dialog's values as the server takes them.
function as_asked(given) {
	const answered = given.response === "answered";
	return {
		ticket: given.ticket || "",
		hypothetical: Object.fromEntries([...TICKET_FIELDS, "assignee", "unassigned", "deadline_in"].map((field) => [field, given[field] || ""])),
		at: given.at || "",
		to_message: acknowledges(given) ? given.to_message || 1 : 0,
		everyone: given.response === "everyone" ? 1 : 0,
		delay: answered ? 0 : given.after || 0,
		answered_after: answered ? given.after || 60 : 0,
	};
}

const acknowledges = ({ response }) => ["message", "everyone"].includes(response);

// Of the dialog. Whatever is changed, `change` is called.
const fields = (plan, choices, change) => [
	...start_fields(change),
	{ fieldtype: "Column Break" },
	...response_fields(plan, change),
	{ fieldtype: "Section Break", label: __("The Ticket"), collapsible: 1 },
	...ticket_fields(plan, choices, change),
	{ fieldtype: "Section Break" },
	{ fieldname: "timeline", fieldtype: "HTML" },
];

const start_fields = (change) => {
	const zone = frappe.boot.time_zone?.system || frappe.boot.sysdefaults?.time_zone || __("the site's time zone");
	const description = __("now, Friday 17:50, or 2030-11-22 17:50; in {0}.", [escaped(zone)]);
	return [
		{ fieldname: "at", fieldtype: "Data", label: __("Starts"), default: NOW, description, change },
		{ fieldname: "times", fieldtype: "HTML" },
	];
};

const response_fields = (plan, change) => [
	{ fieldname: "response", fieldtype: "Select", label: __("What People Do"), options: responses(plan), default: "never", change },
	{ fieldtype: "Column Break" },
	{ fieldname: "to_message", fieldtype: "Int", label: __("Which Message"), default: 1, depends_on: "eval:['message', 'everyone'].includes(doc.response)", change },
	{ fieldname: "after", fieldtype: "Duration", label: __("How Long After"), depends_on: "eval:doc.response !== 'never'", change },
];

const responses = ({ clock }) => [
	{ value: "never", label: __("Nobody acknowledges") },
	{ value: "message", label: __("A message is acknowledged") },
	{ value: "everyone", label: __("All acknowledge, from a message on") },
	{ value: "answered", label: clock === "Resolution" ? __("The ticket is resolved") : __("An agent replies") },
];

// An existing ticket, or a hypothetical one: its values are those that its DocType offers.
const ticket_fields = (plan, choices, change) => {
	const doctype = plan.reference_doctype;
	const hypothetical = { depends_on: "eval:!doc.ticket", change };
	const labels = { priority: __("Priority"), team: __("Team"), ticket_type: __("Type") };
	const offered = TICKET_FIELDS.filter((field) => choices[field]?.length);
	return [
		{ fieldname: "ticket", fieldtype: "Link", options: doctype, label: __("Existing Ticket"), description: __("Empty: one that is made up, as the plan takes it."), change, only_select: 1 },
		...deadline_fields(plan, change),
		{ fieldname: "assignee", fieldtype: "Link", options: "User", label: __("Assigned To"), description: __("Empty: somebody who stands in, as is said below."), only_select: 1, ...hypothetical },
		{ fieldname: "unassigned", fieldtype: "Check", label: __("Assigned to nobody"), depends_on: "eval:!doc.ticket && !doc.assignee", change },
		{ fieldtype: "Column Break" },
		...offered.map((field) => ({ fieldname: field, fieldtype: "Select", label: labels[field], options: ["", ...choices[field]], ...hypothetical })),
	];
};

// Of one that is made up, where the plan starts by a deadline that the ticket has.
const deadline_fields = ({ clock, start }, change) => {
	if (clock === "Next Response" || !BY_DEADLINE.includes(start)) return [];
	const label = clock === "Resolution" ? __("Time until Its Resolution Deadline") : __("Time until Its Response Deadline");
	return [{ fieldname: "deadline_in", fieldtype: "Duration", label, description: __("Empty: as the usual agreement has it."), depends_on: "eval:!doc.ticket", change }];
};
