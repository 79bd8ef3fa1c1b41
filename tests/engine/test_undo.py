"""Scenario 46, the rule: an acknowledgement that is undone has never been."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation_mgmt.engine import (
	ActionItem,
	Context,
	EventKind,
	Refusal,
	Refused,
	Status,
	acknowledge,
	on_the_way,
	snooze,
	undo,
	undo_until,
)
from tests.engine.make import T0, actor, minutes, opened, plan, refused

TINA, LEO, PAGER = actor("Tina", "Link", user="t"), actor("Leo", "Link", user="l"), actor("+49…1", "SMS")
NOW = T0 + minutes(3)


def escalating() -> ActionItem:
	return replace(opened(plan(0, 5)), status=Status.ESCALATING, group=1, step=1, due_at=T0 + minutes(5))


def states() -> dict[Status, ActionItem]:
	item = escalating()
	return {
		Status.SCHEDULED: opened(plan(0, 5)),
		Status.ESCALATING: replace(item, maintenance="M1", stalled=True, passed_on=((0, "l"),)),
		Status.SNOOZED: on_the_way(item, T0 + minutes(60), LEO, T0).item,
		Status.EXHAUSTED: replace(item, status=Status.EXHAUSTED, due_at=None, group=2, ended_at=T0),
	}


@pytest.mark.parametrize("status", list(states()))
@pytest.mark.parametrize("who", [TINA, PAGER])
def test_it_is_as_it_was(status: Status, who) -> None:
	before = states()[status]
	taken = acknowledge(before, who, Context(NOW), ticket_status="Open").item
	assert taken.coming == () and undo_until(taken, who) == NOW + minutes(1)
	back = undo(taken, who, Context(NOW + timedelta(seconds=59)))
	assert back.item == replace(before, version=before.version + 2)
	assert back.queue_again == NOW and not back.notices and not back.withdraw
	assert back.events[0].data["by"] == who.name and back.events[0].kind.startswith("Undone")


def test_who_has_it_can_undo_it_and_nobody_else_and_only_for_a_minute() -> None:
	taken = acknowledge(escalating(), TINA, Context(NOW)).item
	for other in (LEO, PAGER, actor("Tina", user="another")):
		assert undo_until(taken, other) is None
		with refused(Refusal.NOT_THEIRS):
			undo(taken, other, Context(NOW))
	with refused(Refusal.TOO_LATE):
		undo(taken, TINA, Context(NOW + minutes(1)))
	with refused(Refusal.NOT_THEIRS):
		undo(escalating(), TINA, Context(NOW))
	with refused(Refusal.NOT_THEIRS):
		undo(replace(taken, before=None), TINA, Context(NOW))


def test_what_the_ticket_brought_meanwhile_stays() -> None:
	taken = acknowledge(escalating(), TINA, Context(NOW)).item
	stopped = replace(taken, assignees=("l",), paused_at=NOW + timedelta(seconds=10))
	back = undo(stopped, TINA, Context(NOW + timedelta(seconds=20))).item
	assert (back.assignees, back.due_at) == (("l",), T0 + minutes(5))
	assert back.paused_at == NOW + timedelta(seconds=10), "its clock has stood still since then"
	still = replace(escalating(), paused_at=T0 + minutes(1))
	goes = replace(acknowledge(still, TINA, Context(NOW)).item, paused_at=None)
	back = undo(goes, TINA, Context(NOW + timedelta(seconds=30))).item
	assert back.paused_at is None and back.due_at == T0 + minutes(5 + 2.5), "never early"


def test_who_is_on_the_way_comes_instead_of_a_snooze() -> None:
	quiet = snooze(escalating(), T0 + minutes(30), LEO, NOW).item
	comes = on_the_way(quiet, NOW + minutes(60), TINA, NOW)
	assert (comes.item.due_at, comes.item.resumes_at) == (NOW + minutes(60), T0 + minutes(5))
	assert comes.item.is_coming == (("t", "Tina"),) and comes.withdraw
	(told,) = comes.notices
	assert (told.about, told.but_not) == (EventKind.ON_THE_WAY, frozenset({"t"}))
	last = replace(escalating(), group=2, due_at=T0 + minutes(30))
	comes = on_the_way(snooze(last, T0 + minutes(10), LEO, NOW).item, NOW + minutes(15), TINA, NOW).item
	assert comes.resumes_at == NOW + minutes(15 + 27), "of the last wait as much is left"
	with refused(Refusal.ALREADY_COMING):
		on_the_way(comes, NOW + minutes(15), LEO, NOW)
	for until, why in ((NOW, Refusal.PAST), (NOW + minutes(120.1), Refusal.TOO_LONG)):
		with refused(why):
			on_the_way(escalating(), until, TINA, NOW)
	assert on_the_way(escalating(), NOW + minutes(120), TINA, NOW).item.status is Status.SNOOZED
	with refused(Refusal.NOT_IN_THIS_STATUS):
		on_the_way(opened(plan(0)), NOW, TINA, NOW)


@given(st.lists(st.tuples(st.sampled_from("tl"), st.booleans(), st.integers(0, 70)), max_size=12))
def test_pressed_by_two_people_in_any_order(presses: list[tuple[str, bool, int]]) -> None:
	"""Each press acknowledges or undoes, some seconds later. Whatever comes of it, the first to have it keeps it until they undo it."""
	before, now = escalating(), NOW
	item, since = before, {}
	for who, undoes, seconds in presses:
		now += timedelta(seconds=seconds)
		by, had = actor(who, user=who), item.acknowledged_user
		if not undoes:
			taken = acknowledge(item, by, Context(now))
			assert (taken is None) == bool(had), "one wins"
			item, since = (taken.item, {who: now}) if taken else (item, since)
			continue
		in_time = who in since and now - since[who] < minutes(1)
		try:
			item, since = undo(item, by, Context(now)).item, {}
			assert had == who and in_time
			assert replace(item, version=0) == replace(before, version=0), "as if it had never been"
		except Refused:
			assert had != who or not in_time
