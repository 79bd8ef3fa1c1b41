frappe.listview_settings["Escalation Action Item"] = {
	add_fields: ["status", "stalled", "parked"],
	hide_name_column: true,
	get_indicator(doc) {
		if (doc.parked) return [__("Set Aside"), "red", "parked,is,set"];
		if (doc.stalled) return [__("Reaches Nobody"), "red", "stalled,=,1"];
		const colours = {
			Scheduled: "blue", Escalating: "red", Snoozed: "yellow", Acknowledged: "green", Resolved: "gray",
			Exhausted: "orange", Cancelled: "darkgrey",
		};
		return [__(doc.status), colours[doc.status], `status,=,${doc.status}`];
	},
};
