import frappe
from frappe.model.document import Document
from frappe.model.naming import append_number_if_name_exists

WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class HDTeam(Document):
	"""Carries a round-robin Assignment Rule, which runs whenever one of its tickets is saved."""

	def after_insert(self):
		self.make_rule()

	def on_update(self):
		if self.assignment_rule:
			rule = frappe.get_doc("Assignment Rule", self.assignment_rule)
			self.save_rule(rule)

	def on_trash(self):
		if self.assignment_rule and frappe.db.exists("Assignment Rule", self.assignment_rule):
			frappe.delete_doc(
				"Assignment Rule",
				self.assignment_rule,
				ignore_permissions=True,
				force=True,
				ignore_on_trash=True,
			)
			# As Helpdesk does, in the middle of the deletion.
			frappe.db.commit()

	def after_rename(self, _old, new, _merge=False):
		if not self.assignment_rule:
			self.make_rule()
		rule = frappe.get_doc("Assignment Rule", self.assignment_rule)
		rule.update(conditions(new))
		rule.save(ignore_permissions=True)

	def make_rule(self):
		rule = frappe.new_doc("Assignment Rule")
		rule.name = append_number_if_name_exists("Assignment Rule", f"{self.name} - Support Rotation")
		rule.update(
			{
				"document_type": "HD Ticket",
				"priority": 1,
				"assignment_days": [{"day": day} for day in WEEK],
				**conditions(self.name),
			}
		)
		self.save_rule(rule)
		self.db_set("assignment_rule", rule.name, update_modified=False)

	def save_rule(self, rule):
		"""Its people are the team's. It runs as long as the team isn't disabled, also with nobody in it."""
		rule.set("users", [{"user": row.user} for row in self.users if row.user])
		rule.disabled = int(bool(self.disabled))
		rule.save(ignore_permissions=True)


def conditions(team: str) -> dict[str, str]:
	if not {"'", '"', "\\"}.isdisjoint(team):  # Helpdesk writes the name into an expression and into JSON
		frappe.throw(frappe._("The rule of a team named {0} would be invalid.").format(team))
	return {
		"assign_condition": f"status == 'Open' and agent_group == '{team}'",
		"unassign_condition": f"agent_group != '{team}'",
	}
