// Who looks after all escalations, and not only those that page them.
export const is_manager = () => frappe.user.has_role(["Escalation Manager", "System Manager"]);
