import frappe


def is_agent(user: str | None = None) -> bool:
	user = user or frappe.session.user
	return (
		user == "Administrator"
		or not {"Agent", "Agent Manager"}.isdisjoint(frappe.get_roles(user))
		or bool(frappe.db.exists("HD Agent", user))
	)
