"""What Desk's timeline of a ticket shows of its escalations, in the reader's language, for those whom they concern.

Where a helpdesk has a list of activities of its own, they stand there (`storage.activity`).
"""

from typing import Any

import frappe
from frappe import _
from frappe.utils import escape_html

from escalation_mgmt.facts import sources
from escalation_mgmt.storage import activity, history
from escalation_mgmt.utils.doctypes import ITEM
from escalation_mgmt.utils.identity import is_there

ITEMS = 20  # the newest: whoever wants older ones has the report


def of_ticket(doctype: str, name: str) -> list[dict[str, Any]]:
	"""Frappe's hook `additional_timeline_content`, for every document that is opened: [{"creation": in the site's zone,
	"content": HTML, "icon", "is_card"}]. The user may read the document.
	"""
	if not sources.is_source(doctype) or activity.log_of(doctype) or not frappe.has_permission(ITEM, "read"):
		return []
	items = frappe.get_list(
		ITEM,
		filters={"reference_doctype": doctype, "reference_name": str(name)},
		fields=["name", "ticket_created"],
		order_by="name desc",
		limit=ITEMS,
	)
	return [
		{
			"icon": "notifications",
			"is_card": False,
			"creation": str(line["at"]),
			"content": escape_html(_("Escalation: {0}").format(line["line"])),
		}
		for item in items
		if is_there(doctype, name, item.ticket_created)
		for line in history.of_item(item.name)
		if line["kind"] in activity.NOTED
	]
