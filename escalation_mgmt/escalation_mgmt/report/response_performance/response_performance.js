// The filter of the history behind each group; weeks and months are its period.
const ESCALATION_DRILLS = { plan: "plan", clock: "clock", priority: "priority", team: "team", customer: "customer", person: "acknowledged_by", hour: "hour" };

function escalation_behind({ key }, { group_by, ...filters }) {
	const first = moment(group_by === "month" ? `${key}-01` : key);
	if (group_by === "month" || group_by === "week") {
		const last = group_by === "month" ? first.clone().endOf("month") : first.clone().add(6, "days");
		return { ...filters, ...escalation_mgmt.days_within(first.format("YYYY-MM-DD"), last.format("YYYY-MM-DD"), filters) };
	}
	return { ...filters, [ESCALATION_DRILLS[group_by || "plan"]]: key || escalation_mgmt.NONE };
}

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
		if (column.fieldname !== "label" || !("key" in data)) return shown; // no line of Frappe's own
		return escalation_mgmt.drill(shown, escalation_behind(data, frappe.query_report.get_filter_values()));
	},
};
