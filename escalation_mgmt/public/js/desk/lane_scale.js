// Where an instant stands on the picture's time axis. Pure: no page, no Frappe.
//
// A place is `fixed` pixels plus a `share` of whatever room is left, so that the picture fits any width and marks never cover
// each other. Long quiet stretches get a break of the same width, however long they are.

export const MARK = 26; // pixels that a mark takes in its lane
const BREAK = 92; // its length and the times at both ends stand side by side
const LEAST = 3600; // seconds; nothing shorter is a break
const MUCH_LONGER = 6; // so many times the usual stretch between two instants
const USUAL = 60; // seconds; what lies closer is one moment

// `spots`: [{instant, lane, width}], of which one lane's never cover each other: `width` pixels each. Those of one lane and
// one instant share a place. Returns {room: pixels that are needed at least, at(instant) -> {fixed, share}, breaks:
// [{from, to, seconds}]}.
export function scale(spots) {
	const instants = [...new Set(spots.map(({ instant }) => instant))].sort((a, b) => a - b);
	const lengths = instants.slice(1).map((instant, n) => instant - instants[n]);
	const is_break = breaks_of(lengths);
	const shown = lengths.reduce((sum, length) => sum + (is_break(length) ? 0 : length), 0) || 1;
	const places = new Map();
	const last = new Map(); // of each lane, where its newest mark ends
	let [fixed, passed] = [0, 0];
	instants.forEach((instant, n) => {
		if (n && is_break(lengths[n - 1])) fixed += BREAK;
		else if (n) passed += lengths[n - 1];
		const here = spots.filter((spot) => spot.instant === instant);
		for (const { lane, width } of here) fixed = Math.max(fixed, last.has(lane) ? last.get(lane) + width / 2 : 0);
		for (const { lane, width } of here) last.set(lane, Math.max(last.get(lane) ?? 0, fixed + width / 2));
		places.set(instant, { fixed, share: passed / shown });
	});
	const breaks = lengths.flatMap((seconds, n) => (is_break(seconds) ? [{ from: instants[n], to: instants[n + 1], seconds }] : []));
	return { room: fixed, at: (instant) => places.get(instant), breaks, instants };
}

// Which stretches would squeeze the others.
function breaks_of(lengths) {
	const usual = lengths.filter((length) => length >= USUAL).sort((a, b) => a - b);
	const middle = usual[Math.floor((usual.length - 1) / 2)] || 0;
	return (length) => usual.length > 1 && length >= LEAST && length > MUCH_LONGER * middle;
}
