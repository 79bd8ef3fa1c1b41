// In a block, because Desk evaluates the scripts of all forms in one scope.
{
	// Scheme, host and port: what may know a secret that was entered for this address.
	const origin = (address) => {
		try {
			return new URL(address).origin;
		} catch {
			return "";
		}
	};
	const STARS = /^\*+$/; // they stand for what was saved before

	// Take out what was saved for another host; what has been typed since stays.
	const take_out_secrets = (frm) => {
		const kept = ["secret", "previous_secret"].filter((field) => STARS.test(frm.doc[field] || ""));
		const rows = (frm.doc.headers || []).filter((row) => STARS.test(row.value || ""));
		for (const field of kept) frm.set_value(field, "");
		for (const row of rows) frappe.model.set_value(row.doctype, row.name, "value", "");
		if (!kept.length && !rows.length) return;
		frappe.show_alert({ message: __("The address goes to another host: enter its secrets anew."), indicator: "orange" }, 10);
	};

	frappe.ui.form.on("Escalation Endpoint", {
		refresh(frm) {
			if (frm.is_new()) take_out_secrets(frm); // a copy has none
			else if (!frm.is_dirty()) frm.secrets_are_for = origin(frm.doc.url);
		},

		url(frm) {
			if (origin(frm.doc.url) !== frm.secrets_are_for) take_out_secrets(frm);
		},
	});
}
