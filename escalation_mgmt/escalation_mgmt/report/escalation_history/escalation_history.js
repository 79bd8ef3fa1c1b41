frappe.query_reports["Escalation History"] = {
	filters: [
		{ fieldname: "from_date", label: __("From"), fieldtype: "Date", default: frappe.datetime.add_days(frappe.datetime.get_today(), -30) },
		{ fieldname: "to_date", label: __("To"), fieldtype: "Date", default: frappe.datetime.get_today() },
		{ fieldname: "plan", label: __("Plan"), fieldtype: "Link", options: "Escalation Plan" },
		{
			fieldname: "clock",
			label: __("Clock"),
			fieldtype: "Select",
			options: ["", ...["First Response", "Next Response", "Resolution"].map((value) => ({ value, label: __(value) }))],
		},
		{ fieldname: "priority", label: __("Priority"), fieldtype: "Autocomplete" },
		{ fieldname: "team", label: __("Team"), fieldtype: "Autocomplete" },
		{ fieldname: "person", label: __("Person"), fieldtype: "Link", options: "User" },
		{
			fieldname: "status",
			label: __("Status"),
			fieldtype: "Select",
			options: ["", ...Object.keys(escalation_mgmt.ITEM_TONES).map((value) => ({ value, label: escalation_mgmt.item_status(value) }))],
		},
		{ fieldname: "ticket", label: __("Ticket"), fieldtype: "Data" },
	],
	// Priorities and teams are words of the tickets' DocTypes: those are offered that escalations had.
	onload(report) {
		for (const field of ["priority", "team"]) {
			escalation_mgmt
				.call("frappe.desk.listview.get_group_by_count", { doctype: "Escalation Action Item", current_filters: "[]", field })
				.then((rows) => report.get_filter(field).set_data((rows || []).map((row) => row.name).filter(Boolean)));
		}
	},
	formatter(value, row, column, data, default_formatter) {
		if (column.fieldtype === "Duration" && value == null) return ""; // Desk would say 0s of what didn't happen
		// Desk puts what stands in a column of text into HTML as it is; links it escapes itself.
		const text = column.fieldtype === "Data" && typeof value === "string" ? escalation_mgmt.escaped(value) : value;
		const shown = default_formatter(text, row, column, data);
		if (column.fieldname !== "outcome" || !value) return shown;
		const tone = escalation_mgmt.OUTCOME_TONES[data.state];
		return tone ? escalation_mgmt.pill(tone, shown) : shown;
	},
};
