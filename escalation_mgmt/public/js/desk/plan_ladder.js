// A plan's steps as a ladder of times, while they are written, and what is wrong with the plan as it stands.
// The times are the engine's: asked for whenever something was typed.
import { escaped } from "./html";
import { as_typed } from "./plan_as_typed";
import { rehearse } from "./plan_rehearsal";
import { call_or_null } from "./server";
import { learn_names } from "./step_target";

const PAUSE = 250; // milliseconds without a key
const STEP = "Escalation Step";

export class Ladder {
	constructor(frm) {
		this.frm = frm;
		this.$wrapper = frm.get_field("ladder").$wrapper.addClass("escalation-outline");
		this.$wrapper.on("click", ".escalation-rung-step", (event) => this.edit(event.currentTarget.dataset.row));
		this.$wrapper.on("click", ".escalation-rehearse", () => rehearse(frm));
		this.draw_soon = frappe.utils.debounce(() => this.draw(), PAUSE);
		this.watch();
	}

	// Whatever may change the ladder. Of a value that isn't taken over yet (a box is left only later) the keys are heard.
	watch() {
		this.frm.layout.wrapper.on("input change", () => this.draw_soon());
		for (const doctype of ["Escalation Plan", STEP]) frappe.model.on(doctype, "*", () => this.draw_soon());
		for (const event of ["steps_add", "steps_remove", "steps_move"]) frappe.ui.form.on(STEP, event, () => this.draw_soon());
	}

	edit(row) {
		const grid_row = this.frm.get_field("steps").grid.grid_rows[row - 1];
		if (grid_row && !frappe.ui.form.get_open_grid_form()) grid_row.toggle_view(true);
	}

	// `anew`: also where nothing was typed, for something else has changed.
	async draw(anew) {
		const frm = this.frm;
		if (cur_frm !== frm || !frm.perm[0]?.write) return;
		const plan = JSON.stringify(as_typed(frm));
		if (plan === this.asked && !anew) return;
		this.asked = plan;
		const outline = await call_or_null("escalation_mgmt.api.plans.outline", { plan }, { silent: true });
		if (this.asked !== plan || !outline) return;
		if (learn_names(outline.names)) for (const row of frm.get_field("steps").grid.grid_rows) row.refresh_field("whom");
		const html = ladder_html({ ...outline, warnings: this.unsaid(outline.warnings) });
		if (html !== this.html) this.$wrapper.html((this.html = html));
	}

	// The rest is said at the top of the form already.
	unsaid(warnings) {
		const said = (this.frm.escalation_findings || []).map(({ problem }) => problem);
		return warnings.filter((warning) => !said.includes(warning));
	}
}

const ladder_html = ({ counted, by_deadline, rungs, problems, warnings }) =>
	`${rungs.length ? rungs_html(rungs, counted, by_deadline) : `<div class="text-muted">${__("Add steps, and their times are shown here.")}</div>`}
	<button type="button" class="btn btn-default escalation-rehearse">${__("Rehearse")}</button>
	${check_html(problems, "red", __("The plan can't be saved like this:"))}
	${check_html(warnings, "orange", __("This would go wrong:"))}`;

// By a deadline its times are words, and stand above the steps.
const rungs_html = (rungs, counted, by_deadline) =>
	`<ol class="escalation-ladder ${by_deadline ? "by-deadline" : ""}">${rungs.map(rung_html).join("")}</ol><div class="text-muted small">${escaped(counted)}</div>`;

const rung_html = ({ at, steps, line }) => {
	const inside = steps.length ? steps.map(step_html).join("") : `<span class="text-muted">${escaped(line)}</span>`;
	return `<li><time>${escaped(at)}</time><div>${inside}</div></li>`;
};

const step_html = ({ number, line }) =>
	`<button type="button" class="escalation-rung-step" data-row="${number}">${number}. ${escaped(line)}</button>`;

const check_html = (lines, tone, title) =>
	lines.length
		? `<div class="escalation-check ${tone}"><b>${escaped(title)}</b><ul>${lines.map((line) => `<li>${escaped(line)}</li>`).join("")}</ul></div>`
		: "";
