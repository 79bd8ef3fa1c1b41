"""What managers wait for: the first page of each report over years of history, against a bare count of the same rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from benchmarks import site
from benchmarks.measure import Figure, median, memory_of, spread

ITEMS, EVENTS_EACH, MESSAGES_EACH = 100_000, 10, 2
PLANS, UNTAKEN = 12, 5_000  # plans that ran; tickets of which no plan took any
ROUNDS, DROPPED = 5, 2  # the first ones beside what the database still writes of the rows
GOAL_SECONDS, GOAL_WEEK_SECONDS, GOAL_RATIO, STRETCH_RATIO = 2.0, 0.5, 10.0, "<= 3"
OF_ITEMS = "select count(*) from `tabEscalation Action Item` where `opened_utc` >= '2020-01-01'"
OF_MESSAGES = (
	"select count(*) from `tabEscalation Notification` page straight_join `tabEscalation Action Item` item"
	" on item.`name` = page.`action_item` where page.`purpose` = 'Page' and item.`opened_utc` >= '2020-01-01'"
)
"""The messages that a report counts are those of items of its period. In the order of joining that is the faster one."""
MESSAGES_BY_INDEX = "select count(*) from `tabEscalation Notification` where `created_utc` >= '2020-01-01'"
"""As many here, but other rows: a message may be younger than its item. Shown beside it, without a goal."""
OF_LINES = "select count(*) from `tabEscalation Event` where `at_utc` >= '2020-01-01'"
OF_TICKETS = "select count(*) from `tabHD Ticket` where `response_by` >= '2020-01-01'"
GOAL_MEGABYTES = 8  # for any number of rows
WIDE = {"from_date": "2020-01-01"}
REPORTS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
	"Escalation History": (WIDE, (OF_ITEMS,)),
	"Response Performance": (WIDE, (OF_ITEMS,)),
	"Method Effectiveness": (WIDE, (OF_ITEMS, OF_MESSAGES)),
	"Load on People": (WIDE, (OF_ITEMS, OF_MESSAGES)),
	"SLA Effect": (WIDE, (OF_TICKETS,)),
	"What to Improve": (WIDE, (OF_ITEMS, OF_MESSAGES, OF_LINES, OF_TICKETS)),
}
"""Each with its filters, and the counts of the rows that it is about."""


def measure() -> list[Figure]:
	import frappe

	site.clean()
	_add_plans()
	_fill()
	figures: list[Figure] = []
	for report, (filters, counts) in REPORTS.items():
		by_index = tuple(MESSAGES_BY_INDEX if sql is OF_MESSAGES else sql for sql in counts)
		run = partial(_run, report, filters)
		ours, bare, indexed = _in_turns(run, partial(_count, counts), partial(_count, by_index))
		megabytes = memory_of(run)
		figures += [
			Figure(
				name=f"{report}, {ITEMS:,} items, s",
				value=spread(ours),
				goal=f"<= {GOAL_SECONDS:g}",
				met=median(ours) <= GOAL_SECONDS,
			),
			Figure(name="... a bare count of the same rows, s", value=spread(bare)),
			Figure(
				name="... ratio",
				value=_shown(ratios := _ratios(ours, bare)),
				goal=f"<= {GOAL_RATIO:g}",
				met=median(ratios) <= GOAL_RATIO,
				ratio=True,
				stretch=STRETCH_RATIO,
			),
			Figure(
				name="... memory at its most, MB",
				value=f"{megabytes:.1f}",
				goal=f"<= {GOAL_MEGABYTES}",
				met=megabytes <= GOAL_MEGABYTES,
			),
		]
		if by_index != counts:
			figures.append(
				Figure(
					name="... ratio to counts that an index answers",
					value=_shown(_ratios(ours, indexed)),
				)
			)
	week = {"from_date": frappe.utils.add_days(frappe.utils.today(), -6)}
	(taken,) = _in_turns(partial(_run, "Escalation History", week))
	figures.append(
		Figure(
			name="Escalation History of a week, s",
			value=spread(taken),
			goal=f"<= {GOAL_WEEK_SECONDS:g}",
			met=median(taken) <= GOAL_WEEK_SECONDS,
		)
	)
	return figures


def _in_turns(*what: Callable[[], object]) -> list[list[float]]:
	"""The seconds that each took, by round."""
	found = [[_seconds(each) for each in what] for _round in range(ROUNDS + DROPPED)][DROPPED:]
	return [[*taken] for taken in zip(*found, strict=True)]


def _ratios(ours: Sequence[float], bare: Sequence[float]) -> list[float]:
	return [each / of for each, of in zip(ours, bare, strict=True)]


def _shown(ratios: list[float]) -> str:
	return f"{median(ratios):.1f} ({min(ratios):.1f}-{max(ratios):.1f})"


def _seconds(do: Callable[[], object]) -> float:
	started = time.perf_counter()
	do()
	return time.perf_counter() - started


def _run(report: str, filters: dict[str, Any]) -> None:
	import frappe
	from frappe.desk import query_report

	frappe.local.cache = {}
	assert query_report.run(report, filters=dict(filters))["result"]


def _count(counts: tuple[str, ...]) -> None:
	import frappe

	for sql in counts:
		assert frappe.db.sql(sql)[0][0]


def _add_plans() -> None:
	"""What the escalations ran: plans of three steps, enabled for years."""
	import frappe

	for number in range(PLANS):
		plan = frappe.new_doc("Escalation Plan")
		steps = [
			{"wait": 600 * place, "method": "Email", "whom": "Assignee", "idx": place + 1}
			for place in range(3)
		]
		plan.update(
			{"title": f"Plan {number}", "reference_doctype": "HD Ticket", "plan_owner": "Administrator"}
		)
		plan.update({"rank": 900 + number, "condition": "False", "steps": steps})
		plan.insert()
	frappe.db.sql("update `tabEscalation Plan` set `enabled_utc` = '2020-01-01'")
	frappe.db.commit()


def _fill() -> None:
	"""Two years of escalations, each with its messages and its lines of history. In the database alone: a million rows, one item's
	after another's, as they come: written item by item tenfold, indexes would be twice as large.
	"""
	import frappe

	now = "utc_timestamp(6)"
	frappe.db.sql(
		"insert into `tabEscalation Action Item` (`name`, `creation`, `modified`, `owner`, `reference_doctype`,"
		" `reference_name`, `ticket_subject`, `priority`, `team`, `plan`, `clock`, `status`, `current_step`, `opened_utc`,"
		" `acknowledged_utc`, `acknowledged_by`, `acknowledged_user`, `updated_utc`, `nobody_notified`,"
		" `plan_version`)"
		f" select lpad(hex(seq), 24, '0'), {now}, {now}, 'Administrator', 'HD Ticket', seq, concat('Outage ', seq),"
		" elt(1 + seq % 4, 'Low', 'Medium', 'High', 'Urgent'), elt(1 + seq % 5, 'A', 'B', 'C', 'D', null),"
		f" concat('Plan ', seq % {PLANS}), elt(1 + seq % 3, 'First Response', 'Next Response', 'Resolution'),"
		" elt(1 + seq % 10, 'Escalating', 'Exhausted', 'Resolved', 'Resolved', 'Acknowledged', 'Acknowledged',"
		" 'Acknowledged', 'Acknowledged', 'Acknowledged', 'Cancelled'), 1 + seq % 3,"
		f" {now} - interval seq * 631 second,"
		f" if(seq % 10 between 4 and 8, {now} - interval seq * 631 second + interval 30 + seq * 7919 % 5000 second, null),"
		" if(seq % 10 between 4 and 8, concat('Technician ', seq % 40), null),"
		f" if(seq % 10 between 4 and 8, concat('tech', seq % 40, '@bench.test'), null), {now}, seq % 25 = 0,"
		" p.`plan_version`"
		f" from seq_1_to_{ITEMS} join `tabEscalation Plan` p on p.`name` = concat('Plan ', seq % {PLANS})"
	)
	frappe.db.sql(
		"insert into `tabEscalation Event` (`name`, `creation`, `modified`, `owner`, `action_item`, `kind`, `step`, `run`,"
		" `at_utc`, `data`)"
		" select concat(i.`name`, lpad(s.seq, 2, '0')), i.`creation`, i.`modified`, 'Escalation', i.`name`,"
		" elt(s.seq, 'Created', 'Window Over', 'Step Ran', 'Sent', 'Delivered', 'Step Ran', 'Sent', 'Delivered',"
		" if(i.`reference_name` % 25 = 0, 'Nobody Notified', 'Retry'), 'Acknowledged'), least(3, (s.seq + 2) div 3), 0,"
		" i.`opened_utc` + interval s.seq minute, '{}'"
		f" from `tabEscalation Action Item` i join seq_1_to_{EVENTS_EACH} s order by i.`name`, s.seq"
	)
	frappe.db.sql(
		"insert into `tabEscalation Notification` (`name`, `creation`, `modified`, `owner`, `action_item`, `purpose`, `method`,"
		" `provider`, `recipient`, `user`, `status`, `step`, `run`, `planned_utc`, `created_utc`, `sent_utc`)"
		" select concat(i.`name`, 'n', s.seq), i.`creation`, i.`modified`, 'Escalation', i.`name`, 'Page',"
		" elt(1 + (i.`reference_name` + s.seq) % 4, 'SMS', 'Email', 'Phone Call', 'iPhone Notification'), '',"
		" concat('Technician ', (i.`reference_name` + s.seq) % 40), concat('tech', (i.`reference_name` + s.seq) % 40,"
		" '@bench.test'), elt(1 + i.`reference_name` % 5, 'Sent', 'Delivered', 'Delivered', 'Failed', 'Answered'), s.seq, 0,"
		" i.`opened_utc` + interval s.seq minute, i.`opened_utc` + interval s.seq minute,"
		" i.`opened_utc` + interval s.seq minute"
		f" from `tabEscalation Action Item` i join seq_1_to_{MESSAGES_EACH} s order by i.`name`, s.seq"
	)
	frappe.db.sql(
		"insert into `tabHD Ticket` (`name`, `creation`, `modified`, `owner`, `subject`, `priority`, `agent_group`, `status`,"
		f" `response_by`, `resolution_by`, `first_responded_on`) select seq, {now}, {now}, 'Administrator', concat('Outage ', seq),"
		" elt(1 + seq % 4, 'Low', 'Medium', 'High', 'Urgent'), elt(1 + seq % 5, 'A', 'B', 'C', 'D', null), 'Open',"
		f" {now} - interval seq * 631 second, {now} - interval seq * 631 second + interval 8 hour,"
		f" {now} - interval seq * 631 - 600 * (seq % 3) second from seq_1_to_{ITEMS + UNTAKEN}"
	)
	frappe.db.commit()
	for table in ("Escalation Action Item", "Escalation Event", "Escalation Notification", "HD Ticket"):
		frappe.db.sql(f"analyze table `tab{table}`")
