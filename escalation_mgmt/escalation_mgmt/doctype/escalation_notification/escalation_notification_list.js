frappe.listview_settings["Escalation Notification"] = {
	add_fields: ["status"],
	hide_name_column: true,
	get_indicator(doc) {
		const colours = {
			Queued: "gray", Sending: "blue", Sent: "green", Delivered: "green", Answered: "green", "Not Answered": "orange", Failed: "red", Unknown: "orange", Withdrawn: "gray",
		};
		return [__(doc.status), colours[doc.status], `status,=,${doc.status}`];
	},
};
