"""What stood in comments on tickets goes: whoever may read a ticket reads those. Desk's timeline shows it to whom it concerns.

A line has its event's name; older ones are told by how they begin.
"""

import frappe

from escalation_mgmt.utils.doctypes import EVENT, ITEM


def execute() -> None:
	ours = "`comment_type` = 'Info' and `content` like 'Escalation: %%'"
	frappe.db.sql(
		f"delete from `tabComment` where `comment_type` = 'Info' and `name` in (select `name` from `tab{EVENT}`)"
	)
	for doctype in frappe.get_all(
		ITEM, pluck="reference_doctype", distinct=True, order_by="reference_doctype"
	):
		frappe.db.sql(f"delete from `tabComment` where {ours} and `reference_doctype` = %s", (doctype,))
