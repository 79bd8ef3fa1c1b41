frappe.query_reports["Method Effectiveness"] = {
	...escalation_mgmt.report_with("Method Effectiveness", [{ fieldname: "customer", label: __("Customer"), fieldtype: "Autocomplete" }]),
	formatter(value, row, column, data, default_formatter) {
		return escalation_mgmt.figure(value, row, column, data, default_formatter);
	},
};
