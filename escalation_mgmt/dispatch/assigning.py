"""A ticket is assigned by us: to whom it is handed over, whom a step names, who acknowledges."""

from frappe.desk.form import assign_to

from escalation_mgmt.dispatch import evaluation
from escalation_mgmt.engine import TicketKey
from escalation_mgmt.facts import assignments
from escalation_mgmt.storage import helpdesk_bell


def assign(key: TicketKey, user: str) -> bool:
	"""By Frappe's own assignment, so that every form and list shows it, in place of whoever has it. Returns whether they hadn't it
	already.

	The last of all that is done, and the new person the last of that: Frappe 15 tells them in that moment, and doesn't take
	it back.
	"""
	had = assignments.todo_users(key.doctype, [key.name]).get(key.name, [])
	with evaluation.put_off():
		for other in had:
			if other != user:
				assign_to.remove(key.doctype, key.name, other)
		if user in had:
			assignments.write_again(key)  # without those who had it past the ToDos
		else:
			helpdesk_bell.ticket_assigned(key, user)
			assign_to.add({"doctype": key.doctype, "name": key.name, "assign_to": [user]})
	return had != [user]
