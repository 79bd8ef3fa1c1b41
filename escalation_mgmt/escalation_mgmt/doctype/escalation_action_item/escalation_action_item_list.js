frappe.listview_settings["Escalation Action Item"] = {
	add_fields: ["status", "stalled", "parked"],
	hide_name_column: true,
	formatters: { status: (value) => escalation_mgmt.item_status(value) },
	get_indicator(doc) {
		if (doc.parked) return [__("Set Aside"), "red", "parked,is,set"];
		if (doc.stalled) return [__("Reaches Nobody"), "red", "stalled,=,1"];
		return [escalation_mgmt.item_status(doc.status), escalation_mgmt.ITEM_TONES[doc.status], `status,=,${doc.status}`];
	},
};
