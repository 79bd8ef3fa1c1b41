// A row's figures open the tickets that they count, in this very report: its month, clock and phase, and what became of the deadlines.
const ESCALATION_OUTCOMES = { deadlines: "all", met: "met", missed: "missed", open: "open", unknown: "unknown" };
const ESCALATION_SLA = "SLA Effect";
let escalation_months; // the filters of the months that the tickets were opened from
let escalation_back; // the button that leads there

function escalation_sla_filters() {
	return [
		{ fieldname: "from_date", label: __("From"), fieldtype: "Date", default: moment(frappe.datetime.get_today()).subtract(12, "months").startOf("month").format("YYYY-MM-DD") },
		{ fieldname: "plan", label: __("Plan"), fieldtype: "Link", options: "Escalation Plan" }, // one that is there: its rules are asked
		{ fieldname: "reference_doctype", label: __("Ticket DocType"), fieldtype: "Autocomplete" },
		{
			fieldname: "tickets",
			label: __("Tickets"),
			fieldtype: "Select",
			options: [
				{ value: "", label: __("Figures by Month") },
				{ value: "all", label: __("All Tickets") },
				{ value: "met", label: __("Met") },
				{ value: "missed", label: __("Missed") },
				{ value: "open", label: __("Still Open") },
				{ value: "unknown", label: __("Not Known") },
			],
		},
		{
			fieldname: "phase",
			label: __("Before or Since"),
			fieldtype: "Select",
			depends_on: "eval:doc.tickets",
			options: [
				{ value: "", label: "" },
				{ value: "Before", label: __("Before") },
				{ value: "Enabled", label: __("Since") },
				{ value: "Disabled", label: __("While Disabled") },
				{ value: "Unknown", label: __("Not Known") },
			],
		},
		{ fieldname: "page", label: __("Page"), fieldtype: "Int", depends_on: "eval:doc.tickets" },
	];
}

function escalation_month(row, filters) {
	const month = moment(row.month, "YYYY-MM");
	const [first, last] = [month.format("YYYY-MM-DD"), month.endOf("month").format("YYYY-MM-DD")];
	return { ...escalation_mgmt.days_within(first, last, filters), clock: row.clock, phase: row.phase };
}

const escalation_sla = escalation_mgmt.report_with(ESCALATION_SLA, escalation_sla_filters(), ["priority", "team", "person"]);

frappe.query_reports[ESCALATION_SLA] = {
	...escalation_sla,
	onload(report) {
		escalation_sla.onload(report);
		report.page.main.on("click", ".escalation-tickets", (event) => {
			event.preventDefault();
			escalation_months = { from_date: null, to_date: null, clock: "", ...report.get_filter_values(), tickets: "", phase: "", page: null };
			report.set_filter_value({ ...JSON.parse(event.currentTarget.dataset.filters), page: null });
		});
		escalation_back = report.page.add_inner_button(__("Back to the Months"), () => {
			report.set_filter_value(escalation_months || { tickets: "", phase: "", page: null });
		});
	},
	after_datatable_render() {
		escalation_sla.after_datatable_render();
		escalation_back.toggle(Boolean(frappe.query_report.get_filter_value("tickets")));
	},
	formatter(value, row, column, data, default_formatter) {
		const shown = escalation_mgmt.figure(value, row, column, data, default_formatter);
		const tickets = ESCALATION_OUTCOMES[column.fieldname];
		if (!tickets || !value || !data.month) return shown;
		const filters = { ...escalation_month(data, frappe.query_report.get_filter_values()), tickets };
		return `<a href="#" class="escalation-tickets" data-filters="${frappe.utils.escape_html(JSON.stringify(filters))}">${shown}</a>`;
	},
};
