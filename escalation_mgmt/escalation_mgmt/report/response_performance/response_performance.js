// The filter of the history behind each group; an hour of the day is none of its filters.
const ESCALATION_DRILLS = { plan: "plan", clock: "clock", priority: "priority", team: "team", customer: "customer", person: "acknowledged_by" };

frappe.query_reports["Response Performance"] = {
	...escalation_mgmt.report_with("Response Performance", [
		{ fieldname: "customer", label: __("Customer"), fieldtype: "Autocomplete" },
		{
			fieldname: "group_by",
			label: __("Group By"),
			fieldtype: "Select",
			default: "plan",
			options: [
				{ value: "plan", label: __("Plan") },
				{ value: "clock", label: __("Clock") },
				{ value: "priority", label: __("Priority") },
				{ value: "team", label: __("Team") },
				{ value: "customer", label: __("Customer") },
				{ value: "person", label: __("Acknowledged By") },
				{ value: "hour", label: __("Hour of the Day") },
				{ value: "week", label: __("Week") },
				{ value: "month", label: __("Month") },
			],
		},
	]),
	formatter(value, row, column, data, default_formatter) {
		const shown = escalation_mgmt.figure(value, row, column, data, default_formatter);
		const { group_by, ...filters } = frappe.query_report.get_filter_values();
		const behind = ESCALATION_DRILLS[group_by || "plan"];
		if (column.fieldname !== "label" || !data.key || !behind) return shown;
		return escalation_mgmt.drill(shown, { ...filters, [behind]: data.key });
	},
};
