frappe.ui.form.on("Escalation Calendar", {
	refresh(frm) {
		frm.set_df_property("time_zone", "options", Intl.supportedValuesOf("timeZone"));
	},
});
