"""Scenario 46, the rule: an acknowledgement that is undone has never been."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation_mgmt.engine import (
	ActionItem,
	Context,
	Decision,
	Event,
	EventKind,
	Refusal,
	Refused,
	Status,
	WorkingTime,
	acknowledge,
	on_the_way,
	run_due,
	stop,
	undo,
	undo_until,
)
from tests.engine.make import T0, actor, always, minutes, opened, plan, refused, ticket
from tests.engine.test_working_time import FRIDAY, OFFICE

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


UNDONE = {
	Status.SCHEDULED: EventKind.UNDONE_IN_WINDOW,
	Status.ESCALATING: EventKind.UNDONE,
	Status.SNOOZED: EventKind.UNDONE_SNOOZED,
	Status.EXHAUSTED: EventKind.UNDONE_EXHAUSTED,
}


@pytest.mark.parametrize("status", list(states()))
@pytest.mark.parametrize("who", [TINA, PAGER])
def test_it_is_as_it_was(status: Status, who) -> None:
	before = states()[status]
	taken = acknowledge(before, who, Context(NOW), ticket_status="Open").item
	assert taken.coming == () and undo_until(taken, who) == NOW + minutes(1)
	now = NOW + timedelta(seconds=59)
	due = {"due": before.due_at} if before.due_at else {}
	data = {"by": who.name, "via": who.via, **due}
	assert undo(taken, who, Context(now)) == Decision(
		item=replace(before, version=before.version + 2),
		events=(Event(UNDONE[status], now, before.step, before.run, data),),
		queue_again=NOW,
	)


def test_of_its_time_out_nothing_is_left_though_they_were_reminded_meanwhile() -> None:
	of = plan(0, 5, ack_timeout=timedelta(seconds=20), ack_grace=minutes(5))
	before = replace(escalating(), plan=of)
	taken = acknowledge(before, TINA, Context(NOW), ticket_status="Open").item
	now = NOW + timedelta(seconds=20)
	asked = run_due(taken, ticket(status="Open"), [], always, Context(now)).item
	assert asked.reminded and asked.ticket_status == "Open"
	assert undo(asked, TINA, Context(now)).item == replace(before, version=before.version + 3)


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
	for nothing in ({"before": None}, {"acknowledged_at": None}):
		assert undo_until(replace(taken, **nothing), TINA) is None
		with refused(Refusal.NOT_THEIRS):
			undo(replace(taken, **nothing), TINA, Context(NOW))
	stopped = stop(taken, LEO, "known", NOW).item
	assert undo_until(stopped, TINA) is None, "what has ended stays so"


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


def test_what_stood_still_meanwhile_is_working_time_where_the_plan_counts_it() -> None:
	"""It stood still from 17:50 on Friday, ten minutes before the office closes, until Monday at 9:05."""
	office, monday = WorkingTime(OFFICE), FRIDAY + timedelta(days=2, hours=15, minutes=15)
	of = plan(0, 30, counts_working_time=True)
	still = replace(escalating(), plan=of, due_at=FRIDAY + minutes(5), paused_at=FRIDAY)
	taken = acknowledge(still, TINA, Context(monday, office)).item
	back = undo(replace(taken, paused_at=None), TINA, Context(monday, office)).item
	assert back.due_at == monday + minutes(5)


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
