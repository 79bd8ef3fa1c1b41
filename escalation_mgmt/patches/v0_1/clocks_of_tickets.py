"""Plans and items from before there was more than one clock are about the first response; a plan's start has another name."""

import frappe

from escalation_mgmt.utils.doctypes import ITEM, PLAN


def execute() -> None:
	for doctype in (PLAN, ITEM):
		frappe.db.sql(
			f"update `tab{doctype}` set `clock` = 'First Response' where coalesce(`clock`, '') = ''"
		)
	frappe.db.sql(
		f"update `tab{PLAN}` set `start` = 'At the Deadline' where `start` = 'At the Response Deadline'"
	)
