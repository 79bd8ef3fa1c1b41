// What the marks of the picture look like: a sign and a colour for each method, a smaller sign for what became of it.
import { escaped } from "./html";

// Drawn in a square of 16.
const PATHS = {
	envelope: "M2 4h12v8H2zM2 4.5l6 4.5 6-4.5",
	speech: "M2 3h12v8H8l-3 3v-3H2z",
	phone: "M4 2l2.5 0 1 3.5-1.7 1.2a8 8 0 0 0 3.5 3.5l1.2-1.7 3.5 1V12a2 2 0 0 1-2 2A10 10 0 0 1 2 4a2 2 0 0 1 2-2z",
	device: "M5 1.5h6v13H5zM7.3 12.5h1.4",
	arrow: "M2 8h11M9 4l4 4-4 4",
	begin: "M5 3l8 5-8 5z",
	check: "M3 8.5l3.5 3.5L13 4.5",
	cross: "M4 4l8 8M12 4l-8 8",
	back: "M13 12a5 5 0 0 0-5-5H3M6.5 3.5L3 7l3.5 3.5",
	moon: "M12.5 10A5.5 5.5 0 0 1 6 3.5a5.5 5.5 0 1 0 6.5 6.5z",
	pause: "M5.5 3.5v9M10.5 3.5v9",
	plus: "M8 3v10M3 8h10",
	again: "M13 8a5 5 0 1 1-1.5-3.5M12 2v3H9",
	alarm: "M8 3v6M8 12.2v.6",
	question: "M5.5 6a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.1.8-1.1 1.6M8 12.4v.4",
	dash: "M4 8h8",
	pencil: "M3 13l.8-3.2L10.5 3 13 5.5 6.2 12.2zM9 4.5L11.5 7",
	dots: "M3.5 8h.6M7.7 8h.6M11.9 8h.6",
};

// Of the registry's methods. Another app's has its first letter.
const METHODS = new Map(Object.entries({ Email: "envelope", SMS: "speech", "Phone Call": "phone", "iPhone Notification": "device", "HTTP POST": "arrow" }));

// Of a message and its state: the class, and the sign in its corner.
const STATES = {
	Planned: { look: "planned", sign: "" },
	Queued: { look: "waiting", sign: "dots" },
	Sending: { look: "waiting", sign: "dots" },
	Sent: { look: "sent", sign: "" },
	Delivered: { look: "delivered", sign: "check" },
	Answered: { look: "delivered", sign: "check" },
	"Not Answered": { look: "doubtful", sign: "dash" },
	Unknown: { look: "doubtful", sign: "question" },
	Failed: { look: "failed", sign: "cross" },
	Unreachable: { look: "unreachable", sign: "cross" },
	Withdrawn: { look: "withdrawn", sign: "dash" },
};

// Of the escalation itself.
const EVENTS = {
	Created: { sign: "begin" },
	Acknowledged: { sign: "check", look: "good" },
	"Partly Acknowledged": { sign: "check", look: "partly" },
	"On the Way": { sign: "moon" },
	"Passed On": { sign: "arrow" },
	Undone: { sign: "back" },
	"Undone in the Window": { sign: "back" },
	"Undone, Snoozed": { sign: "back" },
	"Undone, Exhausted": { sign: "back" },
	"No Longer Acknowledged": { sign: "back", look: "bad" },
	"Timed Out": { sign: "back", look: "bad" },
	"Handed Over": { sign: "arrow" },
	"Person Added": { sign: "plus" },
	Snoozed: { sign: "moon" },
	"In Maintenance": { sign: "pause" },
	Reminded: { sign: "alarm" },
	"Run Again": { sign: "again" },
	"Started Again": { sign: "again" },
	"Nobody Notified": { sign: "alarm", look: "bad" },
	Parked: { sign: "alarm", look: "bad" },
	"Held after Restore": { sign: "pause", look: "bad" },
	"Let Go On": { sign: "again" },
	Exhausted: { sign: "cross", look: "bad" },
	Resolved: { sign: "check", look: "good" },
	Cancelled: { sign: "cross" },
	Replaced: { sign: "arrow" },
	"Act Done": { sign: "pencil" },
	"Act Failed": { sign: "pencil", look: "bad" },
	"Act Withdrawn": { sign: "dash" },
};

const FALLBACK = { look: "sent", sign: "" };

// A mark's classes, and what stands in it.
export const look = (mark) =>
	mark.method ? `${method_class(mark.method)} ${state_of(mark).look} ${mark.kind === "Notice" ? "notice" : ""}` : `event ${EVENTS[mark.kind]?.look || ""}`;

export function face(mark) {
	if (!mark.method) return sign(EVENTS[mark.kind]?.sign || "dots");
	const { sign: state } = state_of(mark);
	return `${method_sign(mark.method)}${state ? `<i class="state">${sign(state)}</i>` : ""}${mark.run ? `<i class="run">${mark.run + 1}</i>` : ""}`;
}

const state_of = ({ state }) => STATES[state] || FALLBACK;

const method_class = (method) => `method-${METHODS.get(method) || "other"}`;

const method_sign = (method) => (METHODS.has(method) ? sign(METHODS.get(method)) : `<b aria-hidden="true">${escaped([...method][0].toUpperCase())}</b>`);

const sign = (name) => `<svg viewBox="0 0 16 16" aria-hidden="true"><path d="${PATHS[name]}"/></svg>`;

// What the signs mean that are in a picture.
export function legend_html(marks) {
	const methods = [...new Set(marks.map(({ method }) => method).filter(Boolean))];
	const states = new Map(marks.filter(({ method }) => method).map((mark) => [state_of(mark).look, mark]));
	return `<ul class="escalation-legend">
		${methods.map((method) => `<li><span class="escalation-sign ${method_class(method)} sent">${method_sign(method)}</span> ${escaped(__(method))}</li>`).join("")}
		${[...states.values()].map((mark) => `<li><span class="escalation-sign method-none ${state_of(mark).look}">${corner(mark)}</span> ${escaped(__(mark.state))}</li>`).join("")}
	</ul>`;
}

const corner = (mark) => (state_of(mark).sign ? `<i class="state">${sign(state_of(mark).sign)}</i>` : "");
