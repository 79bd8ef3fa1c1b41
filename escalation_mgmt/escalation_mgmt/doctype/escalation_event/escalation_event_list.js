frappe.listview_settings["Escalation Event"] = {
	hide_name_column: true,
};
