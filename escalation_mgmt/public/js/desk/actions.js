// What people can do about an escalation, from the form of a ticket or of its action item.
import { likely_people, other_people, Preview } from "../ticket_parts";
import { escaped } from "./html";

const OPEN = 2; // of the actions stand open; the others are in a menu
const LIKELY = "escalation_likely"; // the place of the buttons of people

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

// Ask what the action wants to know, do it, and say what came of it. Whoever asked stands where they stood then: in `$of`, which
// holds what was `shown` of the escalation that it is about.
export async function run_action(frm, action, shown = frm.escalation.state, $of = $(frm.wrapper)) {
	const escalation = frm.escalation; // not that of another ticket that is opened meanwhile
	const from_menu = Boolean(document.activeElement?.closest(".escalation-more"));
	let known = shown;
	const act = async (values) => {
		const said = await escalation.act(action.name, values, known);
		known = escalation.told(known, said);
		return said;
	};
	const said = await (action.fields.length ? ask(escalation, action, shown, act) : act({}));
	if (said) {
		frappe.show_alert({ message: escaped(said.message), indicator: said.done ? "green" : "orange" }, 7);
		say(said.message);
	}
	stand($of, action.name, from_menu);
}

// What Desk's alerts show isn't spoken by them.
function say(message) {
	let speaker = document.querySelector("body > .escalation-said");
	if (!speaker) speaker = $('<div class="sr-only escalation-said" role="alert"></div>').appendTo("body").get(0);
	speaker.textContent = "";
	setTimeout(() => (speaker.textContent = message), 50); // what is the same is spoken again
}

// By keys somebody goes on from the action, or from the menu that they opened; where it isn't offered any more, from the first.
function stand($of, name, from_menu) {
	if (![null, document.body].includes(document.activeElement)) return; // they have gone elsewhere
	const $actions = $of.find(".escalation-actions:visible");
	const $at = $actions.find(from_menu ? ".escalation-more > button" : `> [data-action="${name}"]`);
	($at.length ? $at : $actions.find("button:visible")).first().trigger("focus");
}

// What came of it; null where it was thought better of. Where it is refused the dialog stays, and says why: what was written isn't lost.
const ask = (escalation, action, shown, act) =>
	new Promise((resolve) => {
		const title = action.label.replace("…", "");
		const $refused = $('<div class="escalation-refused" role="alert"></div>');
		let [open, answer] = [true, null];
		const answered = async (values) => {
			if (answer) return; // it is under way
			$refused.text("");
			const { done, message } = await (answer = act(values));
			if (!open) return;
			if (done) return dialog.hide();
			answer = null;
			$refused.text(message).get(0).scrollIntoView({ block: "nearest" });
		};
		const dialog = asking(action.fields.flatMap((field) => fields_of(field, shown)), answered, action.label, title);
		dialog.$wrapper.addClass("escalation-dialog").on("hidden.bs.modal", () => {
			open = false;
			setTimeout(() => (dialog.$wrapper.remove(), resolve(answer)));
		});
		for (const field of action.fields) if (field.kind === "person") put_people(dialog, field, answered);
		if (action.preview) put_preview(dialog, new Preview(escalation, action, shown, () => dialog.get_values(true)));
		$(dialog.body).append($refused);
	});

function put_people(dialog, field, answered) {
	const buttons = likely_people(field, (value) => answered({ ...dialog.get_values(true), [field.name]: value }));
	if (!buttons) return;
	for (const button of buttons.children) button.classList.add("btn", "btn-default");
	dialog.get_field(LIKELY).$wrapper.append($('<div class="control-label" aria-hidden="true"></div>').text(field.label), buttons);
	const others = other_people(field).length > 1;
	const { $wrapper } = dialog.get_field(field.name);
	$wrapper.toggle(others).find(".reqd").removeClass("reqd"); // a button does as well
	dialog.get_primary_btn().toggle(others);
}

function put_preview(dialog, preview) {
	$(dialog.body).append(preview.element);
	$(dialog.body).on("change", "select", () => preview.draw());
	preview.draw();
}

const fields_of = (field, { words }) => {
	const person = field.kind === "person";
	const options = person && field.options.length ? other_people(field) : field.options;
	const asked = {
		fieldname: field.name,
		label: field.likely ? words.somebody_else : field.label,
		fieldtype: options.length ? "Select" : { datetime: "Datetime", person: "Data" }[field.kind] || "Small Text",
		options,
		default: field.default || (person ? "" : options[0]?.value),
		reqd: field.optional ? 0 : 1,
	};
	return field.likely ? [{ fieldname: LIKELY, fieldtype: "HTML" }, asked] : [asked];
};

// As frappe.prompt.
export function prompt(fields, answered, title, label) {
	const dialog = asking(fields, (values) => (dialog.hide(), answered(values)), title, label);
	return dialog;
}

// A dialog that stays until somebody hides it. Without Frappe's animation: Bootstrap doesn't hide what is still fading in, so
// that the dialog of somebody who answers at once would stay in the way.
function asking(fields, answered, title, label) {
	const dialog = new frappe.ui.Dialog({
		animate: false,
		fields,
		title,
		primary_action_label: label,
		primary_action: answered,
	});
	name_parts(dialog);
	dialog.show();
	return dialog;
}

// Desk shows a label beside each control, and doesn't say whose it is.
function name_parts(dialog) {
	dialog.$wrapper.attr("aria-label", dialog.title);
	dialog.get_close_btn().attr("aria-label", __("Close"));
	for (const { $input, df } of dialog.fields_list) $input?.attr("aria-label", df.label);
}
