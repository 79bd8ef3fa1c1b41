"""A user has another id now, or was erased (design rule 9).

Frappe changes the columns that hold a user; here it is done in those that hold JSON, which Frappe doesn't look into. A person
is found by their user, never by their name: another may be called alike, or have it in theirs.
"""

import json
from typing import Any

import frappe

from escalation_mgmt.operations import erasure, erasure_elsewhere
from escalation_mgmt.operations.erasure import Erased
from escalation_mgmt.storage import history
from escalation_mgmt.utils.doctypes import EVENT, ITEM, PLAN_VERSION

# The assignees too: the ticket's are read by its ToDos, in which Frappe has the new id at once.
RUNS_BY = ("added", "ack_requests", "acks", "assignees")


def follow_rename(doc: Any, _event: str, old: str, new: str, merge: bool = False) -> None:
	"""What runs goes on with the new id. History keeps what was said, and knows whom it means."""
	if doc.doctype != "User":
		return
	renamed = Erased(user=old, called=new)
	erasure.in_items(renamed, RUNS_BY)
	for name, content in erasure.rows_with(PLAN_VERSION, "content", [old]):
		erasure.write(PLAN_VERSION, name, {"content": erasure.plan_of(content, renamed)})
	for name, data in erasure.rows_with(EVENT, "data", [old]):
		line = json.loads(data)
		people = {
			key: [[new if user == old else user, shown] for user, shown in named]
			for key, named in line.get(history.PEOPLE, {}).items()
		}
		if people:
			line[history.PEOPLE] = people
			erasure.write(EVENT, name, {"data": history.encoded(line)})


def erase(request: Any, _event: str) -> None:
	"""A Personal Data Deletion Request was carried out: whoever it names is called by the request's name everywhere.

	Frappe has renamed the user by now, and every column that links to it. All of it is done here, and nothing by Frappe's
	`user_data_fields`: those would blank the person's numbers before the rows that repeat them can be found.
	"""
	if request.status != "Deleted":
		return
	person = erasure.known(request.email, request.name, getattr(request, "full_name", "") or "")
	erasure.history_of(person)
	erasure.messages_of(person)
	erasure.in_items(person, RUNS_BY)
	frappe.db.set_value(
		ITEM,
		{"acknowledged_user": person.called},
		"acknowledged_by",
		person.called,
		update_modified=False,
	)
	erasure.plans_with(person)
	erasure.contact_of(person)
	erasure_elsewhere.settings_with(person)
	erasure_elsewhere.versions_with(person)
	erasure_elsewhere.assignments_of(person)
	erasure_elsewhere.reports_with(person)
