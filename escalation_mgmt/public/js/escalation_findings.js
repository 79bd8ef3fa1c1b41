// What would make an escalation fail, and where it is put right: for the workspace, a plan's form, a rehearsal.
frappe.provide("escalation_mgmt");
{
	const text = (value) => frappe.utils.escape_html(String(value ?? ""));

	$(document).on("app_ready", () =>
		frappe.dom.set_style("a.escalation-remedy { color: inherit; text-decoration: underline; font-weight: 600; }", "escalation-findings")
	);

	// In a tab of its own: what is on the screen may not be saved yet.
	escalation_mgmt.remedy_link = ({ label, path }) =>
		path
			? `<a class="escalation-remedy" target="_blank" href="${text(path)}">${text(label)}</a>`
			: `<span class="escalation-remedy">${text(label)}</span>`;

	escalation_mgmt.findings_html = (findings) =>
		`<ul class="escalation-findings">${findings
			.map(({ problem, remedy }) => `<li>${text(problem)} ${escalation_mgmt.remedy_link(remedy)}</li>`)
			.join("")}</ul>`;
}
