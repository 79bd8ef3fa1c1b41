// What would make an escalation fail, and where it is put right: for the workspace, a plan's form, a rehearsal.
import { escaped } from "./html";

// In a tab of its own: what is on the screen may not be saved yet.
export const remedy_link = ({ label, path }) =>
	path
		? `<a class="escalation-remedy" target="_blank" href="${escaped(path)}">${escaped(label)}</a>`
		: `<span class="escalation-remedy">${escaped(label)}</span>`;

// Text, and the link behind it where there is something to put right.
export const with_remedy = (line, remedy) => `${escaped(line)} ${remedy ? remedy_link(remedy) : ""}`;

// By how badly: what reaches nobody first (preflight/finding.py).
const GRADES = {
	red: { heading: () => __("Nobody is reached:"), tone: "red" },
	amber: { heading: () => __("Thinner than planned:"), tone: "orange" },
};

// The colour of the worst.
export const findings_tone = (findings) => (findings.some(({ grade }) => grade === "red") ? GRADES.red : GRADES.amber).tone;

export const findings_html = (findings) =>
	Object.entries(GRADES)
		.map(([grade, { heading }]) => [heading, findings.filter((finding) => finding.grade === grade)])
		.filter(([, found]) => found.length)
		.map(([heading, found]) => `<b>${escaped(heading())}</b><ul class="escalation-findings">${found.map(finding_html).join("")}</ul>`)
		.join("");

const finding_html = ({ problem, remedies }) => `<li>${escaped(problem)} ${remedies.map(remedy_link).join(" · ")}</li>`;
