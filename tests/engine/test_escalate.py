from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from escalation_mgmt.engine import (
	RUNNING,
	ActionItem,
	Actor,
	Audience,
	Cause,
	Context,
	EventKind,
	ImpossibleTransition,
	Notice,
	Reach,
	Recipient,
	StartAt,
	Status,
	StatusCategory,
	acknowledge,
	can_stop,
	evaluate,
	next_status,
	pressing,
	run_due,
	start_again,
	status_after,
	stop,
	window_end,
)
from escalation_mgmt.engine.statuses import LIFE, diagram, table
from tests.engine.make import T0, actor, always, everybody, minutes, nobody, opened, plan, ticket

SECOND = timedelta(seconds=1)


def run(item: ActionItem, now, of_ticket=None, reaches=everybody, enabled=None):
	return run_due(item, of_ticket or ticket(), enabled or [item.plan], always, Context(now, reaches=reaches))


def kinds(decision) -> list[EventKind]:
	return [event.kind for event in decision.events]


def test_of_a_tickets_items_who_waits_for_somebody_is_seen_first_and_what_has_ended_last() -> None:
	order = ["Escalating", "Exhausted", "Snoozed", "Acknowledged", "Scheduled"]
	assert sorted(order[::-1], key=lambda status: pressing(Status(status))) == order
	assert {pressing(status) for status in Status if status not in order} == {len(order)}


def test_each_step_at_its_time_and_once() -> None:
	item = opened(plan(0, 5, 10))
	sent = []
	now = T0
	while item.status in (Status.SCHEDULED, Status.ESCALATING):
		now = item.due_at
		assert run(item, now - SECOND) is None
		decision = run(item, now)
		sent += [(page.step.number, now - T0) for page in decision.pages]
		item = decision.item
	assert sent == [(1, minutes(15)), (2, minutes(20)), (3, minutes(30))]
	assert item.status is Status.EXHAUSTED
	assert item.ended_at == T0 + minutes(60)


def test_a_first_wait_counts_from_the_end_of_the_window() -> None:
	item = opened(plan(5))
	over = run(item, T0 + minutes(15))
	assert kinds(over) == [EventKind.WINDOW_OVER] and not over.pages
	assert over.item.due_at == T0 + minutes(20)


def test_after_an_outage_one_step_runs_and_the_next_wait_counts_from_then() -> None:
	item = opened(plan(0, 5, 10))
	late = T0 + minutes(90)
	decision = run(item, late)
	assert [page.step.number for page in decision.pages] == [1]
	assert decision.pages[0].planned_at == T0 + minutes(15)
	assert decision.item.due_at == late + minutes(5)
	ran = next(event for event in decision.events if event.kind is EventKind.STEP_RAN)
	assert ran.data["late"] == 75 * 60
	assert run(decision.item, late) is None


def test_steps_without_a_wait_go_out_together_in_order() -> None:
	decision = run(opened(plan(0, 0)), T0 + minutes(15))
	assert [page.step.number for page in decision.pages] == [1, 2]


def test_one_address_gets_one_message_of_a_group() -> None:
	def same(step):
		return Reach((Recipient(method="Email", address="a@x.test", label="A"),))

	decision = run(opened(plan(0, 0)), T0 + minutes(15), reaches=same)
	assert len(decision.pages) == 1


def test_people_who_share_an_address_have_a_line_each() -> None:
	def same(step):
		return Reach(
			tuple(
				Recipient(method="SMS", address="+491", label=user.title(), user=user)
				for user in ("ann", "bob")
			)
		)

	decision = run(opened(plan(0, 0)), T0 + minutes(15), reaches=same)
	assert [page.recipient.user for page in decision.pages] == ["ann", "bob"]
	first, second = (event.data for event in decision.events if event.kind is EventKind.STEP_RAN)
	assert first["to"] == "Ann, Bob" and "same" not in first
	assert second["to"] == "" and second["same"] == 2, "by the second step both have it already"


def test_an_answer_from_a_shared_address_names_who_else_it_may_be() -> None:
	escalating = run(opened(plan(0, 5)), T0 + minutes(15)).item
	shared = (("bob", "Bob"),)
	actor = Actor(name="Ann", user="ann", at="+491", shared=shared, via="SMS")
	decision = acknowledge(escalating, actor, Context(T0 + minutes(16)))
	(event,) = decision.events
	assert event.data["by"] == "Ann" and event.data["shared"] == "Bob"
	assert event.people == {"by": (("ann", "Ann"),), "shared": shared}
	three = replace(actor, shared=(*shared, ("cid", "Cid")))
	assert acknowledge(escalating, three, Context(T0 + minutes(16))).events[0].data["shared"] == "Bob, Cid"
	(notice,) = decision.notices
	assert notice.but_not == {"ann", "+491"}


def test_repeats_with_a_pause_then_the_last_wait() -> None:
	item = opened(plan(0, 5, repeats=2, repeat_pause=minutes(7), last_wait=minutes(3), start=StartAt.AT_ONCE))
	at = []
	while item.due_at:
		now = item.due_at
		decision = run(item, now)
		at += [((now - T0) // minutes(1), page.run, page.step.number) for page in decision.pages]
		item = decision.item
	assert at == [(0, 0, 1), (5, 0, 2), (12, 1, 1), (17, 1, 2), (24, 2, 1), (29, 2, 2)]
	assert item.status is Status.EXHAUSTED and item.ended_at == T0 + minutes(32)


def test_exhaustion_tells_the_owners_once() -> None:
	item = replace(opened(plan(0)), status=Status.ESCALATING, group=1, step=1, due_at=T0)
	decision = run(item, T0)
	assert decision.notices == (Notice(Audience.OWNERS, EventKind.EXHAUSTED),)
	assert run(decision.item, T0 + minutes(999)) is None


def test_a_late_acknowledgement_is_taken_after_exhaustion() -> None:
	item = replace(opened(plan(0)), status=Status.EXHAUSTED, due_at=None, ended_at=T0)
	taken = acknowledge(item, actor("Tech", "Link", user="t@x.test"), Context(T0 + minutes(1)))
	assert taken.item.status is Status.ACKNOWLEDGED and taken.item.acknowledged_by == "Tech"
	assert taken.item.ended_at is None


def test_a_group_that_reaches_nobody_brings_the_next_forward() -> None:
	item = opened(plan(0, 30))
	now = T0 + minutes(15)
	decision = run(item, now, reaches=lambda step: nobody(step) if step.number == 1 else everybody(step))
	assert EventKind.UNREACHABLE in kinds(decision) and EventKind.BROUGHT_FORWARD in kinds(decision)
	assert decision.item.due_at == now
	second = run(decision.item, now)
	assert [page.step.number for page in second.pages] == [2]
	assert second.item.unreached == 0


def test_a_whole_pass_without_anybody_stalls_and_starts_again_with_an_assignee() -> None:
	item, now = opened(plan(0, 30)), T0 + minutes(15)
	item = run(item, now, reaches=nobody).item
	decision = run(item, now, reaches=nobody)
	assert decision.item.stalled and decision.item.due_at is None
	assert Notice(Audience.OWNERS, EventKind.NOBODY_NOTIFIED) in decision.notices
	assigned = evaluate(
		decision.item, ticket(assignees=("t@x.test",)), [item.plan], always, Context(now + minutes(5))
	)
	assert kinds(assigned) == [EventKind.ASSIGNEE_CHANGED, EventKind.STARTED_AGAIN]
	assert assigned.item.due_at == now + minutes(5) and not assigned.item.stalled
	again = run(assigned.item, now + minutes(5), of_ticket=ticket(assignees=("t@x.test",)))
	assert [page.step.number for page in again.pages] == [1]


def test_only_a_stalled_item_starts_again() -> None:
	assert start_again(opened(plan(0)), "contact", T0) is None


@pytest.mark.parametrize(
	("change", "how"),
	[
		({"category": StatusCategory.RESOLVED}, "resolved"),
		({"replied_at": T0 + SECOND}, "reply"),
		({"first_responded_at": T0 + SECOND}, "first response"),
	],
)
def test_an_answer_resolves_before_anything_runs(change, how) -> None:
	decision = run(opened(plan(0)), T0 + minutes(15), ticket(**change))
	assert decision.item.status is Status.RESOLVED and not decision.pages and decision.withdraw
	assert decision.events[0].data == {"how": how}


def test_an_answer_from_before_the_item_is_none() -> None:
	assert evaluate(opened(plan(0)), ticket(replied_at=T0 - SECOND), [plan(0)], always, Context(T0)) is None


def test_paused_is_an_answer_only_where_the_plan_says_so() -> None:
	paused = ticket(category=StatusCategory.PAUSED)
	item = opened(plan(0))
	assert evaluate(item, paused, [item.plan], always, Context(T0)) is None
	strict = opened(plan(0, stop=replace(item.plan.stop, on_paused_status=True)))
	assert evaluate(strict, paused, [strict.plan], always, Context(T0)).item.status is Status.RESOLVED


def test_an_acknowledged_item_is_resolved_by_the_answer_and_keeps_who_had_it() -> None:
	taken = acknowledge(opened(plan(0)), actor("Tech", "Desk", user="t@x.test"), Context(T0 + SECOND)).item
	decision = evaluate(
		taken, ticket(replied_at=T0 + minutes(9)), [taken.plan], always, Context(T0 + minutes(9))
	)
	assert decision.item.status is Status.RESOLVED and decision.item.acknowledged_by == "Tech"


def test_the_second_acknowledgement_is_refused() -> None:
	taken = acknowledge(opened(plan(0)), actor("Tech", "Desk"), Context(T0)).item
	assert acknowledge(taken, actor("Lead", "Link"), Context(T0 + SECOND)) is None


def test_acknowledging_stops_the_clock_and_withdraws() -> None:
	decision = acknowledge(opened(plan(0)), actor("Tech", "Link", user="t@x.test"), Context(T0))
	assert decision.withdraw and decision.item.due_at is None
	assert decision.notices == (
		Notice(Audience.NOTIFIED, EventKind.ACKNOWLEDGED, frozenset({"t@x.test"}), wait=minutes(1)),
	)
	assert run(decision.item, T0 + minutes(999)) is None


def test_a_deleted_or_merged_ticket_cancels() -> None:
	for gone in (ticket(exists=False), ticket(merged_into="7")):
		assert evaluate(opened(plan(0)), gone, [], always, Context(T0)).item.status is Status.CANCELLED


def test_the_response_deadline_is_read_again_while_scheduled() -> None:
	of = plan(0, start=StartAt.AT_DEADLINE)
	item = opened(of, ticket(response_by=T0 + minutes(30)))
	assert item.due_at == T0 + minutes(30)
	moved = evaluate(item, ticket(response_by=T0 + minutes(50)), [of], always, Context(T0 + minutes(1)))
	assert moved.item.due_at == T0 + minutes(50) and kinds(moved) == [EventKind.WINDOW_MOVED]
	assert run(item, T0 + minutes(30), ticket(response_by=T0 + minutes(50))).pages == ()


def test_the_window_without_a_deadline_is_the_plans_own_and_a_past_one_is_now() -> None:
	of = plan(0, start=StartAt.AT_DEADLINE)
	assert window_end(of, ticket(), T0) == T0 + minutes(15)
	assert window_end(of, ticket(response_by=T0 - minutes(1)), T0) == T0


def test_stopping_by_hand_tells_the_others() -> None:
	decision = stop(opened(plan(0)), actor("Ada", user="a@x.test"), "known", T0)
	assert decision.item.status is Status.CANCELLED and decision.withdraw
	assert decision.notices == (
		Notice(Audience.NOTIFIED, EventKind.CANCELLED, but_not=frozenset({"a@x.test"})),
	)


def test_only_what_has_not_ended_can_be_stopped_and_nobody_is_left_out_unnamed() -> None:
	assert {status for status in Status if can_stop(status)} == RUNNING
	assert not any(stop(opened(plan(0)), actor("Ada"), "known", T0).notices[0].but_not)


def test_a_transition_that_is_not_in_the_table_is_impossible() -> None:
	with pytest.raises(ImpossibleTransition):
		next_status(Status.RESOLVED, Cause.ACKNOWLEDGE)


def test_the_documentations_picture_is_the_table() -> None:
	document = Path(__file__).resolve().parents[2] / "docs" / "state-machine.md"
	text = document.read_text()
	assert f"\n```mermaid\n{diagram()}\n```\n" in text
	assert f"\n\n{table()}\n" in text


def test_the_lines_of_history_say_the_status() -> None:
	assert status_after(Status.ESCALATING, []) is Status.ESCALATING
	assert status_after(Status.SCHEDULED, [EventKind.WINDOW_OVER, EventKind.STEP_RAN]) is Status.ESCALATING
	# a snooze that ends in the last wait
	assert status_after(Status.SNOOZED, [EventKind.SNOOZE_OVER, EventKind.EXHAUSTED]) is Status.EXHAUSTED
	for status, line in (
		(Status.EXHAUSTED, EventKind.SNOOZED),
		(Status.EXHAUSTED, EventKind.RESOLVED),
		(Status.SCHEDULED, EventKind.EXHAUSTED),
		(Status.ACKNOWLEDGED, EventKind.SNOOZED),
		(Status.CANCELLED, EventKind.ACKNOWLEDGED),
	):
		with pytest.raises(ImpossibleTransition, match=f"{status} can't be left by {line}"):
			status_after(status, [line])


def test_a_line_of_history_leaves_no_choice() -> None:
	for status in Status:
		for line in {change.writes for change in LIFE}:
			assert len({c.after for c in LIFE if c.writes is line and status in c.before}) <= 1
