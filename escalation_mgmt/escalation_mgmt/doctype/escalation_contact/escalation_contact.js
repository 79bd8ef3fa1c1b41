// A contact's number is verified, and its methods are tried. In a block, because Desk evaluates the scripts of all forms
// in one scope.
{
	const { escaped, is_manager, prompt } = escalation_mgmt;

	frappe.ui.form.on("Escalation Contact", {
		refresh(frm) {
			frm.set_df_property("time_zone", "options", Intl.supportedValuesOf("timeZone"));
			if (frm.is_new()) return;
			const mine = frm.doc.user === frappe.session.user;
			if (!mine && !is_manager()) return;
			if (frm.doc.mobile_no && !frm.doc.mobile_verified) {
				frm.add_custom_button(__("Verify the Mobile Number"), () => verify(frm)).addClass("btn-primary");
			}
			frm.add_custom_button(mine ? __("Send Me a Test") : __("Send a Test"), () => test(frm));
			frm.add_custom_button(__("Our Numbers as a Contact"), () =>
				window.open("/api/method/escalation_mgmt.api.contacts.vcard")
			);
		},
	});

	const call = (method, args) => escalation_mgmt.call(`escalation_mgmt.api.contacts.${method}`, args, { freeze: true });

	const tell = (good, message) => frappe.msgprint({ indicator: good ? "green" : "red", message: escaped(message) });

	const verify = async (frm) => {
		if (frm.is_dirty()) await frm.save();
		const contact = frm.doc.name;
		const sent = await call("send_code", { contact });
		if (!sent.sent) return tell(false, sent.message);
		await frm.reload_doc();
		prompt(
			[{ fieldname: "code", fieldtype: "Data", label: __("Code"), reqd: 1, description: escaped(sent.message) }],
			async ({ code }) => {
				const checked = await call("check_code", { contact, code });
				tell(checked.verified, checked.message);
				frm.reload_doc();
			},
			__("Enter the code that was sent to {0}", [frm.doc.mobile_no]),
			__("Verify")
		);
	};

	const test = async (frm) => {
		if (frm.is_dirty()) await frm.save();
		const contact = frm.doc.name;
		const ways = await call("ways", { contact });
		if (!ways.length) return tell(false, __("No method reaches this contact."));
		prompt(
			[{ fieldname: "method", fieldtype: "Select", label: __("Method"), options: ways, default: ways[0], reqd: 1 }],
			async ({ method }) => {
				const sent = await call("send_test", { contact, method });
				tell(sent.sent, sent.message);
			},
			__("Send a Test"),
			__("Send")
		);
	};
}
