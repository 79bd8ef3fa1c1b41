frappe.listview_settings["Escalation Notification"] = {
	add_fields: ["status"],
	hide_name_column: true,
	get_indicator(doc) {
		return [__(doc.status), escalation_mgmt.MESSAGE_TONES[doc.status], `status,=,${doc.status}`];
	},
};
