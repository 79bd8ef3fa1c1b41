import frappe
from frappe.automation.doctype.assignment_rule.assignment_rule import AssignmentRule


class PreferringWhoIsAvailable(AssignmentRule):
	"""Gives a ticket to who is active, else to who is away, and to who is unavailable only where nobody else is."""

	def get_user(self, doc):
		everybody = self.users
		if self.rule not in ("Round Robin", "Load Balancing"):
			return super().get_user(doc)
		category = category_of_agents()
		for passed_over in ({"Away", "Unavailable"}, {"Unavailable"}):
			preferred = [row for row in everybody if category.get(row.user) not in passed_over]
			if preferred:
				break
		self.users = preferred or everybody
		try:
			return super().get_user(doc)
		finally:
			self.users = everybody


def category_of_agents() -> dict[str, str]:
	rows = frappe.db.sql(
		"select a.`user`, s.`category` from `tabHD Agent` a join `tabHD Agent Status` s on s.`name` = a.`availability`"
	)
	return dict(rows)
