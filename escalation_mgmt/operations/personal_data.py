"""A user was erased (design rule 9).

Frappe changes the columns that hold a user; here it is done in those that hold JSON, which Frappe doesn't look into. A person
is found by their user, never by their name: another may be called alike, or have it in theirs.
"""

from typing import Any

import frappe

from escalation_mgmt.operations import erasure, erasure_elsewhere
from escalation_mgmt.storage import bell, turns
from escalation_mgmt.utils.doctypes import ITEM

RUNS_BY = ("added", "ack_requests", "acks", "passed_on", "coming", "assignees")


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
	bell.forget_person(person.called, person.names)
	erasure.plans_with(person)
	erasure.contact_of(person)
	turns.forget_user(person.called)
	erasure_elsewhere.settings_with(person)
	erasure_elsewhere.versions_with(person)
	erasure_elsewhere.assignments_of(person)
	erasure_elsewhere.reports_with(person)
