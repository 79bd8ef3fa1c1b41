"""Somebody is on the way, the rule: quiet until they can look at it, and everyone who was told knows that they come."""

from dataclasses import replace

from escalation_mgmt.engine import (
	ActionItem,
	Context,
	Decision,
	Event,
	EventKind,
	Refusal,
	Status,
	on_the_way,
	run_again,
	run_due,
	snooze,
	stop,
)
from escalation_mgmt.engine.decision import Audience, Notice
from tests.engine.make import T0, actor, always, minutes, opened, plan, refused, ticket

TINA, LEO = actor("Tina", "Link", user="t", at="t@x.test"), actor("Leo", "SMS", user="l")
NOW = T0 + minutes(3)
K = EventKind


def escalating(**more) -> ActionItem:
	of = {"status": Status.ESCALATING, "group": 1, "step": 1, "due_at": T0 + minutes(5), **more}
	return replace(opened(plan(0, 5)), **of)


def in_last_wait() -> ActionItem:
	return escalating(group=2, step=2, due_at=T0 + minutes(30))


def run(item: ActionItem) -> Decision:
	return run_due(item, ticket(), [], always, Context(item.due_at))


def test_it_is_quiet_until_they_are_there_and_the_others_are_told() -> None:
	item, until = escalating(maintenance="M1", run=1), NOW + minutes(60)
	assert on_the_way(item, until, TINA, NOW) == Decision(
		item=replace(
			item,
			status=Status.SNOOZED,
			due_at=until,
			resumes_at=T0 + minutes(5),
			maintenance="",
			coming=(("t", "Tina"),),
			version=item.version + 1,
		),
		events=(Event(K.ON_THE_WAY, NOW, 1, 1, {"until": until, "by": "Tina", "via": "Link"}),),
		notices=(Notice(Audience.NOTIFIED, K.ON_THE_WAY, but_not=frozenset({"t", "t@x.test"})),),
		withdraw=True,
	)


def test_in_place_of_a_snooze_it_counts_from_now_and_what_comes_next_keeps_its_time() -> None:
	quiet = snooze(escalating(), T0 + minutes(30), LEO, NOW).item
	comes = on_the_way(quiet, NOW + minutes(60), TINA, NOW).item
	assert (comes.due_at, comes.resumes_at) == (NOW + minutes(60), T0 + minutes(5))
	assert comes.is_coming == (("t", "Tina"),)


def test_of_the_last_wait_as_much_is_left_as_before() -> None:
	"""Of thirty minutes three are over."""
	comes = on_the_way(in_last_wait(), NOW + minutes(15), TINA, NOW).item
	assert comes.resumes_at == NOW + minutes(15 + 27)
	snoozed = snooze(in_last_wait(), T0 + minutes(10), LEO, NOW).item
	later = NOW + minutes(5)
	comes = on_the_way(snoozed, later + minutes(15), TINA, later).item
	assert comes.resumes_at == later + minutes(15 + 27), "snoozed meanwhile"


def test_whoever_came_isnt_on_the_way_any_more_even_if_it_is_snoozed_then() -> None:
	over = run(on_the_way(in_last_wait(), NOW + minutes(15), TINA, NOW).item).item
	assert (over.status, over.coming) == (Status.ESCALATING, ())
	quiet = snooze(over, NOW + minutes(40), LEO, NOW + minutes(20)).item
	assert quiet.status is Status.SNOOZED and not quiet.is_coming


def test_nobody_is_on_the_way_to_what_is_over() -> None:
	comes = on_the_way(escalating(), NOW + minutes(15), TINA, NOW).item
	assert stop(comes, LEO, "", NOW).item.coming == ()


def test_nobody_is_on_the_way_any_more_where_all_steps_run_again() -> None:
	comes = on_the_way(in_last_wait(), NOW + minutes(15), TINA, NOW).item
	assert run_again(comes, comes.position, LEO, NOW).item.coming == ()


def test_one_at_a_time_for_two_hours_at_most_and_only_where_something_comes_next() -> None:
	item, until = escalating(), NOW + minutes(120)
	comes = on_the_way(item, until, TINA, NOW).item
	assert comes.due_at == until
	with refused(Refusal.ALREADY_COMING):
		on_the_way(comes, NOW + minutes(15), LEO, NOW)
	for wrong, why in ((NOW, Refusal.PAST), (until + minutes(0.1), Refusal.TOO_LONG)):
		with refused(why):
			on_the_way(item, wrong, TINA, NOW)
	for nothing in (opened(plan(0)), replace(item, due_at=None), replace(item, paused_at=NOW)):
		with refused(Refusal.NOT_IN_THIS_STATUS):
			on_the_way(nothing, until, TINA, NOW)
