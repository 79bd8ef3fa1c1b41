// A plan offers what the chosen ticket DocType has: its priorities, teams, types, and fields that hold users.
// In a block, because Desk evaluates the scripts of all forms in one scope.
{
	const WHICH = { User: "user", Team: "team", Role: "role", "User Field": "user_field", Address: "address", Endpoint: "endpoint" };

	frappe.ui.form.on("Escalation Plan", {
		setup(frm) {
			frm.set_query("reference_doctype", () => ({ filters: { istable: 0, issingle: 0 } }));
			frm.set_query("endpoint", "steps", () => ({ filters: { enabled: 1 } }));
			escalation_mgmt.show_ladder(frm);
		},

		refresh(frm) {
			frm.get_field("steps").grid.update_docfield_property("whom", "formatter", whom_in_words);
			frm.events.offer_choices(frm);
			frm.events.say_what_would_fail(frm);
			frm.escalation_ladder.draw(true);
			if (frm.perm[0]?.write) frm.add_custom_button(__("Rehearse"), () => escalation_mgmt.rehearse(frm));
		},

		async say_what_would_fail(frm) {
			frm.set_intro("");
			frm.escalation_findings = [];
			if (frm.is_new() || !frm.perm[0]?.write) return;
			const { message } = await frappe.call({
				method: "escalation_mgmt.api.plans.findings",
				args: { plan: frm.doc.name },
				type: "GET",
			});
			if (!message?.length || frm.doc.name !== cur_frm?.doc.name) return;
			frm.escalation_findings = message;
			frm.escalation_ladder.draw(true);
			frm.set_intro("");
			frm.set_intro(`<b>${__("This would go wrong:")}</b>${escalation_mgmt.findings_html(message)}`, "red");
		},

		taken(frm) {
			escalation_mgmt.show_taken(frm);
		},

		reference_doctype(frm) {
			frm.events.offer_choices(frm);
		},

		async offer_choices(frm) {
			const doctype = frm.doc.reference_doctype || "";
			const { message } = await frappe.call({
				method: "escalation_mgmt.api.plan_choices",
				args: { doctype },
				type: "GET",
			});
			if (!message || doctype !== (frm.doc.reference_doctype || "")) return;
			for (const field of ["team", "ticket_type", "customer", "agreement"]) {
				frm.set_df_property(field, "options", message[field] || []);
				frm.get_field(field).set_data(message[field] || []); // a box that is there already reads no options
			}
			const in_rows = (table, field, choices) => {
				const grid = frm.get_field(table).grid;
				grid.update_docfield_property(field, "options", choices || []);
				grid.refresh();
			};
			in_rows("priorities", "priority", message.priority);
			in_rows("steps", "method", message.methods);
			in_rows("steps", "team", message.step_team);
			in_rows("steps", "user_field", message.user_field);
		},
	});

	// One column of the table says whom, and which of them.
	const whom_in_words = (value, _df, _options, row) => {
		const which = row && row[WHICH[value]];
		return frappe.utils.escape_html(which ? `${__(value)}: ${which}` : __(value || ""));
	};

	const redraw = (frm, _cdt, cdn) => frm.get_field("steps").grid.get_row(cdn)?.refresh_field("whom");

	frappe.ui.form.on("Escalation Step", {
		method(frm, cdt, cdn) {
			const step = locals[cdt][cdn];
			if (step.method === "HTTP POST") frappe.model.set_value(cdt, cdn, "whom", "Endpoint");
			else if (step.method && step.whom === "Endpoint") frappe.model.set_value(cdt, cdn, "whom", "Assignee");
		},

		// Which user, team, endpoint ... is asked in the row's own form, so that form opens.
		whom(frm, cdt, cdn) {
			const field = WHICH[locals[cdt][cdn].whom];
			const row = frm.get_field("steps").grid.get_row(cdn);
			if (!field || locals[cdt][cdn][field] || !row || frappe.ui.form.get_open_grid_form()) return;
			// Later than Frappe, which goes to the first field after half a second.
			row.toggle_view(true, () => setTimeout(() => row.grid_form?.fields_dict[field]?.$input?.focus(), 550));
		},

		...Object.fromEntries(Object.values(WHICH).map((field) => [field, redraw])),
	});
}
