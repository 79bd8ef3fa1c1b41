"""Scenario 26, the engine's part: acknowledged and idle too long, a reminder, then on."""

from dataclasses import replace
from datetime import timedelta

import pytest

from escalation_mgmt.engine import (
	ActionItem,
	Audience,
	Context,
	Decision,
	Event,
	EventKind,
	Notice,
	StartAt,
	Status,
	acknowledge,
	may_renew,
	run_due,
	stop,
	unacknowledge,
)
from escalation_mgmt.engine.time_out import worked_on
from tests.engine.make import T0, actor, always, everybody, minutes, opened, plan, ticket

K = EventKind
ACKED = T0 + minutes(20)


def acknowledged(*waits: float, by: str = "Tina", user: str = "tina", **more) -> ActionItem:
	"""Step 1 has run at the end of the window; five minutes later Tina has it."""
	of = plan(*waits, ack_timeout=minutes(30), ack_grace=minutes(5), **more)
	item = run(opened(of), T0 + minutes(15)).item
	return acknowledge(item, actor(by, "Link", user=user), Context(ACKED), ticket_status="Open").item


def run(item: ActionItem, now, of_ticket=None) -> Decision | None:
	return run_due(
		item, of_ticket or ticket(status="Open"), [item.plan], always, Context(now, reaches=everybody)
	)


def test_off_by_default() -> None:
	item = acknowledge(opened(plan(0)), actor("Tina", "Link"), Context(ACKED), ticket_status="Open").item
	assert item.due_at is None and item.ticket_status == ""
	assert worked_on(item, ticket(replied_at=ACKED + minutes(1))) is None


def test_idle_a_reminder_and_after_the_grace_the_next_step() -> None:
	item = acknowledged(0, 10)
	assert item.due_at == ACKED + minutes(30) and run(item, ACKED + minutes(29)) is None
	reminded = run(item, ACKED + minutes(31))
	until = ACKED + minutes(36)
	assert reminded == Decision(
		item=replace(item, reminded=True, due_at=until, version=item.version + 1),
		events=(Event(K.REMINDED, ACKED + minutes(31), 1, 0, {"to": "Tina", "until": until}),),
		notices=(Notice(Audience.WHO_HAS_IT, K.REMINDED),),
	)
	on = run(reminded.item, until + timedelta(seconds=2))
	assert [event.kind for event in on.events] == [K.TIMED_OUT, K.STEP_RAN, K.LAST_WAIT]
	data = {"was": "Tina", "late": 2.0}
	assert on.events[0] == Event(K.TIMED_OUT, until + timedelta(seconds=2), 1, 0, data)
	assert [page.recipient.label for page in on.pages] == ["user2"]
	assert on.item.status is Status.ESCALATING and not on.item.acknowledged_by and not on.item.reminded
	assert on.item.ticket_status == "" and on.item.acknowledged_at is None


@pytest.mark.parametrize(
	("done", "how"),
	[
		({"replied_at": ACKED + minutes(1)}, "reply"),
		({"first_responded_at": ACKED + minutes(1)}, "first response"),
		({"status": "On It"}, "status"),
	],
)
@pytest.mark.parametrize("after", [30, 35])
def test_what_an_agent_does_is_enough_once_and_for_all(done: dict, how: str, after: int) -> None:
	stop = replace(plan(0).stop, on_reply=False, on_first_response=False)
	item = acknowledged(0, 10, stop=stop)
	if after > 30:
		item = run(item, ACKED + minutes(30)).item
	worked = run(item, ACKED + minutes(after), ticket(**{"status": "Open", **done}))
	assert worked.events == (Event(K.WORKED_ON, ACKED + minutes(after), data={"how": how}),)
	assert worked.item.due_at is None and not worked.item.reminded and not worked.pages
	assert worked.item.acknowledged_by == "Tina"


def test_what_was_done_before_is_not_enough() -> None:
	before = {"replied_at": ACKED, "first_responded_at": ACKED}
	item = acknowledged(0, 10, stop=replace(plan(0).stop, on_reply=False, on_first_response=False))
	reminded = run(item, ACKED + minutes(30), ticket(status="Open", **before))
	assert reminded.item.reminded


def test_whoever_was_reminded_is_still_on_it_by_acknowledging_again() -> None:
	item = acknowledged(0, 10)
	assert acknowledge(item, actor("Tina", "Link", user="tina"), Context(ACKED + minutes(1))) is None
	item = run(item, ACKED + minutes(30)).item
	now = ACKED + minutes(33)
	assert (
		not may_renew(item, actor("Leo", user="leo"))
		and acknowledge(item, actor("Leo", "Link", user="leo"), Context(now)) is None
	)
	renewed = acknowledge(item, actor("Tina", "SMS", user="tina"), Context(now))
	assert renewed == Decision(
		item=replace(item, reminded=False, due_at=now + minutes(30), version=item.version + 1),
		events=(Event(K.STILL_ON_IT, now, 1, 0, {"by": "Tina", "via": "SMS"}),),
	)
	assert run(renewed.item, now + minutes(30)).item.reminded
	stands = acknowledge(replace(item, paused_at=ACKED), actor("Tina", "SMS", user="tina"), Context(now)).item
	assert (stands.paused_at, stands.stood_still) == (now, now - ACKED), "its clock stands still from now on"


def test_a_bare_address_is_known_by_its_label() -> None:
	item = run(acknowledged(0, 10, by="+49 … 12", user=""), ACKED + minutes(30)).item
	assert may_renew(item, actor("+49 … 12", user="")) and not may_renew(item, actor("+49 … 34", user=""))
	assert not may_renew(item, actor("+49 … 12", user="tina"))


def test_after_the_last_step_there_is_none_to_go_on_with() -> None:
	item = run(acknowledged(0), ACKED + minutes(30)).item
	on = run(item, item.due_at)
	assert [event.kind for event in on.events] == [K.TIMED_OUT, K.EXHAUSTED]
	assert on.item.status is Status.EXHAUSTED and on.notices == (Notice(Audience.OWNERS, K.EXHAUSTED),)


def test_acknowledged_in_the_window_it_goes_on_no_earlier_than_the_window_ends() -> None:
	of = plan(7, window=minutes(60), ack_timeout=minutes(10), ack_grace=minutes(5))
	item = acknowledge(opened(of), actor("Tina", "Link"), Context(T0), ticket_status="Open").item
	item = replace(run(item, T0 + minutes(10)).item, unreached=1)
	on = run(item, T0 + minutes(15))
	assert on.item.due_at == T0 + minutes(67) and not on.pages and on.item.version == item.version + 1
	assert on.events[0].data == {"was": "Tina", "late": 0.0, "due": T0 + minutes(67)}
	assert on.item.unreached == 0 and run(on.item, T0 + minutes(67)).pages


def test_acknowledged_in_the_window_and_timed_out_after_it_the_first_step_runs_at_once() -> None:
	of = plan(7, ack_timeout=minutes(30), ack_grace=minutes(5))
	item = acknowledge(opened(of), actor("Tina", "Link"), Context(T0), ticket_status="Open").item
	on = run(run(item, T0 + minutes(30)).item, T0 + minutes(35))
	assert on.events[0].data == {"was": "Tina", "late": 0.0} and on.pages


def test_it_goes_on_no_earlier_than_the_response_deadline_where_no_step_had_run() -> None:
	of = plan(7, start=StartAt.AT_DEADLINE, ack_timeout=minutes(10), ack_grace=minutes(5))
	due = ticket(status="Open", response_by=T0 + minutes(40))
	item = acknowledge(opened(of, due), actor("Tina", "Link"), Context(T0), ticket_status="Open").item
	on = run(run(item, T0 + minutes(10), due).item, T0 + minutes(15), due)
	assert on.item.due_at == T0 + minutes(47)


def test_it_counts_as_the_plan_counts_and_not_beside_a_newer_item() -> None:
	item = acknowledged(0, 10)
	superseded = replace(item, status=Status.EXHAUSTED, superseded=True)
	assert acknowledge(superseded, actor("Tina", "Link", user="tina"), Context(ACKED)).item.due_at is None


def test_given_back_nobody_is_reminded() -> None:
	item = run(acknowledged(0, 10), ACKED + minutes(30)).item
	back = unacknowledge(item, actor("Tina"), ticket(), Context(ACKED + minutes(31))).item
	assert not back.reminded and back.due_at == ACKED + minutes(41)


def test_a_bare_address_says_that_it_is_still_on_it() -> None:
	item = run(acknowledged(0, 10, by="+49 … 12", user=""), ACKED + minutes(30)).item
	renewed = acknowledge(item, actor("+49 … 12", "SMS"), Context(ACKED + minutes(31)))
	assert renewed and renewed.events[0].kind is K.STILL_ON_IT


def test_stopped_or_worked_on_nobody_is_asked_any_more() -> None:
	item = run(acknowledged(0, 10), ACKED + minutes(30)).item
	assert stop(item, actor("Ada"), "known", ACKED + minutes(31)).item.reminded is False
	assert run(item, ACKED + minutes(31), ticket(status="On It")).item.reminded is False
