"""Of any plan: each step once, in order, never early; and what becomes of it where nobody is reached."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from escalation_mgmt.engine import (
	Context,
	EventKind,
	Plan,
	Status,
	run_due,
)
from tests.engine.make import T0, always, everybody, nobody, opened, ticket
from tests.engine.strategies import plainly, plans


@given(plans().map(plainly), st.lists(st.integers(0, 7200), min_size=40, max_size=40))
def test_every_step_runs_once_in_each_run_in_order_and_never_early(plan: Plan, delays: list[int]) -> None:
	item, sent, before = opened(plan), [], T0
	for late in delays:
		if item.due_at is None:
			break
		assert (
			run_due(
				item,
				ticket(),
				[plan],
				always,
				Context(item.due_at - timedelta(microseconds=1), reaches=everybody),
			)
			is None
		)
		now = item.due_at + timedelta(seconds=late)
		assert now >= before
		decision = run_due(item, ticket(), [plan], always, Context(now, reaches=everybody))
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


@given(plans().map(plainly))
def test_nobody_at_all_ends_after_one_pass(plan: Plan) -> None:
	item, passes = opened(plan), 0
	while item.due_at is not None:
		decision = run_due(item, ticket(), [plan], always, Context(item.due_at, reaches=nobody))
		passes += any(event.kind is EventKind.STEP_RAN for event in decision.events)
		item = decision.item
		assert passes <= len(plan.groups)
	assert item.stalled and item.status is Status.ESCALATING and passes == len(plan.groups)
