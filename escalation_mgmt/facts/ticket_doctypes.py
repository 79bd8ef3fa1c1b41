"""Which DocTypes can hold tickets. Those of the system can't: a plan's texts and conditions would read them."""

import frappe
from frappe import _

WORK_OF_FRAPPE = frozenset({"ToDo"})
"""What Frappe itself has for people to work through. All else of it keeps users, keys, mail and settings."""

_SYSTEM_APPS = frozenset({"frappe", "escalation_mgmt"})


def refusal(doctype: str) -> str:
	"""Why documents of a DocType can't be tickets, in words; empty where they can. The DocType exists."""
	meta = frappe.get_meta(doctype)
	if meta.istable or meta.issingle or meta.get("is_virtual"):
		return _(
			"{0} can't hold tickets: it is a part of other documents, or has no table of its own."
		).format(_(doctype))
	app = frappe.local.module_app.get(frappe.scrub(meta.module or ""))
	if not meta.custom and app in _SYSTEM_APPS and doctype not in WORK_OF_FRAPPE:
		return _("{0} belongs to the system, and no plan may read it. Choose the DocType of tickets.").format(
			_(doctype)
		)
	return ""
