"""How many messages one person gets, and how much people can cause by hand: as Escalation Settings say."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import frappe
from frappe.utils import cint

from escalation_mgmt.engine import FOR_CALLS, FOR_PUSHES, FOR_SMS, Limit
from escalation_mgmt.notifiers import Notifier
from escalation_mgmt.utils.doctypes import SETTINGS

DEFAULTS = {
	"limit_minutes": 15,
	"most_sms": FOR_SMS.most,
	"most_calls": FOR_CALLS.most,
	"most_pushes": FOR_PUSHES.most,
	"most_by_one": 30,
	"most_on_ticket": 12,
}
"""The fields of the settings, and what one says in which nothing stands."""

_OF_METHOD = {"SMS": "most_sms", "Phone Call": "most_calls", "iPhone Notification": "most_pushes"}


def of(method: type[Notifier]) -> Limit | None:
	"""The limit for one person by one method; None: there is none. What the settings don't name is as the method says."""
	if not method.limit:
		return None
	field = _OF_METHOD.get(method.method)
	return replace(method.limit, most=said(field) if field else method.limit.most, within=within())


def within() -> timedelta:
	"""The span in which is counted."""
	return timedelta(minutes=said("limit_minutes"))


def to_one(method: str) -> int:
	"""How many messages by a method one person can be sent by hand: as by plans; where these have no limit, as notifications."""
	return said(_OF_METHOD.get(method, "most_pushes"))


def said(field: str) -> int:
	return cint(frappe.get_cached_doc(SETTINGS).get(field)) or DEFAULTS[field]


def fill(settings: Any) -> None:
	"""Write into the settings what one says in which nothing stands, or nought: nobody means that nobody is told."""
	for field, value in DEFAULTS.items():
		if not cint(settings.get(field)):
			settings.set(field, value)
