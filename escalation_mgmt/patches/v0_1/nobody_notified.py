"""Action items from before they kept that a whole pass reached nobody: their history says so."""

import frappe


def execute() -> None:
	frappe.db.sql(
		"update `tabEscalation Action Item` set `nobody_notified` = 1 where `name` in"
		" (select `action_item` from `tabEscalation Event` where `kind` = 'Nobody Notified')"
	)
