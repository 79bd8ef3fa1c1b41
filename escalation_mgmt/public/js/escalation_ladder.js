// A plan's steps as a ladder of times, while they are written, and what is wrong with the plan as it stands.
// The times are the engine's: asked for whenever something was typed.
frappe.provide("escalation_mgmt");
{
	const text = (value) => frappe.utils.escape_html(String(value ?? ""));
	const PAUSE = 250; // milliseconds without a key

	escalation_mgmt.show_ladder = (frm) => {
		frappe.dom.set_style(CSS, "escalation-ladder");
		frm.escalation_ladder = new Ladder(frm);
	};

	class Ladder {
		constructor(frm) {
			this.frm = frm;
			this.$wrapper = frm.get_field("ladder").$wrapper;
			this.$wrapper.on("click", ".escalation-rung-step", (event) => this.edit(event.currentTarget.dataset.row));
			this.$wrapper.on("click", ".escalation-rehearse", () => escalation_mgmt.rehearse(frm));
			// Of a value that isn't taken over yet (a box is left only later) the keys are heard.
			this.draw_soon = frappe.utils.debounce(() => this.draw(), PAUSE);
			frm.layout.wrapper.on("input change", () => this.draw_soon());
			frappe.model.on("Escalation Plan", "*", () => this.draw_soon());
			frappe.model.on("Escalation Step", "*", () => this.draw_soon());
			for (const event of ["steps_add", "steps_remove", "steps_move"]) {
				frappe.ui.form.on("Escalation Step", event, () => this.draw_soon());
			}
		}

		edit(row) {
			const grid_row = this.frm.get_field("steps").grid.grid_rows[row - 1];
			if (grid_row && !frappe.ui.form.get_open_grid_form()) grid_row.toggle_view(true);
		}

		async draw(anew) {
			const frm = this.frm;
			if (cur_frm !== frm || !frm.perm[0]?.write) return;
			const plan = as_typed(frm);
			const asked = JSON.stringify(plan);
			if (asked === this.asked && !anew) return;
			this.asked = asked;
			const answer = await frappe
				.call({ method: "escalation_mgmt.api.plans.outline", args: { plan: asked }, silent: true })
				.then((done) => done, () => null);
			if (this.asked !== asked || !answer?.message) return;
			const { warnings, ...shown } = answer.message;
			const known = (frm.escalation_findings || []).map(({ problem }) => problem); // said at the top already
			const html = ladder_html({ ...shown, warnings: warnings.filter((warning) => !known.includes(warning)) });
			if (html !== this.html) this.$wrapper.html((this.html = html));
		}
	}

	// The document, and the box that somebody is typing into.
	const as_typed = (frm) => {
		const plan = JSON.parse(JSON.stringify(frm.doc));
		const box = document.activeElement;
		const field = box?.dataset?.fieldname;
		const $row = $(box).closest(".grid-row");
		const name = $row.attr("data-name");
		if (!field || !frm.layout.wrapper[0].contains(box)) return plan;
		if (!name) return typed_into(plan, frm.fields_dict[field]);
		const row = Object.values(plan.steps || []).find((each) => each.name === name);
		const grid_row = frm.get_field("steps").grid.grid_rows_by_docname[name];
		if (row && grid_row) typed_into(row, [grid_row.grid_form?.fields_dict[field], grid_row.on_grid_fields_dict?.[field]].find((control) => control?.input === box));
		return plan;
	};

	const typed_into = (doc, control) => {
		if (!control?.input || control.input !== document.activeElement) return doc;
		const said = control.get_input_value();
		const value = control.parse ? control.parse(said) : said;
		if (value !== null && ["Duration", "Int", "Data"].includes(control.df.fieldtype)) doc[control.df.fieldname] = value || (control.df.fieldtype === "Data" ? "" : 0);
		return doc;
	};

	const list_html = (lines, tone, title) =>
		lines.length
			? `<div class="escalation-check ${tone}"><b>${text(title)}</b><ul>${lines.map((line) => `<li>${text(line)}</li>`).join("")}</ul></div>`
			: "";

	const ladder_html = ({ counted, rungs, problems, warnings }) => {
		const lines = rungs.map(({ at, steps, line }) => {
			const inside = steps.length
				? steps.map((step) => `<button type="button" class="escalation-rung-step" data-row="${step.number}">${step.number}. ${text(step.line)}</button>`).join("")
				: `<span class="text-muted">${text(line)}</span>`;
			return `<li><time>${text(at)}</time><div>${inside}</div></li>`;
		});
		const ladder = lines.length
			? `<ol class="escalation-ladder">${lines.join("")}</ol><div class="text-muted small">${text(counted)}</div>`
			: `<div class="text-muted">${__("Add steps, and their times are shown here.")}</div>`;
		return `${ladder}
			<button type="button" class="btn btn-default escalation-rehearse">${__("Rehearse")}</button>
			${list_html(problems, "red", __("The plan can't be saved like this:"))}
			${list_html(warnings, "orange", __("This would go wrong:"))}`;
	};

	const CSS = `
		[data-fieldname="ladder"] { margin-bottom: 16px; }
		.escalation-ladder { list-style: none; margin: 0 0 8px; padding: 0; }
		.escalation-ladder li { display: grid; grid-template-columns: 88px minmax(0, 1fr); gap: 8px; padding: 2px 0 2px 12px; border-left: 3px solid var(--blue-500); line-height: 1.6; }
		.escalation-ladder time { text-align: right; font-weight: 600; font-variant-numeric: tabular-nums; }
		.escalation-ladder li > div { min-width: 0; overflow-wrap: anywhere; }
		.escalation-rung-step { display: block; border: 0; padding: 0; background: none; color: inherit; text-align: start; overflow-wrap: anywhere; }
		.escalation-rung-step:hover, .escalation-rung-step:focus-visible { text-decoration: underline; }
		.escalation-rehearse { display: none; }
		.escalation-check { margin-top: 12px; padding: 8px 12px; border-left: 4px solid; background: var(--subtle-fg, var(--bg-color)); overflow-wrap: anywhere; }
		.escalation-check.red { border-left-color: var(--red-500); }
		.escalation-check.orange { border-left-color: var(--orange-500); }
		.escalation-check ul { margin: 0; padding-inline-start: 20px; }
		@media (max-width: 767px) {
			.escalation-rehearse { display: block; width: 100%; min-height: 44px; margin-top: 12px; }
			.escalation-ladder li { grid-template-columns: 64px minmax(0, 1fr); padding: 6px 0 6px 4px; }
			.escalation-rung-step + .escalation-rung-step { margin-top: 12px; }
		}
	`;
}
