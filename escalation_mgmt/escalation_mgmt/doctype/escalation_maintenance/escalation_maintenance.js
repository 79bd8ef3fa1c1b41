// In a block, because Desk evaluates the scripts of all forms in one scope.
{
	frappe.ui.form.on("Escalation Maintenance", {
		refresh(frm) {
			const now = frappe.datetime.now_datetime();
			const [starts, ends] = [frm.doc.starts_at, frm.doc.ends_at].map((at) => at?.slice(0, now.length)); // whole seconds
			const runs = !frm.is_new() && starts <= now && now < ends;
			frm.set_intro("");
			if (runs) frm.set_intro(__("This maintenance runs: no step of what it covers is run until it is over."), "orange");
			if (runs && frm.perm[0]?.write) {
				const ends = __("What it held goes on at once, starts over or is cancelled, as its plan says. End it now?");
				frm.add_custom_button(__("End Now"), () =>
					frappe.confirm(ends, async () => {
						await frm.call("end_now");
						frm.reload_doc();
					})
				);
			}
			if (frm.perm[0]?.write) frm.events.offer_choices(frm);
		},

		async offer_choices(frm) {
			const choices = await escalation_mgmt.read("escalation_mgmt.api.maintenance_choices");
			for (const field of ["team", "customer"]) frm.get_field(field).set_data(choices?.[field] || []);
		},
	});
}
