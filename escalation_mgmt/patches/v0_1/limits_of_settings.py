"""Settings from before there were limits for one person: they say what is counted by."""

import frappe

from escalation_mgmt.facts.limits import DEFAULTS
from escalation_mgmt.utils.doctypes import SETTINGS


def execute() -> None:
	for field, value in DEFAULTS.items():
		if not frappe.db.get_single_value(SETTINGS, field):
			frappe.db.set_single_value(SETTINGS, field, value)
	frappe.clear_document_cache(SETTINGS, SETTINGS)
