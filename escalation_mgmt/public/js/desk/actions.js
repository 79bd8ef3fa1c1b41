// What people can do about an escalation, from the form of a ticket or of its action item.
import { escaped } from "./html";

const OPEN = 2; // of the actions stand open; the others are in a menu

// Buttons for the first of the actions that are offered, which are the most useful ones, and a menu of the others.
export const action_buttons = (actions) =>
	actions.length ? `<div class="escalation-actions">${actions.slice(0, OPEN).map(button).join("")}${menu(actions.slice(OPEN))}</div>` : "";

const button = ({ name, label }) => {
	const style = name === "acknowledge" ? "btn-primary escalation-acknowledge" : "btn-default";
	return `<button type="button" class="btn ${style}" data-action="${escaped(name)}">${escaped(label)}</button>`;
};

const menu = (actions) =>
	actions.length
		? `<div class="dropdown escalation-more">
			<button type="button" class="btn btn-default dropdown-toggle" data-toggle="dropdown" aria-haspopup="true" aria-expanded="false">${__("More")}</button>
			<div class="dropdown-menu">${actions.map(entry).join("")}</div>
		</div>`
		: "";

const entry = ({ name, label }) => `<button type="button" class="dropdown-item" data-action="${escaped(name)}">${escaped(label)}</button>`;

// Ask what the action wants to know, do it, and say what came of it.
export async function run_action(frm, action) {
	const escalation = frm.escalation; // not that of another ticket that is opened meanwhile
	const shown = escalation.state;
	const values = action.fields.length ? await ask(action) : {};
	const { done, message } = await escalation.act(action.name, values, shown);
	frappe.show_alert({ message: escaped(message), indicator: done ? "green" : "orange" }, 7);
}

const ask = (action) =>
	new Promise((resolve) => prompt(action.fields.map(field_of), resolve, action.label, action.label.replace("…", "")));

const field_of = (field) => ({
	fieldname: field.name,
	label: field.label,
	fieldtype: field.options.length ? "Select" : { datetime: "Datetime" }[field.kind] || "Small Text",
	options: field.options,
	default: field.default || field.options[0]?.value,
	reqd: field.optional ? 0 : 1,
});

// As frappe.prompt, without its animation: Bootstrap doesn't hide what is still fading in, so that the dialog of
// somebody who answers at once would stay in the way.
export function prompt(fields, answered, title, label) {
	const dialog = new frappe.ui.Dialog({
		animate: false,
		fields,
		title,
		primary_action_label: label,
		primary_action: (values) => {
			dialog.hide();
			answered(values);
		},
	});
	dialog.show();
}
