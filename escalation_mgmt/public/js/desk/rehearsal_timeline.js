// What a rehearsal has found: who would be reached, when and how; who can't be, and the remedy.
import { escaped, with_headings } from "./html";
import { lanes_html } from "./lanes";
import { pictured_html } from "./lanes_touched";
import { words_html } from "./message_words";
import { with_remedy } from "./remedies";
import { REHEARSAL_TONES } from "./tones";
import { acts_alone } from "./step_target";

export function rehearsal_timeline(found) {
	const under_its_day = with_headings();
	const lines = found.lines.map((line, place) => ({ ...line, id: `line-${place}` }));
	return `<div class="escalation-outcome">${escaped(found.outcome)}
			<span class="text-muted">${__("Messages: {0}. Nothing was sent.", [found.messages])}</span></div>
		${found.notes.map((note) => `<div class="escalation-note">${escaped(note)}</div>`).join("")}
		${found.stand_ins.map((words) => `<div class="text-muted">${escaped(words)}</div>`).join("")}
		${found.unreachable.length ? unreachable_html(found.unreachable) : ""}
		${pictured_html(
			lanes_html(lines),
			`<ol class="escalation-rehearsal">${lines.map((line) => under_its_day(weekday(line.at), line_html(line, found.words))).join("")}</ol>`,
		)}
		<div class="text-muted small">${__("Times in {0}.", [escaped(found.zone)])}</div>`;
}

const unreachable_html = (names) =>
	`<div class="escalation-unreachable">${__("Can't be reached: {0}", [names.map(escaped).join(", ")])}</div>`;

const line_html = (line, words) =>
	`<li class="${tone(line)}" data-line="${line.id}"><time>${escaped(moment(line.at).format("HH:mm:ss"))}</time><span class="method">${escaped(__(line.method))}</span>
		<span class="line">${with_remedy(line.line, line.remedy)}${words_html(line.words.map((place) => words[place]))}</span></li>`;

// Red is what would reach nobody.
const tone = ({ remedy, kind, to, method }) => (remedy || (kind === "Step Ran" && !to && !acts_alone({ method })) ? "red" : REHEARSAL_TONES[kind] || "gray");

const weekday = (at) => `${moment(at).format("dddd")} ${frappe.datetime.str_to_user(moment(at).format("YYYY-MM-DD"))}`;
