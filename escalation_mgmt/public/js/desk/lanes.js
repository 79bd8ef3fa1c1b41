// An escalation as a picture: a lane for each person, time in the reader's direction, a mark for each message. One drawing for
// the rehearsal and the action item. The list of words that says the same stands beside it, in one `PICTURED` with it.
import { clock_time, escaped } from "./html";
import { face, legend_html, look } from "./lane_marks";
import { MARK, scale } from "./lane_scale";

const MOST = 12; // lanes, until all are asked for
const [TICK, DAY, NOW, RUN] = [54, 92, 90, 110]; // pixels from the middle of one label to the next
const THROUGH = { Acknowledged: "good", "Partly Acknowledged": "partly" }; // a line through all lanes
const STEP = 27; // pixels from one mark to the next at the same instant

// `lines`: of the list, each {id, line, marks} (`lanes.Mark`); `now`: {at, instant}, where there is one; `zone`: in words.
export function lanes_html(lines, { now = null, zone = "" } = {}) {
	const marks = lines.flatMap((line) => line.marks.map((mark) => ({ ...mark, line: line.id, words: line.line })));
	if (!marks.length) return "";
	const runs = firsts_of_runs(marks);
	const axis = axis_of(marks, now);
	const placed = scale([...marks.map((mark) => ({ instant: mark.instant, lane: mark.lane, width: MARK })), ...labels(axis, now, runs)]);
	const lanes = lanes_of(marks);
	return `<div class="escalation-picture" style="--room: ${placed.room}px; --feet: ${acks_of(marks).length}" role="group" aria-label="${escaped(name())}">
		<div class="escalation-lanes-scroll"><div class="escalation-lanes">
			${axis_html(axis, placed)}
			<div class="escalation-through" aria-hidden="true">${throughs(marks, now, runs, placed)}</div>
			${[...lanes].map(([lane, { who, marks }], place) => lane_html(lane, who, marks, place, placed)).join("")}
		</div></div>
		${lanes.size > MOST + 1 ? more_html(lanes.size - MOST - 1) : ""}
		<div class="escalation-mark-words" dir="auto" aria-hidden="true">${escaped(how())}</div>
		${legend_html(marks)}
		${zone ? `<div class="text-muted small">${escaped(zone)}</div>` : ""}
	</div>`;
}

const name = () => __("Who is told what, when and how. The list says the same in words. The arrow keys go from mark to mark.");
const how = () => __("Point at a mark, or tap it, to read what it says.");

// {lane: {who, marks}} in the order in which they come first, of one instant by their steps; the escalation's own is the first.
function lanes_of(marks) {
	const lanes = new Map([["", { who: __("Escalation"), marks: [] }]]);
	for (const mark of [...marks].sort((a, b) => a.instant - b.instant || a.step - b.step)) {
		if (!lanes.has(mark.lane)) lanes.set(mark.lane, { who: mark.who, marks: [] });
		lanes.get(mark.lane).marks.push(mark);
	}
	return lanes;
}

function lane_html(lane, who, marks, place, placed) {
	const stacked = new Map(); // so many at one instant
	const buttons = marks.map((mark) => {
		const above = stacked.get(mark.instant) || 0;
		stacked.set(mark.instant, above + 1);
		return mark_html(mark, who, above, placed);
	});
	const high = Math.max(1, ...stacked.values());
	return `<div class="escalation-lane ${lane ? "" : "own"} ${place > MOST ? "later" : ""}" style="--high: ${high}">
		<div class="who" dir="auto" title="${escaped(who)}">${escaped(who)}</div><div class="track">${buttons.join("")}</div></div>`;
}

function mark_html(mark, who, above, placed) {
	const said = [clock_time(mark.at), mark.lane && who, mark.run && __("Run {0}", [mark.run + 1]), mark.words].filter(Boolean).join(" · ");
	return `<button type="button" class="escalation-lane-mark ${look(mark)}" style="${style(placed.at(mark.instant), placed)}; --above: ${above * STEP}px"
		tabindex="-1" data-line="${escaped(mark.line)}" data-key="${escaped(`${mark.line} ${mark.lane} ${above}`)}" aria-label="${escaped(said)}">${face(mark)}</button>`;
}

// From where the lane begins.
const style = ({ fixed, share }, { room }) => `--at: calc(${fixed}px + (100% - ${room}px) * ${share.toFixed(5)})`;

// What is written on the axis: an instant each, with its day where that is another.
function axis_of(marks, now) {
	const times = new Map(marks.map(({ instant, at }) => [instant, at]));
	if (now) times.set(now.instant, now.at);
	let day = "";
	return [...times]
		.sort(([a], [b]) => a - b)
		.map(([instant, at]) => {
			const before = day;
			day = String(at).split(" ")[0];
			return { instant, at, day: day === before ? "" : moment(day).format("ddd D MMM") };
		});
}

// The labels that need room of their own: days, the beginning of a run, and now.
const labels = (axis, now, runs) => [
	...axis.filter(({ day }) => day).map(({ instant }) => ({ instant, lane: "\0day", width: DAY })),
	...(now ? [{ instant: now.instant, lane: "\0top", width: NOW }] : []),
	...runs.map(({ instant }) => ({ instant, lane: "\0top", width: RUN })),
];

function axis_html(axis, placed) {
	let ends = -Infinity;
	const spread = 120; // so many pixels are there at least beside what is fixed (`_lanes.scss`)
	const parts = axis.map(({ instant, at, day }) => {
		const place = placed.at(instant);
		const left = place.fixed + place.share * spread;
		const fits = left - ends >= TICK;
		if (fits) ends = left;
		return `${day ? `<span class="day" style="${style(place, placed)}">${escaped(day)}</span>` : ""}
			${fits ? `<time style="${style(place, placed)}">${escaped(short(at))}</time>` : ""}`;
	});
	return `<div class="escalation-axis" aria-hidden="true"><div class="track">${parts.join("")}</div></div>`;
}

// Seconds are in the list.
const short = (at) => clock_time(at).replace(/^(\d+:\d+):\d+/, "$1");

const firsts_of_runs = (marks) => {
	const firsts = new Map();
	for (const { run, instant } of marks) if (run) firsts.set(run, Math.min(firsts.get(run) ?? Infinity, instant));
	return [...firsts].map(([run, instant]) => ({ run, instant }));
};

// What goes through all lanes: quiet stretches, acknowledgements, the beginning of each further run, and now.
const throughs = (marks, now, runs, placed) =>
	[
		...placed.breaks.map((gap) => break_html(gap, placed)),
		...runs.map(({ run, instant }) => line_html("run", placed.at(instant), placed, __("Run {0}", [run + 1]))),
		...acks_of(marks).map(({ kind, instant, who }, row) => line_html(THROUGH[kind], placed.at(instant), placed, who, "foot", row)),
		now ? line_html("now", placed.at(now.instant), placed, __("Now")) : "",
	].join("");

const acks_of = (marks) => marks.filter(({ lane, kind }) => !lane && THROUGH[kind]);

// Its label stands on the side where there is more room; at the foot each in a row of its own.
const line_html = (kind, place, placed, label, where = "top", row = 0) =>
	`<div class="line ${kind} ${place.share > 0.5 ? "late" : ""}" style="${style(place, placed)}; --row: ${row}"><span class="${where}" dir="auto">${escaped(label)}</span></div>`;

function break_html({ from, to, seconds }, placed) {
	const [start, end] = [placed.at(from), placed.at(to)];
	return `<div class="break" style="${style(start, placed)}; --wide: ${end.fixed - start.fixed}px"><span>${escaped(length_of(seconds))}</span></div>`;
}

// Roughly: 15h, 2d 14h.
const length_of = (seconds) => {
	const unit = seconds >= 86400 ? 3600 : 60;
	return frappe.utils.get_formatted_duration(Math.round(seconds / unit) * unit);
};

const more_html = (count) => `<button type="button" class="btn btn-default btn-xs escalation-more-lanes" aria-expanded="false">${__("{0} more", [count])}</button>`;
