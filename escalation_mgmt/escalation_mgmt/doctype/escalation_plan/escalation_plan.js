// A plan offers what the chosen ticket DocType has: its priorities, teams, types, and fields that hold users.
// In a block, because Desk evaluates the scripts of all forms in one scope.
{
	const { begin_step, enable, escaped, findings_html, findings_tone, follow_clock, keep_what_is_typed, Ladder, new_from_example, read, rehearse } = escalation_mgmt;
	const { ACT_TEXT, ACT_VALUE, acts_alone, register_step_target, row_in_words, SECOND, show_clock, show_priorities, show_taken, STEP_TARGET, WHICH } = escalation_mgmt;

	// A cell is short: all of it is read by pointing at it, and in the ladder.
	const whole = (words) => `<span title="${escaped(words)}">${escaped(words)}</span>`;

	const DISABLED = () =>
		`${__("This plan is disabled: it takes no ticket. Rehearse it, then enable it: you are told first how many open tickets it takes.")}
		<button type="button" class="btn btn-primary btn-sm escalation-enable">${__("Enable")}</button>`;

	frappe.ui.form.on("Escalation Plan", {
		setup(frm) {
			frm.set_query("reference_doctype", () => ({ filters: { istable: 0, issingle: 0 } }));
			frm.set_query("endpoint", "steps", () => ({ filters: { enabled: 1 } }));
			register_step_target();
			for (const table of ["steps", "priorities"]) keep_what_is_typed(frm.get_field(table).grid);
			frm.escalation_ladder = new Ladder(frm);
		},

		// A plan takes tickets as soon as it is saved with this ticked: whoever writes one here enables it when it is finished.
		onload(frm) {
			if (!frm.is_new()) return;
			frm.doc.enabled = 0;
			if (frappe.session.user !== "Administrator") frm.doc.plan_owner ||= frappe.session.user; // nobody sits there
		},

		refresh(frm) {
			const { grid } = frm.get_field("steps");
			grid.update_docfield_property("whom", "formatter", (_value, _df, _options, row) => whole(row_in_words(row)));
			for (const field of ["whom", `${SECOND}whom`]) grid.update_docfield_property(field, "fieldtype", STEP_TARGET);
			for (const field of Object.values(WHICH)) grid.update_docfield_property(SECOND + field, "hidden", 1); // one box asks for all
			show_clock(frm);
			frm.events.offer_choices(frm);
			frm.events.say_what_would_fail(frm);
			frm.escalation_ladder.draw(true);
			if (!frm.perm[0]?.write) return;
			frm.add_custom_button(__("Rehearse"), () => rehearse(frm));
			if (frm.is_new()) frm.add_custom_button(__("New from Example"), new_from_example);
			else if (!frm.doc.enabled) frm.add_custom_button(__("Enable"), () => enable(frm)).removeClass("btn-default").addClass("btn-primary");
		},

		async say_what_would_fail(frm) {
			frm.set_intro("");
			frm.escalation_findings = [];
			if (frm.is_new() || !frm.perm[0]?.write) return;
			if (!frm.doc.enabled) return frm.events.say_that_it_is_disabled(frm);
			const findings = await read("escalation_mgmt.api.plans.findings", { plan: frm.doc.name });
			if (!findings?.length || frm.doc.name !== cur_frm?.doc.name) return;
			frm.escalation_findings = findings;
			frm.escalation_ladder.draw(true);
			frm.set_intro("");
			frm.set_intro(findings_html(findings), findings_tone(findings));
		},

		say_that_it_is_disabled(frm) {
			frm.set_intro(DISABLED(), "blue");
			frm.layout.wrapper.find(".escalation-enable").on("click", () => enable(frm));
		},

		taken: (frm) => show_taken(frm),

		clock: (frm) => follow_clock(frm, frm.escalation_texts),

		reference_doctype(frm) {
			frm.events.offer_choices(frm);
		},

		async offer_choices(frm) {
			const doctype = frm.doc.reference_doctype || "";
			const choices = await read("escalation_mgmt.api.plan_choices", { doctype });
			if (!choices || doctype !== (frm.doc.reference_doctype || "")) return;
			frm.events.show_choices(frm, choices);
		},

		show_choices(frm, choices) {
			for (const field of ["team", "ticket_type", "customer", "agreement"]) {
				frm.set_df_property(field, "options", choices[field] || []);
				offer(frm.get_field(field), choices[field]);
			}
			offer_in_rows(frm, "priorities", { priority: choices.priority });
			show_priorities(frm, choices.priority);
			offer_in_rows(frm, "steps", {
				method: [...(choices.methods || []), ...(choices.acts || [])],
				...Object.fromEntries(Object.values(ACT_VALUE).map((field) => [field, choices[field]])),
				team: choices.step_team,
				user_field: choices.user_field,
				only_if_priority: choices.priority,
			});
			frm.escalation_proposed = choices.proposed;
			frm.escalation_texts = choices.texts;
			frm.escalation_to_endpoints = choices.to_endpoints;
			begin_steps(frm);
		},
	});

	// The first row of a new plan is there before its methods are known, as is one that is added at once.
	const begin_steps = (frm) => {
		const begun = (frm.doc.steps || []).filter((step) => !step.method);
		if (!begun.length) return; // and somebody may be typing
		for (const step of begun) begin_step(frm.doc.steps, step, frm.escalation_proposed);
		frm.get_field("steps").grid.refresh();
		frm.escalation_ladder.draw_soon();
	};

	// A box that is there already reads no options: somebody may have typed into it before they were known.
	const offer = (box, options) => box?.set_data?.(options || []);

	// By field of the table's rows, what its boxes offer.
	const offer_in_rows = (frm, table, choices) => {
		const { grid } = frm.get_field(table);
		for (const [field, options] of Object.entries(choices)) grid.update_docfield_property(field, "options", options || []);
		grid.refresh();
		for (const row of grid.grid_rows)
			for (const [field, options] of Object.entries(choices)) {
				offer(row.on_grid_fields_dict?.[field], options);
				offer(row.grid_form?.fields_dict[field], options);
			}
	};

	const TARGET = ["whom", ...new Set(Object.values(WHICH))];
	const ONLY_IF = ["only_if_hours", "only_if_priority", "only_if_condition"];
	const IN_WORDS = [...TARGET, ...TARGET.map((field) => SECOND + field), ...ONLY_IF];
	const redraw = (frm, _cdt, cdn) => frm.get_field("steps").grid.get_row(cdn)?.refresh_field("whom");

	frappe.ui.form.on("Escalation Step", {
		steps_add(frm, cdt, cdn) {
			begin_step(frm.doc.steps, locals[cdt][cdn], frm.escalation_proposed);
			const row = frm.get_field("steps").grid.get_row(cdn);
			for (const field of ["wait", "method", "whom"]) row?.refresh_field(field);
		},

		async method(frm, cdt, cdn) {
			const step = locals[cdt][cdn];
			const row = frm.get_field("steps").grid.get_row(cdn);
			row?.refresh_field("whom");
			if (acts_alone(step) && step.whom !== "Assignee") await frappe.model.set_value(cdt, cdn, "whom", "Assignee");
			if (ACT_TEXT.includes(step.method) && !step.message) row?.toggle_view(true); // what it says
			if (!(frm.escalation_to_endpoints || []).includes(step.method)) {
				if (step.method && step.whom === "Endpoint") frappe.model.set_value(cdt, cdn, "whom", "Assignee");
				if (step.method && step.second_whom === "Endpoint") frappe.model.set_value(cdt, cdn, "second_whom", "");
				return;
			}
			if (step.second_whom && step.second_whom !== "Endpoint") frappe.model.set_value(cdt, cdn, "second_whom", "");
			if (step.whom === "Endpoint" && step.endpoint) return;
			await frappe.model.set_value(cdt, cdn, "whom", "Endpoint");
			frm.get_field("steps").grid.get_row(cdn)?.on_grid_fields_dict.whom?.$input?.trigger("focus"); // which one
		},

		...Object.fromEntries([...IN_WORDS, "message", ...Object.values(ACT_VALUE)].map((field) => [field, redraw])),
	});
}
