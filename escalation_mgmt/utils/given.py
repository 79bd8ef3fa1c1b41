"""What is given to a door as JSON: read, or refused in words."""

from typing import Any, TypeVar

import frappe
from frappe import _

from escalation_mgmt.utils.plain_text import check_storable

T = TypeVar("T", dict, list)


def parsed(given: Any, kind: type[T], what: str) -> T:
	"""The object (dict) or list that `given` is or holds as JSON; an empty one for nothing.

	`what` is the argument's name. Raises ValidationError for anything else.
	"""
	try:
		found = (frappe.parse_json(given) if given else None) or kind()
		check_storable(found)
	except (ValueError, RecursionError):
		found = None
	if not isinstance(found, kind):
		form = _("an object") if kind is dict else _("a list")
		frappe.throw(_("{0} must be {1} in JSON.").format(what, form))
	return found
