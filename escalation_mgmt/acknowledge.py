"""The one function in which every way of acknowledging ends: button, API, link, reply, key."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import frappe
from frappe import _

from escalation_mgmt import clock, delivery, faults, store
from escalation_mgmt.engine import Status
from escalation_mgmt.engine import acknowledge as engine_acknowledge
from escalation_mgmt.people import Directory
from escalation_mgmt.tickets import Tickets


@dataclass(frozen=True, slots=True)
class Acknowledgement:
	"""What became of an attempt to acknowledge. `by`, `at` (UTC) and `via` are those of who has it."""

	taken: bool  # by this attempt
	status: Status
	by: str = ""
	at: datetime | None = None
	via: str = ""

	@property
	def in_words(self) -> str:
		if self.taken:
			return _("Acknowledged. The escalation has stopped.")
		if self.by:
			return _("{0} acknowledged this already ({1}).").format(self.by, _(self.via))
		return _("There is nothing to acknowledge any more: the escalation is {0}.").format(_(self.status))


def acknowledge(item: str, *, by: str, via: str, user: str = "", address: str = "") -> Acknowledgement:
	"""Acknowledge an action item. The caller has checked that this person may.

	`by` is the name that history shows, `user` the user where it is one, `address` the address where it isn't,
	`via` the door. The caller's transaction must be committed for it to count. Raises DoesNotExistError where there is no
	such item.
	"""
	found = store.lock([item])
	if not found:
		raise frappe.DoesNotExistError(_("There is no Escalation Action Item {0}.").format(item))
	stored, now = found[0], clock.now()
	decision = engine_acknowledge(stored.item, by, via, now, user=user, address=address)
	if not decision:
		return _as_it_is(stored)
	store.apply([(stored, decision)], Directory(), Tickets([stored.key]), now)
	faults.around_commit("acknowledge")
	delivery.soon()
	return Acknowledgement(True, decision.item.status, by, now, via)


def acknowledge_by(message: Any, via: str) -> Acknowledgement:
	"""Acknowledge by whom a message went to. It has `action_item`, `recipient`, `user` and `address`."""
	address = "" if message.user else message.address or ""
	return acknowledge(
		message.action_item, by=message.recipient, via=via, user=message.user or "", address=address
	)


def as_it_is(item: str) -> Acknowledgement | None:
	"""Who has it, without changing anything; None where there is no such item."""
	found = store.read([item])
	return _as_it_is(found[0]) if found else None


def _as_it_is(stored: store.Stored) -> Acknowledgement:
	item = stored.item
	return Acknowledgement(
		False, item.status, item.acknowledged_by, item.acknowledged_at, item.acknowledged_via
	)
