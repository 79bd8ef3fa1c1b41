// Small pieces of HTML that more than one of our pages is made of.

// Whatever it is, as text in HTML.
export const escaped = (value) => frappe.utils.escape_html(String(value ?? ""));

// The link of a document.
export const form_link = (doctype, name) => escaped(frappe.utils.get_form_link(doctype, name));

// A pill of Desk's, of a tone; its label is HTML.
export const pill = (tone, label) => `<span class="indicator-pill escalation-pill ${tone}">${label}</span>`;

// As the user writes times: 31-12-2030 and 17:50:00. What the server sends stays in the site's zone, which its sentences and
// labels name; Frappe's `str_to_user` would shift it to the user's own.
export const day = (value) => in_format(value, frappe.datetime.get_user_date_fmt().toUpperCase());
export const clock_time = (value) => in_format(value, frappe.datetime.get_user_time_fmt());

const in_format = (value, form) => (value ? moment.utc(value).format(form) : "");

// A function that puts a heading before the first line of each day.
export function with_headings() {
	let shown = "";
	return (day, html) => {
		const heading = day === shown ? "" : `<li class="escalation-day">${escaped(day)}</li>`;
		shown = day;
		return heading + html;
	};
}
