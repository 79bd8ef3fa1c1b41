// Small pieces of HTML that more than one of our pages is made of.

// Whatever it is, as text in HTML.
export const escaped = (value) => frappe.utils.escape_html(String(value ?? ""));

// The link of a document.
export const form_link = (doctype, name) => escaped(frappe.utils.get_form_link(doctype, name));

// A pill of Desk's, of a tone; its label is HTML.
export const pill = (tone, label) => `<span class="indicator-pill ${tone}">${label}</span>`;

// As the user writes times: 31-12-2030 and 17:50:00.
export const day = (value) => user_time(value).split(" ")[0];
export const clock_time = (value) => user_time(value).split(" ").slice(1).join(" ");

const user_time = (value) => (value ? frappe.datetime.str_to_user(value) : "");

// A function that puts a heading before the first line of each day.
export function with_headings() {
	let shown = "";
	return (day, html) => {
		const heading = day === shown ? "" : `<li class="escalation-day">${escaped(day)}</li>`;
		shown = day;
		return heading + html;
	};
}
