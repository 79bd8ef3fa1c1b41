import frappe
from frappe.model.document import Document
from frappe.model.naming import append_number_if_name_exists

WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class HDTeam(Document):
	"""Carries a round-robin Assignment Rule, which runs whenever one of its tickets is saved."""

	def after_insert(self):
		self.make_rule()

	def on_update(self):
		self.put_members_into_rule()

	def on_trash(self):
		if self.assignment_rule:
			rule, self.assignment_rule = self.assignment_rule, None
			self.db_set("assignment_rule", None)
			frappe.delete_doc("Assignment Rule", rule, ignore_permissions=True, force=True)

	def make_rule(self):
		rule = frappe.new_doc("Assignment Rule")
		rule.name = append_number_if_name_exists("Assignment Rule", f"{self.name} - Support Rotation")
		rule.update(
			{
				"document_type": "HD Ticket",
				"description": "Assignment for ticket {{ name }}",
				"assign_condition": f"status == 'Open' and agent_group == {self.name!r}",
				"priority": 1,
				"rule": "Round Robin",
				"disabled": 1,
				"assignment_days": [{"day": day} for day in WEEK],
				"users": [{"user": row.user} for row in self.users if row.user],
			}
		)
		rule.disabled = int(not rule.users)
		rule.flags.ignore_mandatory = True
		rule.insert(ignore_permissions=True)
		self.db_set("assignment_rule", rule.name)

	def put_members_into_rule(self):
		if not self.assignment_rule or not self.has_value_changed("users"):
			return
		rule = frappe.get_doc("Assignment Rule", self.assignment_rule)
		members = [row.user for row in self.users if row.user]
		if members == [row.user for row in rule.users]:
			return
		rule.set("users", [{"user": user} for user in members])
		# Without anybody in it, it would fail on every save of a ticket.
		rule.disabled = int(not members)
		rule.flags.ignore_mandatory = True
		rule.save(ignore_permissions=True)
