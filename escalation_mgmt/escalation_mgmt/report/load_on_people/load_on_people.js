frappe.query_reports["Load on People"] = {
	...escalation_mgmt.report_with("Load on People", [{ fieldname: "customer", label: __("Customer"), fieldtype: "Autocomplete" }]),
	formatter(value, row, column, data, default_formatter) {
		const shown = escalation_mgmt.figure(value, row, column, data, default_formatter);
		if (column.fieldname !== "name" || !data.user) return shown;
		return escalation_mgmt.drill(shown, { ...frappe.query_report.get_filter_values(), person: data.user, outcome: "woke" });
	},
};
