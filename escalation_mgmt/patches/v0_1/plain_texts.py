"""What strangers wrote is plain text in the rows that there are, as in those that are written now.

Of recipients the names of people alone: an address's label is what its acknowledgement is counted under.
"""

import json
from collections.abc import Callable

import frappe

from escalation_mgmt.utils import rows
from escalation_mgmt.utils.doctypes import DEVICE, EVENT, ITEM, MAINTENANCE, NOTIFICATION
from escalation_mgmt.utils.plain_text import cell, plain_values


def execute() -> None:
	_rewrite(ITEM, "ticket_subject", lambda row: cell(row.ticket_subject, 140))
	_rewrite(ITEM, "parked", lambda row: cell(row.parked, 2000))
	_rewrite(ITEM, "acknowledged_by", lambda row: _name(row.acknowledged_by, row.acknowledged_user))
	_rewrite(NOTIFICATION, "detail", lambda row: cell(row.detail, 2000))
	_rewrite(NOTIFICATION, "provider_message_id", lambda row: cell(row.provider_message_id, 140))
	_rewrite(NOTIFICATION, "recipient", lambda row: _name(row.recipient, row.user))
	_rewrite(EVENT, "data", lambda row: _data(row.data))
	_rewrite(DEVICE, "label", lambda row: cell(row.label, 140))
	_rewrite(DEVICE, "dead_reason", lambda row: cell(row.dead_reason, 500))
	_rewrite(MAINTENANCE, "reason", lambda row: "\n".join(map(cell, row.reason.split("\n"))))


def _rewrite(doctype: str, column: str, written: Callable) -> None:
	"""Go through a table in sets, by its names, and write what isn't as it would be written now."""
	last = ""
	while found := frappe.db.sql(
		f"select * from `tab{doctype}` where `name` > %s order by `name` limit {rows.CHUNK}",
		last,
		as_dict=True,
	):
		changed = [(row.name, written(row)) for row in found if row[column]]
		before = {row.name: row[column] for row in found}
		rows.update_all(
			doctype, [{"name": name, column: text} for name, text in changed if text != before[name]]
		)
		frappe.db.commit()
		last = found[-1].name


def _name(label: str, user: str | None) -> str:
	return cell(label, 140) if user else label


def _data(written: str) -> str:
	try:
		data = json.loads(written)
	except ValueError:
		return written
	plain = plain_values(data) if isinstance(data, dict) else data
	return written if plain == data else json.dumps(plain, ensure_ascii=False)
