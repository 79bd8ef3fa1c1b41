"""Whatever happens in whatever order, the rules hold in the running app: checked from its rows, and from what was received.

The same idea as `tests/engine/test_rules.py`, on a site, with the app's own store, delivery and doors, and local providers. A
process that dies is an exception that nothing here catches; `test_crash` kills real ones.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import frappe
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
	RuleBasedStateMachine,
	initialize,
	invariant,
	precondition,
	rule,
	run_state_machine_as_test,
)

from escalation_mgmt.actions.acknowledge import acknowledge
from escalation_mgmt.actions.add_person import add_person
from escalation_mgmt.actions.escalate_now import escalate_now
from escalation_mgmt.actions.hand_over import hand_over
from escalation_mgmt.actions.snooze import snooze
from escalation_mgmt.actions.unacknowledge import unacknowledge
from escalation_mgmt.dispatch import dispatcher, sweep
from escalation_mgmt.engine import RUNNING, Actor, Status, can_acknowledge
from escalation_mgmt.storage import action_items, acts
from escalation_mgmt.utils import clock, fault_points
from escalation_mgmt.utils.doctypes import ITEM, MAINTENANCE
from tests.profiles import NIGHTLY
from tests.world import PAGER, World

EXAMPLES, STEPS = (60, 50) if NIGHTLY else (10, 20)
POINTS = (
	*("dispatcher.set.before", "dispatcher.set.after", "delivery.claimed.before", "delivery.claimed.after"),
	*("delivery.taken", "delivery.recorded.before", "delivery.recorded.after", "sweep.before", "sweep.after"),
	*("act.before", "act.after"),
)
ACTED = ("Act Done", "Act Failed", "Act Withdrawn")
GIVEN_BACK = ("No Longer Acknowledged", "Handed Over", "Timed Out")
PEOPLE = ("tech@x.test", "lead@x.test", "second@x.test")
which = st.integers(0, 20)


class Died(BaseException):
	"""The process is gone: nothing catches this, and what wasn't committed is undone."""


class AnyOrder(RuleBasedStateMachine):
	steps = 0

	def __init__(self, world: World) -> None:
		super().__init__()
		self.world = world
		self.tickets: list[Any] = []
		self.received: list[tuple[str, datetime]] = []  # notification, and when
		self.over: set[str] = set()  # items that somebody had, or that had ended, before this step
		self.first: dict[str, Any] = {}  # items as they were opened
		world.clean()
		world.providers.faults.clear()
		world.inbox.clear()

	@initialize(repeats=st.integers(0, 1), start=st.sampled_from(["At Once", "After Its Own Window"]))
	def a_helpdesk(self, repeats: int, start: str) -> None:
		self.world.endpoint(timeout=5)
		plan = self.world.plan(
			*((0, "Email"), (0, "HTTP POST", "Endpoint", PAGER), (5, "Email", "User", "lead@x.test")),
			*((5, "Email"), (0, "Email", "Role", "Agent")),
			title="High",
			repeats=repeats,
			repeat_pause=600,
			start=start,
		)
		plan.steps[4].update({"acknowledgements": "Some", "acknowledgement_count": 2})
		plan.save()
		frappe.db.commit()
		self.world.plan(
			(0, "Email"),
			(3, "HTTP POST", "Endpoint", PAGER),
			title="Urgent",
			priorities=["Urgent"],
			window=60,
			after_maintenance="Start Over",
		)
		self.world.plan(
			(0, "Email"),
			(5, "Email"),
			title="Assignee",
			priorities=["Medium"],
			window=60,
			ack_timeout=600,
			ack_grace=120,
			assign_on_acknowledgement=1,
		)
		also = {"priorities": ["High", "Urgent"], "last_wait": 600}
		following = self.world.plan((0, "Email"), title="Next", clock="Next Response", window=120, **also)
		following.append(
			"steps", {"wait": 60, "method": "Internal Comment", "message": "{{ ticket.subject }} waits"}
		)
		following.append(
			"steps", {"wait": 0, "method": "Assign the Ticket", "whom": "User", "user": "lead@x.test"}
		)
		following.save()
		resolve = self.world.plan(
			(0, "Email"),
			(5, "HTTP POST", "Endpoint", PAGER),
			title="Resolve",
			clock="Resolution",
			start="Before the Deadline",
			lead=1800,
			window=900,
			**also,
		)
		resolve.append("steps", {"wait": 60, "method": "Raise the Priority", "set_priority": "Urgent"})
		resolve.append(
			"steps", {"wait": 60, "method": "Internal Comment", "message": "{{ ticket.subject }} is open"}
		)
		resolve.save()
		frappe.db.commit()

	# --- what can happen

	@rule(priority=st.sampled_from(["High", "Urgent", "Medium", "Low"]), to=st.sampled_from(["", *PEOPLE]))
	def a_ticket_is_logged(self, priority: str, to: str) -> None:
		if len(self.tickets) < 4:
			self.tickets.append(self.world.ticket(f"no. {len(self.tickets)}", to=to, priority=priority))

	@precondition(lambda self: self.tickets)
	@rule(
		which=which,
		announced=st.booleans(),
		fields=st.sampled_from(
			[{"priority": p} for p in ("High", "Urgent", "Medium", "Low")]
			+ [{"status": s} for s in ("Open", "Replied", "Resolved")]
		),
	)
	def a_ticket_changes(self, which: int, announced: bool, fields: dict[str, str]) -> None:
		ticket = self.tickets[which % len(self.tickets)]
		if announced:
			return self.world.change(ticket, **fields)
		category = {"Open": "Open", "Replied": "Paused", "Resolved": "Resolved"}
		if "status" in fields and frappe.get_meta("HD Ticket").has_field("status_category"):
			fields = {**fields, "status_category": category[fields["status"]]}
		frappe.db.set_value("HD Ticket", ticket.name, fields, update_modified=False)
		frappe.db.commit()

	@precondition(lambda self: self.tickets)
	@rule(which=which, what=st.sampled_from(["reply", "asked", "assign"]), to=st.sampled_from(PEOPLE))
	def somebody_writes_or_another_assignee(self, which: int, what: str, to: str) -> None:
		ticket = self.tickets[which % len(self.tickets)]
		if what == "assign":
			self.world.assign(ticket, to)
		else:
			self.world.reply(ticket, sent="Sent" if what == "reply" else "Received")

	@precondition(lambda self: self.tickets)
	@rule(which=which, minutes=st.sampled_from([0, 29, 31, 600]))
	def the_resolution_deadline_moves(self, which: int, minutes: int) -> None:
		ticket = self.tickets[which % len(self.tickets)]
		at = clock.to_site(self.world.now + timedelta(minutes=minutes))
		frappe.db.set_value("HD Ticket", ticket.name, "resolution_by", at, update_modified=False)
		frappe.db.commit()

	@rule(title=st.sampled_from(["High", "Urgent", "Assignee"]))
	def a_plan_is_enabled_again(self, title: str) -> None:
		"""From now on it takes no ticket of before, but what is due, raised or opened again later."""
		plan = frappe.get_doc("Escalation Plan", title)
		for enabled in (0, 1):
			plan.update({"enabled": enabled}).save()
		frappe.db.commit()

	@rule(minutes=st.sampled_from([0, 0.5, 1, 3, 5, 10, 31]))
	def time_passes_and_the_dispatcher_looks(self, minutes: float) -> None:
		self.world.forward(minutes)
		self._nothing_is_due()

	@rule(minutes=st.sampled_from([1, 5, 45]))
	def nobody_dispatches(self, minutes: float) -> None:
		self.world.wait(minutes)

	@rule()
	def the_next_falls_due(self) -> None:
		frappe.db.commit()
		if due := self.world.next_due():
			self.world.now = max(self.world.now, due)
		self.world.tick()
		self._nothing_is_due()

	@rule(point=st.sampled_from(POINTS), number=st.integers(1, 3), minutes=st.sampled_from([0, 3, 10]))
	def the_dispatcher_dies(self, point: str, number: int, minutes: float) -> None:
		self.world.wait(minutes)
		frappe.db.commit()
		with dying(point, number):
			try:
				dispatcher.tick()
				sweep.sweep()
			except Died:
				pass
		frappe.db.rollback()

	@rule()
	def the_sweep(self) -> None:
		self.world.sweep()

	@rule(fault=st.sampled_from(["busy", "refused", "lost", "mail busy", "mail refused", "mail lost"]))
	def a_provider_fails(self, fault: str) -> None:
		pager, smtp = self.world.providers.faults.pager, self.world.providers.faults.smtp
		match fault:
			case "busy":
				pager.status(503)
			case "refused":
				pager.status(400)
			case "lost":
				pager.close(taken=True)
			case "mail busy":
				smtp.refuse(450, "busy")
			case "mail refused":
				smtp.refuse(550, "no")
			case "mail lost":
				smtp.drop(taken=True)

	@precondition(lambda self: self.first)
	@rule(which=which, by=st.sampled_from(PEOPLE))
	def somebody_acknowledges(self, which: int, by: str) -> None:
		names = sorted(self.first)
		name = names[which % len(names)]
		before = frappe.get_doc(ITEM, name)
		done = acknowledge(name, Actor(name=by, user=by, via="Desk"))
		frappe.db.commit()
		still_on_it = before.reminded and before.acknowledged_user == by
		has = by in (before.acks or "")
		assert done.taken == bool((can_acknowledge(before.status) and not has) or still_on_it)
		if not done.taken and before.acknowledged_by:
			assert done.by == before.acknowledged_by, "the other is told who"
		queued = frappe.get_all(
			"Escalation Notification",
			filters={
				**{"action_item": name, "purpose": "Page", "status": "Queued"},
				**({"user": by} if done.waits else {}),
			},
			order_by="name",
		)
		assert not done.taken or not queued, "acknowledgement wins"

	@rule(minutes=st.sampled_from([-5, -1, 0, 1, 5, 30]))
	def a_maintenance_is_announced_or_ended(self, minutes: int) -> None:
		self.world.wait(seconds=1)
		names = frappe.get_all(
			MAINTENANCE, {"ends_utc": (">", self.world.now)}, pluck="name", order_by="name"
		)
		if names and minutes <= 0:
			doc = frappe.get_doc(MAINTENANCE, names[0])
			doc.delete() if minutes else doc.end_now()
		elif minutes > 0:
			now = clock.to_site(self.world.now)
			doc = frappe.new_doc(MAINTENANCE)
			doc.update({"starts_at": now, "ends_at": now + timedelta(minutes=minutes), "reason": "disks"})
			doc.insert()
		frappe.db.commit()

	@precondition(lambda self: self.first)
	@rule(
		which=which,
		by=st.sampled_from(PEOPLE),
		what=st.sampled_from(["snooze", "give back", "hand over", "add", "escalate", "escalate to"]),
	)
	def somebody_asks_for_more(self, which: int, by: str, what: str) -> None:
		names = sorted(self.first)
		name = names[which % len(names)]
		self.world.wait(seconds=1)  # whoever asks twice in one instant gets two pages in it
		actor, ada = Actor(name=by, user=by, via="Desk"), Actor(name="Ada", via="Desk")
		try:
			match what:
				case "snooze":
					snooze(name, str(clock.to_site(self.world.now + timedelta(minutes=which))), actor)
				case "give back":
					unacknowledge(name, actor)
				case "hand over":
					hand_over(name, by, by, ada)
				case "add":
					add_person(name, by, by, ada)
				case _:
					escalate_now(name, actor, to=which % 5 if what == "escalate to" else 0)
			frappe.db.commit()
		except frappe.ValidationError:  # such as a past instant, or a plan without a step for people
			frappe.db.rollback()
			frappe.clear_messages()

	def _nothing_is_due(self) -> None:
		frappe.db.commit()
		assert not action_items.claim_due(self.world.now, 10), "everyone alone: nothing that is due is left"
		assert not acts.queued(1), "nor anything that was ordered"
		frappe.db.rollback()

	# --- the rules, after each step

	@invariant()
	def the_rules_hold(self) -> None:
		AnyOrder.steps += 1
		frappe.db.rollback()
		self._take()
		items = {row.name: row for row in _all(ITEM)}
		events, messages = defaultdict(list), {row.name: row for row in _all("Escalation Notification")}
		for row in _all("Escalation Event"):
			events[row.action_item].append(row)
		running = [row for row in items.values() if row.status in RUNNING]
		followed = Counter((row.reference_name, row.clock) for row in running if row.running_ticket)
		assert not followed or max(followed.values()) == 1, "one item follows a clock of a ticket"
		for row in running:  # one that was acknowledged late goes on beside the newer one
			assert row.running_ticket or row.status == "Acknowledged"
		for name, item in items.items():
			self._item(item, self.first.setdefault(name, item), events[name])
		for message in messages.values():
			self._message(message, items[message.action_item], events[message.action_item])
		address = {row.name: row.address for row in _all("Escalation Notification Secret")}
		pages = Counter(
			(m.action_item, m.run, m.step, m.method, address[m.name], m.created_utc)
			for m in messages.values()
			if m.purpose == "Page"
		)
		assert not pages or max(pages.values()) == 1, "one claim"
		self._acts(events)
		nobody_has_it = (Status.SCHEDULED, Status.ESCALATING, Status.SNOOZED)
		self.over = {name for name, item in items.items() if item.status not in nobody_has_it}
		log = frappe.get_all("Error Log", fields=["method", "error"], order_by="creation")
		assert not log, log[0].error

	def _take(self) -> None:
		self.seen: list[str] = []
		for message in self.world.inbox.take_all():
			assert message.verified is not False
			name = message.headers["x-escalation-notification"] if message.method == "Email" else message.id
			self.received.append((name, self.world.now))
			self.seen.append(name)

	def _item(self, item: Any, first: Any, events: list[Any]) -> None:
		assert (item.plan_version, item.plan, item.opened_utc) == (
			first.plan_version,
			first.plan,
			first.opened_utc,
		)
		if first.after_answer:
			assert first.priority_level > first.answered_level, "an answered ticket that wasn't raised"
		if item.status != Status.ACKNOWLEDGED or item.plan != "Assignee":  # which alone has a time-out
			stands = item.status not in RUNNING or item.status == Status.ACKNOWLEDGED or item.stalled
			assert (item.due_utc is None) == bool(stands or item.paused_utc)
		assert not item.paused_utc or (item.clock == "Resolution" and item.status in RUNNING)
		assert self._has_it_by_history(events) == bool(item.acknowledged_by)
		kinds = [event.kind for event in events]
		if kinds.count("Nobody Notified") and item.stalled:
			assert kinds.count("Unreachable")

	def _has_it_by_history(self, events: list[Any]) -> bool:
		"""Whether somebody has the item in the end; each line has to fit to those before it."""
		ran: list[tuple[int, int]] = []
		stalled = has_it = False
		for event in events:
			if event.kind == "Maintenance Over" and '"over"' in event.data:
				ran = []
			if event.kind == "Started Again" or (stalled and event.kind in GIVEN_BACK):
				ran = []
			stalled = event.kind == "Nobody Notified" or (stalled and event.kind not in GIVEN_BACK)
			assert not (has_it and event.kind == "Acknowledged"), "one wins"
			has_it = event.kind == "Acknowledged" or (has_it and event.kind not in GIVEN_BACK)
			if event.kind == "Act Done" and event.step:
				assert not has_it, "who has it decides on the ticket"
			if event.kind == "Step Ran":
				assert not has_it, "acknowledgement wins"
				assert (event.run, event.step) not in ran, "ran twice"
				ran.append((event.run, event.step))
		return has_it

	def _acts(self, events: dict[str, list[Any]]) -> None:
		deeds = _all("Escalation Deed")
		ordered = Counter((deed.action_item, deed.step, deed.run) for deed in deeds)
		assert not ordered or max(ordered.values()) == 1, "ordered twice"
		settled = Counter(
			(deed.action_item, deed.step, deed.run if deed.step else 0)
			for deed in deeds
			if deed.state != "Queued"
		)
		said = Counter(
			(name, event.step, event.run)
			for name, lines in events.items()
			for event in lines
			if event.kind in ACTED
		)
		assert settled == said, "history says of each once what became of it"
		done = {deed.name for deed in deeds if deed.act == "Internal Comment" and deed.state == "Done"}
		assert {comment.name for comment in _all("HD Ticket Comment")} == done, "lost, or done twice"

	def _message(self, message: Any, item: Any, events: list[Any]) -> None:
		times = [at for name, at in self.received if name == message.name]
		assert len(times) <= 2 and (len(times) < 2 or message.possible_duplicate), "doubled unmarked"
		assert all(at >= message.planned_utc for at in times), "early"
		if message.status == "Sent":
			assert times, "said to be sent, and never received"
		if message.status == "Withdrawn":
			assert not times
		back = [event.at_utc for event in events if event.kind in GIVEN_BACK]
		newer = back and message.created_utc >= max(back)  # somebody had it, and has it no longer
		if message.purpose == "Page" and message.name in self.seen and item.name in self.over and not newer:
			assert item.status == "Exhausted" or message.in_flight, "sent after somebody had it"

	def teardown(self) -> None:
		"""Time goes on, and nothing breaks any more: nothing is lost, nothing stays silent."""
		self.world.providers.faults.clear()
		for ticket in self.tickets:
			ticket.reload()
			if ticket.status == "Replied":  # and nothing stands still
				self.world.change(ticket, status="Open")
		for _turn in range(60):
			self.world.sweep()
			self.world.tick()
			frappe.db.commit()
			due = self.world.next_due()
			if not due:
				break
			self.world.now = max(self.world.now, due)
		opened = len(_all(ITEM))
		self.world.sweep()
		assert len(_all(ITEM)) == opened, "the sweep opens what it opened no sooner"
		self.the_rules_hold()
		assert not acts.queued(1), "an act is lost"
		taken = Counter(name for name, _at in self.received)
		for message in _all("Escalation Notification"):
			assert message.next_attempt_utc is None
			assert taken[message.name] or message.status in ("Failed", "Unknown", "Withdrawn"), "lost"
		for item in _all(ITEM):
			assert item.status not in ("Scheduled", "Snoozed")
			assert item.status != "Escalating" or item.stalled, "silent"


def _all(doctype: str) -> list[Any]:
	return frappe.db.sql(f"select * from `tab{doctype}` order by `name`", as_dict=True)


@contextmanager
def dying(point: str, number: int) -> Iterator[None]:
	"""Whoever passes a fault point for that time dies."""
	passed = Counter()
	real = fault_points.point

	def die(name: str) -> None:
		passed[name] += 1
		if name == point and passed[name] == number:
			raise Died

	fault_points.point = die
	try:
		yield
	finally:
		fault_points.point = real


def test_any_order(world: World) -> None:
	AnyOrder.steps = 0
	run_state_machine_as_test(
		lambda: AnyOrder(world),
		settings=settings(
			max_examples=EXAMPLES,
			stateful_step_count=STEPS,
			deadline=None,
			report_multiple_bugs=False,
			suppress_health_check=list(HealthCheck),
		),
	)
	world.clean()
	world.providers.faults.clear()
	print(f"{AnyOrder.steps} transitions of the app on {frappe.db.db_type}")
