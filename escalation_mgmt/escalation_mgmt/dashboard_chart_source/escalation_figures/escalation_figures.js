frappe.provide("frappe.dashboards.chart_sources");

frappe.dashboards.chart_sources["Escalation Figures"] = {
	method: "escalation_mgmt.views.charts.get",
	filters: [
		{ fieldname: "plan", label: __("Plan"), fieldtype: "Link", options: "Escalation Plan" },
		{
			fieldname: "clock",
			label: __("Clock"),
			fieldtype: "Select",
			options: ["", ...["First Response", "Next Response", "Resolution"].map((value) => ({ value, label: __(value) }))],
		},
		{ fieldname: "priority", label: __("Priority"), fieldtype: "Data" },
		{ fieldname: "team", label: __("Team"), fieldtype: "Data" },
		{ fieldname: "customer", label: __("Customer"), fieldtype: "Data" },
	],
};
