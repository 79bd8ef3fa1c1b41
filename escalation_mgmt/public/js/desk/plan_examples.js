// A new plan that begins as one of the examples: a copy, not saved yet.
import { escaped } from "./html";
import { read } from "./server";

const PLAN = "Escalation Plan";

export async function new_from_example() {
	const examples = await read("escalation_mgmt.api.plans.examples");
	const dialog = new frappe.ui.Dialog({ title: __("New from Example"), fields: [{ fieldname: "examples", fieldtype: "HTML" }] });
	const $list = dialog.get_field("examples").$wrapper;
	$list.html(examples.map(example_html).join("") || `<div class="text-muted">${__("There are none: Helpdesk isn't installed.")}</div>`);
	$list.on("click", ".escalation-example", ({ currentTarget }) => {
		dialog.hide();
		begin_as(examples[currentTarget.dataset.number]);
	});
	dialog.show();
	$list.find(".escalation-example").first().trigger("focus");
}

const example_html = ({ title, clock, steps }, number) =>
	`<button type="button" class="escalation-example" data-number="${number}"><b dir="auto">${escaped(title)}</b>
		<span>${escaped(__(clock || "First Response"))} · ${escaped(ways(steps))}</span></button>`;

const ways = (steps) => steps.map(({ wait, method, whom }) => [wait && __("after {0}", [frappe.utils.get_formatted_duration(wait)]), __("{0} to {1}", [__(method), __(whom)])].filter(Boolean).join(" ")).join(" · ");

// Desk's own way to a new document; the form says who owns it, and that it is disabled.
async function begin_as(example) {
	await frappe.model.with_doctype(PLAN);
	const plan = frappe.model.get_new_doc(PLAN);
	for (const [field, value] of Object.entries(example)) {
		if (!Array.isArray(value)) {
			plan[field] = value;
			continue;
		}
		frappe.model.clear_table(plan, field);
		for (const row of value) Object.assign(frappe.model.add_child(plan, field), row);
	}
	frappe.set_route("Form", PLAN, plan.name);
}
