// In a block, because Desk evaluates the scripts of all forms in one scope.
{
	frappe.ui.form.on("Escalation Maintenance", {
		refresh(frm) {
			const now = frappe.datetime.now_datetime();
			const [starts, ends] = [frm.doc.starts_at, frm.doc.ends_at].map((at) => at?.slice(0, now.length)); // whole seconds
			const runs = !frm.is_new() && starts <= now && now < ends;
			frm.set_intro("");
			if (runs) frm.set_intro(__("This maintenance runs: what it covers sends nothing until it is over."), "orange");
			if (runs && frm.perm[0]?.write) {
				frm.add_custom_button(__("End Now"), async () => {
					await frm.call("end_now");
					frm.reload_doc();
				});
			}
			if (frm.perm[0]?.write) frm.events.offer_choices(frm);
		},

		async offer_choices(frm) {
			const args = { doctype: "HD Ticket" };
			const { message } = await frappe.call({ method: "escalation_mgmt.api.plan_choices", args, type: "GET" });
			for (const field of ["team", "customer"]) frm.get_field(field).set_data(message?.[field] || []);
		},
	});
}
