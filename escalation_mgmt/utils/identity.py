"""Which ticket a name stands for: a name is given again once its ticket is deleted, so `creation` is part of what one is.

Stamps are `creation` as the ticket's row has it, in the site's zone: compared, never computed with.
"""

from datetime import datetime

import frappe
from frappe.utils import get_datetime


def as_stamp(creation: datetime | str | None) -> datetime | None:
	"""Databases and documents say it as a time or as a text."""
	return get_datetime(creation) if creation else None


def stamp_of(doctype: str, name: str) -> datetime | None:
	"""The stamp of the ticket that has the name now; None: there is none."""
	return as_stamp(frappe.db.get_value(doctype, name, "creation"))


def is_there(doctype: str, name: str, created: datetime | str | None) -> bool:
	"""Whether the ticket that was `created` then exists; None: whether any of that name does."""
	stamp = stamp_of(doctype, name)
	return stamp is not None and (not created or as_stamp(created) == stamp)
