// A plan offers what the chosen ticket DocType has: its priorities, teams, types, and fields that hold users.
// In a block, because Desk evaluates the scripts of all forms in one scope.
{
	const { escaped, findings_html, findings_tone, Ladder, read, rehearse, show_taken } = escalation_mgmt;
	const WHICH = { User: "user", Team: "team", Role: "role", "User Field": "user_field", Address: "address", Endpoint: "endpoint" };

	const DISABLED = () => __("This plan is disabled: it takes no ticket. Rehearse it, then tick Enabled and save: you are told how many open tickets it takes.");

	frappe.ui.form.on("Escalation Plan", {
		setup(frm) {
			frm.set_query("reference_doctype", () => ({ filters: { istable: 0, issingle: 0 } }));
			frm.set_query("endpoint", "steps", () => ({ filters: { enabled: 1 } }));
			frm.escalation_ladder = new Ladder(frm);
		},

		// A plan takes tickets as soon as it is saved with this ticked: whoever writes one here ticks it when it is finished.
		onload(frm) {
			if (frm.is_new()) frm.doc.enabled = 0;
		},

		refresh(frm) {
			frm.get_field("steps").grid.update_docfield_property("whom", "formatter", whom_in_words);
			frm.events.offer_choices(frm);
			frm.events.say_what_would_fail(frm);
			frm.escalation_ladder.draw(true);
			if (frm.perm[0]?.write) frm.add_custom_button(__("Rehearse"), () => rehearse(frm));
		},

		async say_what_would_fail(frm) {
			frm.set_intro("");
			frm.escalation_findings = [];
			if (frm.is_new() || !frm.perm[0]?.write) return;
			if (!frm.doc.enabled) return frm.set_intro(DISABLED(), "blue");
			const findings = await read("escalation_mgmt.api.plans.findings", { plan: frm.doc.name });
			if (!findings?.length || frm.doc.name !== cur_frm?.doc.name) return;
			frm.escalation_findings = findings;
			frm.escalation_ladder.draw(true);
			frm.set_intro("");
			frm.set_intro(findings_html(findings), findings_tone(findings));
		},

		taken: (frm) => show_taken(frm),

		reference_doctype(frm) {
			frm.events.offer_choices(frm);
		},

		async offer_choices(frm) {
			const doctype = frm.doc.reference_doctype || "";
			const choices = await read("escalation_mgmt.api.plan_choices", { doctype });
			if (!choices || doctype !== (frm.doc.reference_doctype || "")) return;
			for (const field of ["team", "ticket_type", "customer", "agreement"]) {
				frm.set_df_property(field, "options", choices[field] || []);
				frm.get_field(field).set_data(choices[field] || []); // a box that is there already reads no options
			}
			offer_in_rows(frm, "priorities", "priority", choices.priority);
			offer_in_rows(frm, "steps", "method", choices.methods);
			offer_in_rows(frm, "steps", "team", choices.step_team);
			offer_in_rows(frm, "steps", "user_field", choices.user_field);
		},
	});

	const offer_in_rows = (frm, table, field, options) => {
		const { grid } = frm.get_field(table);
		grid.update_docfield_property(field, "options", options || []);
		grid.refresh();
	};

	// One column of the table says whom, and which of them.
	const whom_in_words = (value, _df, _options, row) => {
		const which = row && row[WHICH[value]];
		return escaped(which ? `${__(value)}: ${which}` : __(value || ""));
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
