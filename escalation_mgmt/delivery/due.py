"""Which methods have messages that are due."""

from datetime import timedelta

import frappe

from escalation_mgmt import notifiers
from escalation_mgmt.storage.circuits import Circuits
from escalation_mgmt.utils import clock, rows
from escalation_mgmt.utils.doctypes import NOTIFICATION


def waits_aside(method: str) -> bool:
	"""Whether a message is due to an endpoint that has refused something and taken nothing since."""
	notifier = notifiers.classes().get(method)
	aside = Circuits.read().troubled(method) if notifier and notifier.to_endpoints else []
	return bool(aside) and bool(
		frappe.db.sql(
			f"select 1 from `tab{NOTIFICATION}` where `method` = %s and `next_attempt_utc` <= %s"
			f" and `endpoint` in ({rows.placeholders(aside)}) limit 1",
			(method, clock.now(), *aside),
		)
	)


def methods_due(late: timedelta = timedelta(0)) -> list[str]:
	"""The methods of the messages that are due, and have been for so long; those due longest first. Ends the caller's
	transaction."""
	frappe.db.rollback()
	found = frappe.db.sql(
		f"select `method`, min(`next_attempt_utc`) from `tab{NOTIFICATION}` where `next_attempt_utc` <= %s"
		" group by `method` order by 2",
		(clock.now() - late,),
	)
	return [method for method, _since in found]
