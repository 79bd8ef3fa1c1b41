// A plan's priorities as chips: one press each, in place of a table with a row for each.
import { show_chips } from "./chips";

// `offered`: those that the tickets can have. Where nobody can say, as of a priority in free text, the table stays.
export function show_priorities(frm, offered) {
	const field = frm.get_field("priorities");
	const rows = frm.doc.priorities || [];
	const chosen = rows.map(({ priority }) => priority).filter(Boolean);
	field.$wrapper.toggleClass("escalation-as-chips", Boolean(offered?.length));
	const $place = place(field.$wrapper);
	if (!offered?.length) return $place.empty();
	const chips = [...new Set([...offered, ...chosen])].map((value) => ({ value, label: __(value), pressed: chosen.includes(value) }));
	show_chips($place, chips, __("Priorities"), (value) => toggle(frm, offered, value), !frm.perm[0]?.write);
}

const place = ($field) => {
	if (!$field.children(".escalation-priorities").length) $field.append(`<div class="escalation-priorities"></div>`);
	return $field.children(".escalation-priorities");
};

function toggle(frm, offered, priority) {
	const row = (frm.doc.priorities || []).find((each) => each.priority === priority);
	if (row) frappe.model.clear_doc(row.doctype, row.name);
	else frm.add_child("priorities", { priority });
	for (const empty of (frm.doc.priorities || []).filter((each) => !each.priority)) frappe.model.clear_doc(empty.doctype, empty.name);
	frm.dirty();
	frm.refresh_field("priorities");
	frm.escalation_ladder.draw_soon();
	show_priorities(frm, offered);
}
