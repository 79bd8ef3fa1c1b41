frappe.listview_settings["Escalation Contact"] = {
	add_fields: ["enabled", "mobile_no", "mobile_verified", "sms_stopped"],
	get_indicator(doc) {
		if (!doc.enabled) return [__("Switched Off"), "gray", "enabled,=,0"];
		if (doc.mobile_no && !doc.mobile_verified) return [__("Not Verified"), "orange", "mobile_verified,=,0"];
		if (doc.sms_stopped) return [__("Has Sent STOP"), "orange", "sms_stopped,=,1"];
		return [__("Ready"), "green", "enabled,=,1"];
	},
};
