"""One claim at a time of what is counted: two that count at once would both give away the last place, or the same code."""

import frappe

from escalation_mgmt.utils.doctypes import SETTINGS


def take() -> None:
	"""Hold it until this transaction ends. To be called before anything else of the transaction is read."""
	frappe.db.sql(
		"select `value` from `tabSingles` where `doctype` = %s and `field` = 'installation_id' for update",
		(SETTINGS,),
	)
