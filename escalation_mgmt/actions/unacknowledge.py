"""Giving an acknowledged escalation back by hand: it goes on."""

from frappe import _

from escalation_mgmt import delivery
from escalation_mgmt.engine import Actor, Context, can_unacknowledge
from escalation_mgmt.engine import unacknowledge as engine_unacknowledge
from escalation_mgmt.facts.calendars import Calendars
from escalation_mgmt.facts.people import Directory
from escalation_mgmt.facts.tickets import Tickets
from escalation_mgmt.storage import action_items, decisions
from escalation_mgmt.utils import clock


def unacknowledge(item: str, *, by: str, user: str = "") -> tuple[bool, str]:
	"""Take an acknowledgement back; whether it was done, and in words what became of it.

	The step that comes next is due after its own wait, counted from now. `by` is the name that history shows, `user` the
	user where it is one. The caller has checked that this person may, and commits.
	"""
	found = action_items.lock([item])
	if not found:
		return False, _("There is no Escalation Action Item {0}.").format(item)
	stored, now = found[0], clock.now()
	if not can_unacknowledge(stored.item):
		return False, _("The escalation is {0}; there is nothing to give back.").format(_(stored.item.status))
	read = Tickets([stored.key])
	ticket = read[stored.key]
	context = Context(now, working=Calendars().of(stored.item.plan, ticket))
	decision = engine_unacknowledge(stored.item, Actor(name=by, user=user), ticket, context)
	decisions.apply([(stored, decision)], Directory(), read, now)
	delivery.soon()
	due = clock.shown(decision.item.due_at)
	if decision.item.in_last_wait:
		return True, _("Given back. No step is left: the last wait begins anew, and ends at {0}.").format(due)
	return True, _("Given back. The escalation goes on; what comes next is due at {0}.").format(due)
