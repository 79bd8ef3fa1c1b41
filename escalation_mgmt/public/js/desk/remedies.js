// What would make an escalation fail, and where it is put right: for the workspace, a plan's form, a rehearsal.
import { escaped } from "./html";

// In a tab of its own: what is on the screen may not be saved yet.
export const remedy_link = ({ label, path }) =>
	path
		? `<a class="escalation-remedy" target="_blank" href="${escaped(path)}">${escaped(label)}</a>`
		: `<span class="escalation-remedy">${escaped(label)}</span>`;

// Text, and the link behind it where there is something to put right.
export const with_remedy = (line, remedy) => `${escaped(line)} ${remedy ? remedy_link(remedy) : ""}`;

export const findings_html = (findings) =>
	`<ul class="escalation-findings">${findings.map(({ problem, remedy }) => `<li>${with_remedy(problem, remedy)}</li>`).join("")}</ul>`;
