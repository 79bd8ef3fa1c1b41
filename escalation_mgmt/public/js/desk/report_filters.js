// What our reports share: their filters, that remember what was chosen last, and the way from a figure to the rows behind it.

import { ask_quietly } from "./server";

// What was deleted since, or isn't among those that are offered, can be asked for: Desk would empty the filter, and all be shown. No link:
// Desk refuses one that leads nowhere, or to what the reader may not read, as managers may no DocType.
const OF_THE_PAST = { ignore_validation: 1 };
const SHARED = () => [
	{ fieldname: "from_date", label: __("From"), fieldtype: "Date", default: frappe.datetime.add_days(frappe.datetime.get_today(), -30) },
	{ fieldname: "to_date", label: __("To"), fieldtype: "Date", default: frappe.datetime.get_today() },
	{ fieldname: "plan", label: __("Plan"), fieldtype: "Autocomplete", ...OF_THE_PAST },
	{
		fieldname: "clock",
		label: __("Clock"),
		fieldtype: "Select",
		options: ["", ...["First Response", "Next Response", "Resolution"].map((value) => ({ value, label: __(value) }))],
	},
	{ fieldname: "priority", label: __("Priority"), fieldtype: "Autocomplete", ...OF_THE_PAST },
	{ fieldname: "team", label: __("Team"), fieldtype: "Autocomplete", ...OF_THE_PAST },
	{ fieldname: "person", label: __("Person"), fieldtype: "Autocomplete", ...OF_THE_PAST },
];
const FROM_THE_PAST = ["plan", "priority", "team", "customer", "reference_doctype"]; // those are offered that escalations had
const HISTORY = "Escalation History";

// Filters that only a way into the history sets: each is shown while it asks for something, and forgotten with the page.
const ON_THE_WAY = ["result", "hour", "step", "method", "provider", "outcome", "recipient"];
const when_set = (fieldname, label, more) => ({ fieldname, label, fieldtype: "Data", depends_on: `eval:doc.${fieldname}`, ...more });
export const of_messages = () => [
	when_set("result", __("Result"), {
		fieldtype: "Select",
		options: ["", { value: "Acknowledged", label: __("Acknowledged") }, { value: "Over", label: __("Acknowledged or Ended") }],
	}),
	when_set("hour", __("Hour of the Day")),
	when_set("step", __("Step")),
	when_set("method", __("Method")),
	when_set("provider", __("Provider")),
	when_set("outcome", __("What Became of It"), {
		fieldtype: "Select",
		options: ["", ...Object.entries(OUTCOMES()).map(([value, label]) => ({ value, label }))],
	}),
	when_set("recipient", __("Number, Address or Endpoint")),
];
const OUTCOMES = () => ({
	arrived: __("Arrived"),
	taken: __("Taken"),
	unanswered: __("Not Answered"),
	unknown: __("Unknown"),
	failed: __("Failed"),
	waiting: __("Waiting"),
	withdrawn: __("Withdrawn"),
	led: __("Led to an Acknowledgement"),
	woke: __("Sent to Somebody"),
});

// `name`: the report; `more`: filters of its own, one in place of a shared one of its name; `without`: shared ones that it has not.
// Returns what a report's script is made of.
export function report_with(name, more = [], without = []) {
	more = more.map((filter) => (filter.fieldtype === "Autocomplete" ? { ...filter, ...OF_THE_PAST } : filter));
	const own = Object.fromEntries(more.map((filter) => [filter.fieldname, filter]));
	const shared = SHARED().filter(({ fieldname }) => !without.includes(fieldname));
	const names = shared.map(({ fieldname }) => fieldname);
	return {
		filters: [...shared.map((filter) => own[filter.fieldname] || filter), ...more.filter(({ fieldname }) => !names.includes(fieldname))],
		onload(report) {
			offer_known(report);
			offer_people(report);
			recall(report, name);
			report.page.main.on("click", ".escalation-drill", (event) => {
				event.preventDefault();
				const { report: to, filters } = event.currentTarget.dataset;
				frappe.set_route("query-report", to, JSON.parse(filters));
			});
		},
		// Called with each answer that is shown: by then the filters are those that were wanted.
		after_datatable_render: () => remember(name),
	};
}

// What stands in a cell. No figure where there is none: Desk would say 0. Desk puts what stands in a column of text into HTML as it is; links it escapes itself.
export function figure(value, row, column, data, default_formatter) {
	if (value == null) return "";
	if (column.shown_as) return default_formatter(value, row, { ...column, fieldtype: column.shown_as }, data);
	const text = column.fieldtype === "Data" && typeof value === "string" ? escalation_mgmt.escaped(value) : value;
	return default_formatter(text, row, column, data);
}

// What is asked for where there is no plan, team or whoever acknowledged.
export const NONE = "–";

// The days from `first` to `last` (YYYY-MM-DD), of those that a report's filters ask for.
export function days_within(first, last, { from_date, to_date }) {
	return { from_date: from_date > first ? from_date : first, to_date: to_date && to_date < last ? to_date : last };
}

// Where no period was asked for, none is: the usual one of the other report would show fewer than were counted.
const ANEW = ["from_date", "to_date", "person", "acknowledged_by", "ticket"];

// A figure that opens the escalations that it counts. `filters`: the report's own, and those of the row. What the last way there
// asked for, this one doesn't.
export function drill(shown, filters, report = HISTORY) {
	const asked = { ...Object.fromEntries([...ANEW, ...ON_THE_WAY].map((field) => [field, ""])), ...filters };
	// Desk takes what begins so for a list; the space is nobody's name, and is forgotten.
	for (const [field, value] of Object.entries(asked)) if (String(value).startsWith("[")) asked[field] = ` ${value}`;
	const text = frappe.utils.escape_html(JSON.stringify(asked));
	return `<a href="#" class="escalation-drill" data-report="${report}" data-filters="${text}">${shown}</a>`;
}

export function item_link(shown, item) {
	return `<a href="${frappe.utils.get_form_link("Escalation Action Item", item)}">${shown}</a>`;
}

// Where something is changed: a document, or without a name the list of them.
export function place_link(shown, doctype, name) {
	const single = name === doctype; // that has its form where others have their list
	return `<a class="escalation-place" href="${frappe.utils.get_form_link(doctype, single ? "" : name).replace(/\/$/, "")}">${shown}</a>`;
}

function offer_known(report) {
	for (const field of FROM_THE_PAST) {
		const filter = report.get_filter(field, false);
		if (filter?.df.fieldtype !== "Autocomplete") continue;
		escalation_mgmt
			.call("frappe.desk.listview.get_group_by_count", { doctype: "Escalation Action Item", current_filters: "[]", field })
			.then((rows) => filter.set_data((rows || []).map((row) => row.name).filter(Boolean)));
	}
}

// Users are offered by name and address, as in a link, while somebody writes.
function offer_people(report) {
	const filter = report.get_filter("person", false);
	if (!filter) return;
	const said = {}; // of each what is looked for
	const offer = async () => {
		const found = await ask_quietly("frappe.desk.search.search_link", { doctype: "User", txt: filter.$input.val(), page_length: 20 });
		if (!found) return; // who may look for nobody writes an address
		const users = found.map(({ value, label, description }) => {
			const name = [label, description].filter((part) => part && part !== value).join(", ");
			said[value] = `${value} ${name}`.toLowerCase();
			return { value, label: value, description: escalation_mgmt.escaped(name) };
		});
		filter.set_data(users);
	};
	filter.awesomplete.filter = ({ value }, written) => (said[value] || "").includes(written.trim().toLowerCase());
	filter.$input.on("input", frappe.utils.debounce(offer, 300));
}

const key = (name) => `escalation_mgmt:report:${frappe.session.user}:${name}`;
const PASSING = ["from_date", "to_date", "page", "ticket", "show", "tickets", "phase", ...ON_THE_WAY]; // of a day, or of one question
const OF_ONE_FIGURE = ["show", ...ON_THE_WAY];

function remember(name) {
	const report = frappe.query_report;
	if (!report || report.report_name !== name) return;
	const chosen = report.get_filter_values();
	if (chosen.tickets || OF_ONE_FIGURE.some((field) => chosen[field])) return; // what stands behind one figure
	for (const field of PASSING) delete chosen[field];
	try {
		localStorage.setItem(key(name), JSON.stringify(chosen));
	} catch {
		// A browser that keeps nothing: the filters begin anew.
	}
}

// Unless somebody came with filters of their own; a number card says so by a word of Frappe's, for its period may be the usual one.
function recall(report, name) {
	if (report.ignore_prepared_report) return;
	if (OF_ONE_FIGURE.some((field) => report.get_filter(field, false)?.get_value())) return;
	const filters = (report.filters || []).filter((filter) => !PASSING.includes(filter.df.fieldname));
	if (filters.some((filter) => (filter.get_value() || "") !== (filter.df.default || ""))) return;
	let chosen;
	try {
		chosen = JSON.parse(localStorage.getItem(key(name))) || {};
	} catch {
		return;
	}
	for (const filter of filters) {
		const value = chosen[filter.df.fieldname];
		if (value) filter.set_input(value);
	}
}
