// A table that is drawn anew writes the document's values into its boxes, also into the one in which somebody is typing; and Desk
// draws it once more, a moment after anything about its fields has changed (Grid.update_docfield_property).

const DESKS_PAUSE = 100; // milliseconds, as Desk's own

// `grid`: of a form, from then on.
export function keep_what_is_typed(grid) {
	const draw = grid.refresh.bind(grid);
	grid.refresh = () => {
		const control = typed_into();
		if (control) control.refresh = () => {};
		try {
			draw();
		} finally {
			if (control) delete control.refresh;
		}
	};
	grid.debounced_refresh = frappe.utils.debounce(() => grid.refresh(), DESKS_PAUSE);
}

// The control of a row, in the table or in the row's own form, that holds what isn't in the document yet.
function typed_into() {
	const box = document.activeElement;
	const row = box?.value && $(box).closest(".grid-row").data("grid_row");
	const controls = [row?.on_grid_fields_dict, row?.grid_form?.fields_dict].map((fields) => fields?.[box.dataset.fieldname]);
	return controls.find((control) => control?.input === box && control.get_input_value() !== control.value);
}
