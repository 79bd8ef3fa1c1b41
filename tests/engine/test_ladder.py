"""The ladder's times are those of a run that counts around the clock."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings

from escalation_mgmt.engine import (
	ALWAYS,
	Context,
	EventKind,
	Plan,
	Reach,
	StartAt,
	Step,
	Target,
	TargetKind,
	ladder,
	rehearse,
)
from escalation_mgmt.engine import rungs as engine_rungs
from escalation_mgmt.engine.rehearse import MOST_MOMENTS
from tests.engine.make import T0, everybody, minutes, nobody, plan, ticket
from tests.engine.strategies import plans


def rungs(of: Plan) -> list[tuple[timedelta, int, list[int]]]:
	return [(rung.after, rung.run, [step.number for step in rung.steps]) for rung in ladder(of)]


def test_groups_repeats_and_the_end() -> None:
	of = plan(5, 0, 10, repeats=1, repeat_pause=minutes(20), last_wait=minutes(30))
	assert rungs(of) == [
		(minutes(5), 0, [1, 2]),
		(minutes(15), 0, [3]),
		(minutes(40), 1, [1, 2]),
		(minutes(50), 1, [3]),
		(minutes(80), 1, []),
	]


def test_no_steps_no_ladder() -> None:
	of = Plan(
		name="new", rank=1, takes=plan().takes, start=StartAt.AFTER_WINDOW, window=minutes(15), steps=()
	)
	assert not rungs(of)


def test_the_same_step_twice_in_a_group_is_two() -> None:
	retry_on_conflict = tuple(
		Step(number=n, wait=minutes(0), method="Email", target=Target(TargetKind.ASSIGNEE)) for n in (1, 2)
	)
	of = Plan(
		name="x",
		rank=1,
		takes=plan().takes,
		start=StartAt.AFTER_WINDOW,
		window=minutes(15),
		steps=retry_on_conflict,
	)
	assert rungs(of)[0] == (minutes(0), 0, [1, 2])


def test_a_plan_that_repeats_for_ever_has_no_end() -> None:
	found = rungs(plan(0, 1, repeats=1_000_000))
	assert len(found) < MOST_MOMENTS and found[-1][2]


@settings(deadline=None)
@given(plans())
def test_as_a_run_goes(of: Plan) -> None:
	"""In which every step does what it would; the ladder shows it with what it asks for first."""
	if of.start is not StartAt.AT_ONCE:
		return
	always = replace(of, steps=tuple(replace(step, only_if=ALWAYS) for step in of.steps))
	timeline = rehearse(always, ticket(), Context(T0, reaches=everybody))
	ran = [
		(moment.at - T0, event.run, event.step)
		for moment in timeline.moments
		for event in moment.events
		if event.kind is EventKind.STEP_RAN
	]
	assert ran == [(after, run, step) for after, run, steps in rungs(of) for step in steps]


def test_a_rung_of_a_rehearsal_has_what_is_sent_and_who_is_missed() -> None:
	of = plan(0, 5)
	to = everybody(of.steps[0])

	def first_alone(step: Step) -> Reach:
		return to if step.number == 1 else nobody(step)

	timeline = rehearse(of, ticket(), Context(T0, reaches=first_alone))
	found = list(engine_rungs(timeline, T0))
	assert [[page.recipient for page in rung.pages] for rung in found[:2]] == [list(to.recipients), []]
	assert [[step.number for step, _why in rung.missed] for rung in found[:2]] == [[], [2]]
