"""Whatever happens in whatever order: the rules of the design that the engine answers for hold."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from escalation_mgmt.engine import (
	CLOCK_RUNS,
	RUNNING,
	TRANSITIONS,
	ActionItem,
	Decision,
	EventKind,
	Plan,
	Status,
	StatusCategory,
	acknowledge,
	look,
	run_due,
	start_again,
	stop,
)
from tests.engine.make import T0, always, everybody, nobody, opened, ticket
from tests.engine.strategies import plans


@given(plans(), st.lists(st.integers(0, 7200), min_size=40, max_size=40))
def test_every_step_runs_once_in_each_run_in_order_and_never_early(plan: Plan, delays: list[int]) -> None:
	item, sent, before = opened(plan), [], T0
	for late in delays:
		if item.due_at is None:
			break
		assert (
			run_due(item, ticket(), [plan], always, everybody, item.due_at - timedelta(microseconds=1))
			is None
		)
		now = item.due_at + timedelta(seconds=late)
		assert now >= before
		decision = run_due(item, ticket(), [plan], always, everybody, now)
		for page in decision.pages:
			assert page.planned_at == item.due_at
			sent.append((page.run, page.step.number))
		if decision.item.due_at and decision.pages and not decision.item.in_last_wait:
			following = plan.groups[decision.item.group][0].wait
			pause = plan.repeat_pause if decision.item.run != item.run else timedelta(0)
			assert decision.item.due_at == now + following + pause
		item, before = decision.item, now
	# A group holds each address once, so steps of one group to one person and method count once.
	wanted = [(run, step.number) for run in range(plan.repeats + 1) for step in plan.steps]
	assert [pair for pair in wanted if pair in sent] == sent
	assert {(run, group[0].number) for run in range(plan.repeats + 1) for group in plan.groups} <= set(sent)
	assert item.status is Status.EXHAUSTED


@given(plans())
def test_nobody_at_all_ends_after_one_pass(plan: Plan) -> None:
	item, passes = opened(plan), 0
	while item.due_at is not None:
		decision = run_due(item, ticket(), [plan], always, nobody, item.due_at)
		passes += any(event.kind is EventKind.STEP_RAN for event in decision.events)
		item = decision.item
		assert passes <= len(plan.groups)
	assert item.stalled and item.status is Status.ESCALATING and passes == len(plan.groups)


@dataclass
class World:
	item: ActionItem
	now: datetime
	pages: list = field(default_factory=list)


class AnyOrder(RuleBasedStateMachine):
	"""Time passes, people answer, acknowledge, are assigned, can't be reached: in any order."""

	def __init__(self) -> None:
		super().__init__()
		self.world: World | None = None
		self.ticket = ticket()
		self.acknowledged = False

	@precondition(lambda self: self.world is None)
	@rule(plan=plans())
	def open(self, plan: Plan) -> None:
		self.world = World(opened(plan), T0)

	def take(self, decision: Decision | None) -> None:
		if decision is None:
			return
		before, after = self.world.item, decision.item
		assert after.version == before.version + 1
		assert after.id == before.id and after.plan == before.plan and after.opened_at == before.opened_at
		if after.status is not before.status:
			reached = set(TRANSITIONS[before.status].values())
			# Leaving the window may exhaust or run at once, in the same decision.
			assert after.status in reached or any(after.status in TRANSITIONS[s].values() for s in reached)
		assert decision.events, "nothing changes without a line of history"
		assert all(event.at == self.world.now for event in decision.events)
		if decision.pages:
			assert before.status in CLOCK_RUNS and before.due_at <= self.world.now
			assert not self.acknowledged, "acknowledgement wins"
		self.world.item = after
		self.world.pages += decision.pages

	@precondition(lambda self: self.world)
	@rule(seconds=st.sampled_from([0, 1, 59, 60, 600, 86400]), reach=st.booleans())
	def time_passes(self, seconds: int, reach: bool) -> None:
		self.world.now += timedelta(seconds=seconds)
		item = self.world.item
		self.take(
			run_due(item, self.ticket, [item.plan], always, everybody if reach else nobody, self.world.now)
		)

	@precondition(lambda self: self.world)
	@rule()
	def acknowledge(self) -> None:
		decision = acknowledge(self.world.item, "Tech", "Link", self.world.now, user="t@x.test")
		self.take(decision)
		self.acknowledged = self.acknowledged or decision is not None

	@precondition(lambda self: self.world)
	@rule(who=st.sampled_from([(), ("a",), ("b",), ("a", "b")]))
	def assign(self, who: tuple[str, ...]) -> None:
		self.ticket = ticket(assignees=who, replied_at=self.ticket.replied_at, category=self.ticket.category)
		self.take(look(self.world.item, self.ticket, [self.world.item.plan], always, self.world.now))

	@precondition(lambda self: self.world)
	@rule(how=st.sampled_from(["reply", "close"]))
	def answer(self, how: str) -> None:
		self.ticket = ticket(
			assignees=self.ticket.assignees,
			replied_at=self.world.now if how == "reply" else self.ticket.replied_at,
			category=StatusCategory.RESOLVED if how == "close" else self.ticket.category,
		)
		self.take(look(self.world.item, self.ticket, [self.world.item.plan], always, self.world.now))

	@precondition(lambda self: self.world and self.world.item.status in RUNNING)
	@rule()
	def stop(self) -> None:
		self.take(stop(self.world.item, "a", "", self.world.now))

	@precondition(lambda self: self.world)
	@rule()
	def somebody_can_be_reached_again(self) -> None:
		self.take(start_again(self.world.item, "contact", self.world.now))

	@invariant()
	def a_clock_runs_exactly_where_somebody_waits_for_it(self) -> None:
		if self.world:
			item = self.world.item
			assert (item.due_at is not None) == (item.status in CLOCK_RUNS and not item.stalled)
			assert (item.ended_at is not None) == (item.status not in RUNNING)

	@invariant()
	def looking_twice_is_looking_once(self) -> None:
		if self.world:
			item = self.world.item
			assert look(item, self.ticket, [item.plan], always, self.world.now) is None


AnyOrder.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestAnyOrder = AnyOrder.TestCase
