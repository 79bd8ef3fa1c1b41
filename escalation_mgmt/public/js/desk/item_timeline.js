// What happened to an action item, what is planned, and which messages were sent.
import { clock_time, day, escaped, form_link, pill, with_headings } from "./html";
import { lanes_html } from "./lanes";
import { with_remedy } from "./remedies";
import { EVENT_TONES, MESSAGE_TONES } from "./tones";
import { acts_alone } from "./step_target";

const LATEST = 30; // lines of the history, unless all are asked for
const RUNNING = ["Scheduled", "Escalating", "Snoozed", "Acknowledged"];

// `planned` is null as long as it isn't known; `all` shows the history from its beginning.
export function item_timeline({ events, state }, planned, all) {
	const under_its_day = with_headings();
	const hidden = all ? 0 : Math.max(0, events.length - LATEST);
	const happened = events.slice(hidden).map((event) => under_its_day(day(event.at), past(event)));
	const to_come = lines_to_come(planned).map((line) => under_its_day(day(line.at), future(line)));
	const now = planned && RUNNING.includes(state) ? now_line(what_follows(state, to_come)) : "";
	return `<ol class="escalation-timeline">
			${hidden ? earlier(hidden) : ""}${happened.join("")}${now}${to_come.join("")}${planned?.more ? AND_SO_ON() : ""}
		</ol>`;
}

// The same as a picture.
export function item_picture({ events, state, words }, planned) {
	const happened = events.map((event) => ({ ...event, id: event.name }));
	const now = RUNNING.includes(state) ? planned?.now : null;
	return lanes_html([...happened, ...lines_to_come(planned)], { now, zone: words?.zone });
}

export const item_messages = ({ messages }) =>
	`<div class="escalation-heading">${__("Messages")}</div>
		<div class="escalation-messages">${messages.map(message_line).join("") || NO_MESSAGE()}</div>`;

const lines_to_come = (planned) => (planned?.lines || []).map((line, place) => ({ ...line, id: `planned-${place}` }));

const earlier = (hidden) =>
	`<li><button type="button" class="btn btn-default btn-sm escalation-earlier">${hidden === 1 ? __("Show one earlier line") : __("Show {0} earlier lines", [hidden])}</button></li>`;

const past = ({ at, kind, line, name }) =>
	`<li class="${EVENT_TONES[kind] || "gray"}" data-line="${escaped(name)}"><time>${escaped(clock_time(at))}</time><span dir="auto">${escaped(line)}</span></li>`;

const future = (line) =>
	`<li class="planned ${missed(line) ? "red" : ""}" data-line="${line.id}"><time>${escaped(clock_time(line.at))}</time>
		<span dir="auto">${with_remedy(line.line, line.remedy)}</span></li>`;

// It would reach nobody.
const missed = ({ kind, to, method }) => kind === "Unreachable" || (kind === "Step Ran" && !to && !acts_alone({ method })) || (kind === "Notice" && !method);

const now_line = (words) => `<li class="escalation-now"><time>${__("Now")}</time><span>${escaped(words)}</span></li>`;

const what_follows = (state, to_come) => {
	if (!to_come.length) return __("Nothing more is planned as things stand.");
	if (state === "Acknowledged") return __("What follows is planned, if nothing happens on the ticket.");
	return __("What follows is planned, if nobody acknowledges or answers.");
};

const AND_SO_ON = () => `<li class="planned"><time></time><span>${__("and so on")}</span></li>`;
const NO_MESSAGE = () => `<div class="text-muted">${__("Nothing was sent yet.")}</div>`;

const message_line = (message) => {
	const notes = [message.possible_duplicate && __("possible duplicate"), message.in_flight && __("was in flight"), message.detail];
	return `<a class="escalation-message" href="${form_link("Escalation Notification", message.name)}">
		<span class="step">${message.purpose === "Page" ? __("Step {0}", [message.step]) : __("Notice")}</span>
		<span class="method">${escaped(__(message.method))}</span>
		<span class="to" dir="auto">${escaped(message.recipient)}</span>
		<span class="state">${pill(MESSAGE_TONES[message.status] || "gray", escaped(__(message.status)))}</span>
		<time>${escaped(clock_time(message.sent_at))}</time>
		<span class="detail" dir="auto">${escaped(notes.filter(Boolean).join("; "))}</span>
	</a>`;
};
