frappe.query_reports["What to Improve"] = {
	...escalation_mgmt.report_with("What to Improve", [
		{ fieldname: "customer", label: __("Customer"), fieldtype: "Autocomplete" },
		{ fieldname: "smallest", label: __("Smallest Count"), fieldtype: "Int" },
		{
			fieldname: "show",
			label: __("Show"),
			fieldtype: "Select",
			options: [
				{ value: "", label: __("Findings") },
				{ value: "Tickets", label: __("Tickets That No Plan Took") },
			],
		},
		{ fieldname: "reference_doctype", label: __("Ticket DocType"), fieldtype: "Data", depends_on: "eval:doc.show" },
	]),
	formatter(value, row, column, data, default_formatter) {
		const shown = escalation_mgmt.figure(value, row, column, data, default_formatter);
		if (column.fieldname === "where" && data.place_doctype) return escalation_mgmt.place_link(shown, data.place_doctype, data.place);
		if (!["finding", "times"].includes(column.fieldname) || !data.behind) return shown;
		const behind = JSON.parse(data.behind);
		const { smallest, show, ...filters } = frappe.query_report.get_filter_values();
		return escalation_mgmt.drill(shown, { ...filters, ...behind }, behind.show ? "What to Improve" : undefined);
	},
};
