"""The account of one action item, to be printed: what it was, each step with its time, method and person, and its history.

As the print format *Escalation Account* shows it. In the reader's language, in the site's zone, and without an address that isn't
masked: history and messages name people as history does.
"""

from datetime import datetime
from typing import Any

from frappe import _

from escalation_mgmt.engine import EventKind
from escalation_mgmt.storage import action_items, history, outbox, wording
from escalation_mgmt.storage.message_state import MessageState, Purpose
from escalation_mgmt.utils import clock
from escalation_mgmt.views import figures

_WITHOUT_MESSAGE = (EventKind.STEP_RAN, EventKind.UNREACHABLE, EventKind.PASSED_OVER)


def of_item(doc: Any) -> dict[str, Any]:
	"""{"title", "head": [(label, value)], "columns": labels, "steps": [{"number", "at", "method", "person", "outcome"}], "lines":
	[{"at", "line"}], "foot"} of the action item `doc`, which the present user may print. All of it plain text.
	"""
	happened = history.read(doc.name)
	return {
		"title": _("Escalation {0}: {1}").format(doc.name, doc.ticket_subject or doc.reference_name),
		"head": [(label, str(value)) for label, value in _head(doc) if value],
		"columns": [_("Step"), _("Time"), _("Method"), _("Person"), _("Outcome")],
		"steps": _steps(doc.name, happened),
		"lines": [{"at": clock.shown(each["at_utc"]), "line": each["line"]} for each in happened],
		"foot": _("All times in {0}. As of {1}.").format(clock.zone(), clock.shown(clock.now())),
	}


def _head(doc: Any) -> list[tuple[str, Any]]:
	return [
		(_("Ticket"), f"{_(doc.reference_doctype)} {doc.reference_name}"),
		(_("Subject"), doc.ticket_subject),
		(_("Priority"), doc.priority),
		(_("Team"), doc.team),
		(_("Plan"), doc.plan),
		(_("Clock"), _(doc.clock)),
		(_("Status"), wording.status(doc.status)),
		(_("Created"), clock.shown(doc.opened_utc)),
		(_("Acknowledged By"), doc.acknowledged_by),
		(_("Acknowledged At"), clock.shown(doc.acknowledged_utc)),
		(_("Acknowledged Via"), _(doc.acknowledged_via or "")),
		(_("Acknowledgements"), action_items.tally(doc)),
		(_("Time to Acknowledge"), _time_to_acknowledge(doc)),
		(_("Ended At"), clock.shown(doc.ended_utc)),
	]


def _time_to_acknowledge(doc: Any) -> str:
	taken = figures.seconds_between(doc.opened_utc, doc.acknowledged_utc)
	return "" if taken is None else wording.duration(taken)


def _steps(item: str, happened: list[dict[str, Any]]) -> list[dict[str, Any]]:
	"""A row for each message of a step, and one for each step that had none for somebody, or for anybody."""
	pages = [row for row in outbox.of_item(item) if row.purpose == Purpose.PAGE]
	missed = (event for event in happened if event["kind"] == EventKind.UNREACHABLE)
	said = {(row.step, row.run) for row in pages} | {(event["step"], event["run"]) for event in missed}
	found = [(row.created_utc, _page(row)) for row in pages]
	for event in happened:
		if event["kind"] not in _WITHOUT_MESSAGE or not event["step"]:
			continue
		if event["kind"] == EventKind.STEP_RAN and (event["step"], event["run"]) in said:
			continue
		found.append((event["at_utc"], _without_message(event)))
	return [row for _at, row in sorted(found, key=lambda each: each[0])]


def _page(row: Any) -> dict[str, Any]:
	outcome, at = _(row.status), clock.shown(row.sent_utc)
	if row.status == MessageState.SENT:
		outcome = _("Sent {0}").format(at)
	elif at:
		outcome = _("{0}; sent {1}").format(outcome, at)
	if row.possible_duplicate:
		outcome = f"{outcome} ({_('possible duplicate')})"
	return _row(row.step, row.created_utc, row.method, row.recipient, f"{outcome}. {row.detail or ''}")


def _without_message(event: dict[str, Any]) -> dict[str, Any]:
	said = event["data"]
	person = said.get("who") or said.get("to")
	return _row(event["step"], event["at_utc"], said.get("method"), person, event["line"])


def _row(number: int | None, at: datetime, method: Any, person: Any, outcome: str) -> dict[str, Any]:
	return {
		"number": number or "–",
		"at": clock.shown(at),
		"method": _(method or "") or "–",
		"person": person or "–",
		"outcome": outcome.strip(),
	}
