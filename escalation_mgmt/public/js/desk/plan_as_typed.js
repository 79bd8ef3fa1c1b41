// A plan's document as it stands on the screen: with what is still in the box that somebody is typing into.

export function as_typed(frm) {
	const plan = JSON.parse(JSON.stringify(frm.doc));
	const box = document.activeElement;
	const field = box?.dataset?.fieldname;
	if (!field || !frm.layout.wrapper[0].contains(box)) return plan;
	const row = $(box).closest(".grid-row").attr("data-name");
	if (row) take_over_in_row(frm, plan, row, field);
	else take_over(plan, frm.fields_dict[field]);
	return plan;
}

// A row is typed into in the table, or in its own form.
function take_over_in_row(frm, plan, name, field) {
	const step = Object.values(plan.steps || []).find((each) => each.name === name);
	const row = frm.get_field("steps").grid.grid_rows_by_docname[name];
	const controls = [row?.grid_form?.fields_dict[field], row?.on_grid_fields_dict?.[field]];
	if (step && row) take_over(step, controls.find((control) => control?.input === document.activeElement));
}

function take_over(doc, control) {
	if (!control?.input || control.input !== document.activeElement) return;
	const { fieldtype, fieldname } = control.df;
	const said = control.get_input_value();
	const value = control.parse ? control.parse(said) : said;
	if (value !== null && ["Duration", "Int", "Data"].includes(fieldtype)) doc[fieldname] = value || (fieldtype === "Data" ? "" : 0);
}
