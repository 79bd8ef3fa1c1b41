import frappe


def is_agent(user: str | None = None) -> bool:
	user = user or frappe.session.user
	return (
		user == "Administrator"
		or not {"Agent", "Agent Manager"}.isdisjoint(frappe.get_roles(user))
		or bool(frappe.db.exists("HD Agent", user))
	)


def get_customers(user: str = "", contact: str = "") -> list:
	"""The customers that a contact (or a user's) is a member of, each with `name` and `is_manager`."""
	contact = contact or frappe.db.get_value("Contact", {"user": user or frappe.session.user})
	if not contact:
		return []
	return frappe.db.sql(
		"select distinct `parent` as `name`, `is_manager` from `tabHD Customer Member`"
		" where `contact_name` = %s and `parenttype` = 'HD Customer'",
		(contact,),
		as_dict=True,
	)


def get_agents_team(user: str) -> list:
	"""A user's teams that aren't disabled, each with `name` and `ignore_restrictions`."""
	return frappe.db.sql(
		"select t.`name`, t.`ignore_restrictions` from `tabHD Team` t join `tabHD Team Member` m"
		" on m.`parent` = t.`name` where m.`user` = %s and ifnull(t.`disabled`, 0) = 0",
		(user,),
		as_dict=True,
	)
