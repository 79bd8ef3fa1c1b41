// What each figure counts, as the history is asked for it; the method's name opens all of its messages.
const ESCALATION_MESSAGES = { label: "", pages: "", failing: "failed", led: "led", median: "led" };
for (const outcome of ["arrived", "taken", "unanswered", "unknown", "failed", "waiting", "withdrawn"]) ESCALATION_MESSAGES[outcome] = outcome;

frappe.query_reports["Method Effectiveness"] = {
	...escalation_mgmt.report_with("Method Effectiveness", [{ fieldname: "customer", label: __("Customer"), fieldtype: "Autocomplete" }]),
	formatter(value, row, column, data, default_formatter) {
		const shown = escalation_mgmt.figure(value, row, column, data, default_formatter);
		const outcome = ESCALATION_MESSAGES[column.fieldname];
		if (outcome === undefined || !value || !data.method) return shown;
		const behind = { method: data.method, provider: data.provider || escalation_mgmt.NONE, outcome };
		return escalation_mgmt.drill(shown, { ...frappe.query_report.get_filter_values(), ...behind });
	},
};
