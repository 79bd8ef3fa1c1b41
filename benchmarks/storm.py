"""A storm: thousands of escalations fall due at once for a few people, by SMS. What wakes them, how soon, and what is left of it."""

from __future__ import annotations

import time
from datetime import UTC

from benchmarks import counts, site
from benchmarks.dispatchers import Dispatchers
from benchmarks.measure import Figure, median, percentile, sink, wrong

COUNT, PEOPLE = 3000, 30
SECONDS = 90  # what is above a limit waits for one minute
GOAL_FIRST = 3.0  # seconds


def measure() -> list[Figure]:
	"""Messages that go out, seconds until each person's first, and what isn't in history."""
	import frappe

	from escalation_mgmt.engine import FOR_SMS
	from escalation_mgmt.utils import clock

	name = f"{COUNT} due at once for {PEOPLE} people"
	with sink() as receiver:
		site.plan(receiver, site.SMS, people=PEOPLE)
		with Dispatchers():
			site.waiting(COUNT)
			receiver.forget()
			due = site.fall_due()
			time.sleep((due - clock.now()).total_seconds() + FOR_SMS.waits.total_seconds())
			settled = counts.settled(SECONDS - FOR_SMS.waits.total_seconds())
		received = receiver.all()
	frappe.db.rollback()
	rows = frappe.db.sql(
		"select `name`, `action_item`, `user`, `status`, `bundle` from `tabEscalation Notification`",
		as_dict=True,
	)
	whose = {row.name: row.user for row in rows}
	strange = received.keys() - whose.keys()
	unsent = sum(row.status != "Sent" for row in rows)
	untold = _untold(rows)
	if not settled or strange or unsent or untold or len(rows) != COUNT:
		what = f"{len(rows)} messages, {unsent} not sent, {len(strange)} unknown, {untold} not in history"
		return [wrong(name, what)]
	first: dict[str, float] = {}
	for message, times in received.items():
		after = min(times) - due.replace(tzinfo=UTC).timestamp()
		first[whose[message]] = min(after, first.get(whose[message], after))
	most = PEOPLE * (FOR_SMS.most + 1)
	sent = sum(map(len, received.values()))
	late = list(first.values())
	return [
		Figure(
			name=f"{name}: SMS that go out", value=str(sent), goal=f"<= {most}", met=sent <= most, ratio=True
		),
		Figure(
			name="... until each person's first, s",
			value=f"{median(late):.2f} (p99 {percentile(late, 0.99):.2f}, max {max(late):.2f})",
			goal=f"<= {GOAL_FIRST:g}",
			met=len(late) == PEOPLE and max(late) <= GOAL_FIRST,
		),
		Figure(name="... not in history", value="0", goal="0"),
	]


def _untold(rows: list) -> int:
	"""How many of these messages no line says were sent, or which bundle they went in."""
	import frappe

	said = {
		kind: {
			row[0]
			for row in frappe.db.sql(
				"select `notification` from `tabEscalation Event` where `kind` = %s", kind
			)
		}
		for kind in ("Sent", "Bundled")
	}
	return sum(
		row.name not in said["Sent"] or (bool(row.bundle) and row.name not in said["Bundled"]) for row in rows
	)
