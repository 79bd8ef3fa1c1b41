frappe.query_reports["Escalation History"] = {
	...escalation_mgmt.report_with("Escalation History", [
		{
			fieldname: "status",
			label: __("Status"),
			fieldtype: "Select",
			options: ["", ...Object.keys(escalation_mgmt.ITEM_TONES).map((value) => ({ value, label: escalation_mgmt.item_status(value) }))],
		},
		{ fieldname: "ticket", label: __("Ticket"), fieldtype: "Data" },
		{ fieldname: "customer", label: __("Customer"), fieldtype: "Autocomplete" },
		{ fieldname: "acknowledged_by", label: __("Acknowledged By"), fieldtype: "Data" },
		{
			fieldname: "group_by",
			label: __("Group By"),
			fieldtype: "Select",
			options: [
				"",
				{ value: "plan", label: __("Plan") },
				{ value: "team", label: __("Team") },
				{ value: "person", label: __("Person") },
			],
		},
		{ fieldname: "columns", label: __("Columns"), fieldtype: "Select", options: ["", { value: "All", label: __("All Columns") }] },
		{ fieldname: "page", label: __("Page"), fieldtype: "Int" },
		...escalation_mgmt.of_messages(),
	]),
	formatter(value, row, column, data, default_formatter) {
		const shown = escalation_mgmt.figure(value, row, column, data, default_formatter);
		if (column.fieldname === "subject" && value) return escalation_mgmt.item_link(shown, data.action_item);
		if (column.fieldname === "group" && value) return `<b>${shown}</b>`;
		if (column.fieldname !== "outcome" || !value) return shown;
		const tone = escalation_mgmt.OUTCOME_TONES[data.state];
		return tone ? escalation_mgmt.pill(tone, shown) : shown;
	},
};
