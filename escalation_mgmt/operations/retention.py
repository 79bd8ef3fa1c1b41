"""What is kept, and for how long. Once a day; nothing that runs is touched.

Full addresses go seven days after an escalation has ended (design rule 9): what history shows is masked anyway.
Escalations that ended go after as many days as Escalation Settings say, with all that belongs to them.
"""

from collections.abc import Callable
from datetime import timedelta

import frappe
from frappe.utils import cint, now_datetime

from escalation_mgmt.engine import RUNNING
from escalation_mgmt.notifiers.push import devices
from escalation_mgmt.storage import acts, bell, callbacks, circuits, message_secrets, turns
from escalation_mgmt.utils import clock, rows
from escalation_mgmt.utils.doctypes import (
	DEVICE,
	EVENT,
	ITEM,
	NOTIFICATION,
	NOTIFICATION_SECRET,
	PLAN,
	PLAN_VERSION,
	SETTINGS,
)
from escalation_mgmt.utils.error_reports import reported

ADDRESSES_KEPT = timedelta(days=7)
CIRCUITS_KEPT = timedelta(days=7)  # that nobody has tried since
DEAD_DEVICES_KEPT = timedelta(days=30)
BATCH = 500


@reported("Escalation: retention failed", job=True)
def daily() -> None:
	"""The scheduled job. Commits after every batch."""
	_in_batches(_forget_addresses)
	_remove_dead_devices()
	callbacks.forget()
	circuits.forget_older(clock.now() - CIRCUITS_KEPT)
	frappe.db.commit()
	if days := cint(frappe.db.get_single_value(SETTINGS, "keep_days")):
		_in_batches(lambda: _remove(timedelta(days=days)))
		turns.forget(timedelta(days=days), clock.now())
		_remove_unused_versions()
		frappe.db.commit()


def _in_batches(do: Callable[[], int]) -> None:
	while do():
		frappe.db.commit()
	frappe.db.commit()


def _forget_addresses() -> int:
	names = frappe.db.sql(
		f"select n.`name` from `tab{NOTIFICATION}` n join `tab{ITEM}` i on i.`name` = n.`action_item`"
		f" join `tab{NOTIFICATION_SECRET}` s on s.`name` = n.`name`"
		f" where i.`ended_utc` < %s and s.`address` != '' and n.`next_attempt_utc` is null limit {BATCH}",
		(clock.now() - ADDRESSES_KEPT,),
	)
	if names:
		message_secrets.forget_addresses([row[0] for row in names])
	return len(names)


def _remove(kept: timedelta) -> int:
	names = frappe.get_all(
		ITEM,
		filters={"ended_utc": ("<", clock.now() - kept), "status": ("not in", sorted(RUNNING))},
		pluck="name",
		order_by="ended_utc asc",
		limit=BATCH,
	)
	if names:
		message_secrets.remove(names)
		acts.remove(names)
		bell.remove(names)
		for doctype in (NOTIFICATION, EVENT):
			frappe.db.delete(doctype, {"action_item": ("in", names)})
		for column in ("replaces", "replaced_by"):
			frappe.db.sql(
				f"update `tab{ITEM}` set `{column}` = null where `{column}` in ({rows.placeholders(names)})",
				tuple(names),
			)
		for name in names:  # by Frappe's own way, which knows of comments and attachments
			frappe.delete_doc(ITEM, name, force=True, ignore_permissions=True, delete_permanently=True)
	return len(names)


def _remove_unused_versions() -> None:
	"""Frozen plans that no escalation ran by any more; the present one of each plan stays."""
	frappe.db.sql(
		f"delete from `tab{PLAN_VERSION}`"
		f" where `name` not in (select `plan_version` from `tab{ITEM}` where `plan_version` is not null)"
		f" and `name` not in (select `plan_version` from `tab{PLAN}` where `plan_version` is not null)"
	)


def _remove_dead_devices() -> None:
	"""Those whose push service has said that they are gone."""
	long_gone = {"dead": 1, "modified": ("<", now_datetime() - DEAD_DEVICES_KEPT)}
	devices.delete(frappe.get_all(DEVICE, filters=long_gone, pluck="name", order_by="name"))
