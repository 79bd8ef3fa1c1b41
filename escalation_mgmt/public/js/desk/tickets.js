// What the form and the list of tickets have in common.
import { escaped, pill } from "./html";

// Whether an enabled plan or a running item names the DocType.
export const watched = (doctype) => (frappe.boot.escalation_doctypes || []).includes(doctype);

export const ticket_pill = ({ tone, status }) => pill(`no-indicator-dot ${tone}`, escaped(status));
