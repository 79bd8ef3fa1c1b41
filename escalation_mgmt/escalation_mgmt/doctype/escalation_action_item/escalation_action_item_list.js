frappe.listview_settings["Escalation Action Item"] = {
	add_fields: ["status", "stalled", "parked", "held_utc", "priority_level"],
	hide_name_column: true,
	formatters: { status: (value) => escalation_mgmt.item_status(value), ...escalation_mgmt.ITEM_FORMATTERS },
	onload(list) {
		escalation_mgmt.offer_after_restore(list);
		escalation_mgmt.extend_item_list(list);
	},
	before_render: () => escalation_mgmt.sort_items(cur_list),
	refresh: (list) => escalation_mgmt.ask_items(list),
	get_indicator(doc) {
		if (doc.held_utc) return [__("Held after a Restore"), "orange", "held_utc,is,set"];
		if (doc.parked) return [__("Set Aside"), "red", "parked,is,set"];
		if (doc.stalled) return [__("Reaches Nobody"), "red", "stalled,=,1"];
		return [escalation_mgmt.item_status(doc.status), escalation_mgmt.ITEM_TONES[doc.status], `status,=,${doc.status}`];
	},
};
