frappe.listview_settings["Escalation Plan"] = {
	add_fields: ["enabled"],
	hide_name_column: true,
	onload(list) {
		if (frappe.model.can_create("Escalation Plan")) list.page.add_inner_button(__("New from Example"), () => escalation_mgmt.new_from_example());
	},
	get_indicator(doc) {
		return doc.enabled ? [__("Enabled"), "green", "enabled,=,1"] : [__("Disabled"), "gray", "enabled,=,0"];
	},
};
