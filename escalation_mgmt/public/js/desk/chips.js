// Small buttons that stand for values: each says whether it is chosen.
import { escaped } from "./html";

// `chips`: [{value, label, pressed}]; `label` names them all.
export const chips_html = (chips, label, disabled) =>
	`<div class="escalation-chips" role="group" aria-label="${escaped(label)}">${chips.map((chip) => chip_html(chip, disabled)).join("")}</div>`;

const chip_html = ({ value, label, pressed }, disabled) =>
	`<button type="button" class="escalation-chip" dir="auto" data-value="${escaped(value)}" aria-pressed="${pressed ? "true" : "false"}" ${disabled ? "disabled" : ""}>${escaped(label)}</button>`;

// Put them there, and call `chosen` with the value of the one that is pressed. The focus stays where it was.
export function show_chips($place, chips, label, chosen, disabled = false) {
	const focused = $place.find(":focus").data("value");
	$place.html(chips_html(chips, label, disabled));
	$place.off("click.chips").on("click.chips", ".escalation-chip", (event) => chosen(event.currentTarget.dataset.value));
	if (focused !== undefined) $place.find(".escalation-chip").filter((_n, chip) => chip.dataset.value === String(focused)).trigger("focus");
}
