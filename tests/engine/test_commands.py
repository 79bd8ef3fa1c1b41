"""What people can ask for, to the letter: escalate to a step, snooze, give back, hand over, add a person."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from escalation_mgmt.engine import (
	LONGEST_SNOOZE,
	ActionItem,
	Audience,
	CannotBeReached,
	Context,
	Decision,
	Event,
	EventKind,
	MatchFacts,
	Note,
	Notice,
	Page,
	Reach,
	Recipient,
	Refusal,
	StartAt,
	Status,
	Step,
	Target,
	TargetKind,
	Unreachable,
	acknowledge,
	add_person,
	bring_forward,
	can_add,
	can_bring_forward,
	can_hand_over,
	can_reach,
	can_snooze,
	can_unacknowledge,
	evaluate,
	hand_over,
	held_until,
	run_due,
	snooze,
	stop,
	unacknowledge,
)
from escalation_mgmt.engine.waits import following, wait_before
from tests.engine.make import T0, actor, always, everybody, minutes, nobody, opened, plan, refused, ticket

K = EventKind
NOW = T0 + minutes(17)


def run(item: ActionItem, now, of_ticket=None, reaches=everybody) -> Decision | None:
	return run_due(item, of_ticket or ticket(), [item.plan], always, Context(now, reaches=reaches))


def escalating(*waits: float, **more) -> ActionItem:
	"""Step 1 has run at the end of the window, at minute 15."""
	return run(opened(plan(*waits, **more)), T0 + minutes(15)).item


def acknowledged(*waits: float, **more) -> ActionItem:
	return acknowledge(
		escalating(*waits, **more), actor("Tina", "Link", user="tina"), Context(T0 + minutes(16))
	).item


# --- escalate to a step


def test_to_a_chosen_step_those_between_are_passed_over() -> None:
	item = escalating(0, 5, 5, 0, 5)
	there = bring_forward(item, (0, 0, 1), NOW, to=4, actor=actor("Tina", "Desk"))
	data = {"planned": T0 + minutes(20), "by": "Tina", "via": "Desk", "passed_over": "2"}
	assert there == Decision(
		item=replace(item, group=2, due_at=NOW, version=item.version + 1),
		events=(Event(K.BROUGHT_FORWARD, NOW, 3, 0, data),),
	)
	assert [event.step for event in run(there.item, NOW).events if event.kind is K.STEP_RAN] == [3, 4]
	assert bring_forward(item, (0, 0, 1), NOW, to=5).events[0].data["passed_over"] == "2, 3, 4"
	assert "passed_over" not in bring_forward(item, (0, 0, 1), NOW, to=2).events[0].data


@pytest.mark.parametrize("to", [1, 9])
def test_no_step_that_has_run_or_that_there_is_not(to: int) -> None:
	with refused(Refusal.NO_SUCH_STEP):
		bring_forward(escalating(0, 5), (0, 0, 1), NOW, to=to)


def test_a_snoozed_item_is_woken_by_it() -> None:
	item = snooze(escalating(0, 5), T0 + minutes(90), actor("Tina"), NOW).item
	assert can_bring_forward(item)
	woken = bring_forward(item, (0, 0, 1), T0 + minutes(18)).item
	assert (woken.status, woken.due_at, woken.resumes_at) == (Status.SNOOZED, T0 + minutes(18), None)
	kinds = [event.kind for event in run(woken, T0 + minutes(18)).events]
	assert kinds == [K.SNOOZE_OVER, K.STEP_RAN, K.LAST_WAIT]


# --- snooze


def test_snoozed_and_over_by_time() -> None:
	item = escalating(0, 5)
	until = T0 + minutes(40)
	quiet = snooze(item, until, actor("Tina", "Link"), NOW)
	assert quiet == Decision(
		item=replace(
			item,
			status=Status.SNOOZED,
			due_at=until,
			resumes_at=T0 + minutes(20),
			version=item.version + 1,
		),
		events=(Event(K.SNOOZED, NOW, 1, 0, {"until": until, "by": "Tina", "via": "Link"}),),
		withdraw=True,
	)
	assert run(quiet.item, until - timedelta(seconds=1)) is None
	over = run(quiet.item, until + timedelta(seconds=3))
	assert over.events[0] == Event(K.SNOOZE_OVER, until + timedelta(seconds=3), 1, 0)
	assert over.events[1].data["late"] == 3.0 and over.pages and over.item.resumes_at is None


def test_it_ends_no_step_early() -> None:
	item = snooze(escalating(0, 30), T0 + minutes(20), actor("Tina"), NOW).item
	over = run(item, T0 + minutes(20))
	assert over == Decision(
		item=replace(
			item,
			status=Status.ESCALATING,
			due_at=T0 + minutes(45),
			resumes_at=None,
			version=item.version + 1,
		),
		events=(Event(K.SNOOZE_OVER, T0 + minutes(20), 1, 0),),
	)


def test_it_ends_by_a_raised_priority_and_by_no_lowered_one() -> None:
	item = snooze(escalating(0, 5), T0 + minutes(90), actor("Tina"), NOW).item
	item = replace(item, facts=MatchFacts(priority="High", level=60))
	lowered = evaluate(item, ticket("Low", 20), [item.plan], always, Context(T0 + minutes(30)))
	assert lowered.item.status is Status.SNOOZED
	raised = evaluate(item, ticket("Urgent", 80), [item.plan], always, Context(T0 + minutes(30)))
	assert raised.item.status is Status.ESCALATING and raised.item.due_at == T0 + minutes(30)
	assert raised.events[-1] == Event(K.SNOOZE_OVER, T0 + minutes(30), 1, 0, {"why": "priority raised"})
	early = evaluate(item, ticket("Urgent", 80), [item.plan], always, Context(T0 + minutes(18)))
	assert early.item.due_at == T0 + minutes(20), "no step early"


def test_of_the_last_wait_it_uses_nothing_up() -> None:
	"""At minute 17 of one that ends at minute 45."""
	quiet = snooze(escalating(0), T0 + minutes(90), actor("Tina"), NOW).item
	assert (quiet.due_at, quiet.resumes_at) == (T0 + minutes(90), T0 + minutes(90 + 28))
	over = run(quiet, T0 + minutes(90))
	assert [event.kind for event in over.events] == [K.SNOOZE_OVER]
	assert over.item.status is Status.ESCALATING and over.item.due_at == T0 + minutes(118)
	assert run(over.item, T0 + minutes(118)).item.status is Status.EXHAUSTED
	late = snooze(escalating(0), T0 + minutes(90), actor("Tina"), T0 + minutes(50)).item
	assert late.resumes_at == T0 + minutes(90), "one that is over already ends after it"


@pytest.mark.parametrize(
	("until", "why"),
	[
		(NOW, Refusal.PAST),
		(NOW - timedelta(seconds=1), Refusal.PAST),
		(NOW + LONGEST_SNOOZE + timedelta(seconds=1), Refusal.TOO_LONG),
	],
)
def test_no_past_and_no_far_instant(until, why: Refusal) -> None:
	with refused(why):
		snooze(escalating(0), until, actor("Tina"), NOW)


def test_the_longest_is_a_week_and_only_what_escalates_is_snoozed() -> None:
	assert timedelta(days=7) == LONGEST_SNOOZE
	assert snooze(escalating(0), NOW + LONGEST_SNOOZE, actor("Tina"), NOW).item.due_at == NOW + LONGEST_SNOOZE
	assert can_snooze(escalating(0)) and not can_snooze(opened(plan(0))) and not can_snooze(acknowledged(0))
	stalled = replace(escalating(0), stalled=True, due_at=None)
	assert not can_snooze(stalled)


def test_a_snooze_is_forgotten_by_whoever_takes_it_and_by_the_end() -> None:
	quiet = snooze(escalating(0, 5), T0 + minutes(90), actor("Tina"), NOW).item
	assert acknowledge(quiet, actor("Tina", "Link", user="tina"), Context(NOW)).item.resumes_at is None
	assert stop(quiet, actor("Ada"), "known", NOW).item.resumes_at is None


# --- give back


def test_given_back_the_next_step_is_due_after_its_own_wait() -> None:
	item = replace(acknowledged(0, 5), unreached=1)
	back = unacknowledge(item, actor("Ada", user="ada"), ticket(), Context(NOW))
	due = NOW + minutes(5)
	assert back == Decision(
		item=replace(
			item,
			generation=1,
			status=Status.ESCALATING,
			due_at=due,
			unreached=0,
			acknowledged_by="",
			acknowledged_user="",
			acknowledged_at=None,
			acknowledged_via="",
			before=None,
			version=item.version + 1,
		),
		events=(Event(K.UNACKNOWLEDGED, NOW, 1, 0, {"by": "Ada", "was": "Tina", "due": due}),),
		notices=(Notice(Audience.NOTIFIED, K.UNACKNOWLEDGED, but_not=frozenset({"ada"})),),
	)
	assert unacknowledge(item, actor("Ada"), ticket(), Context(NOW)).notices[0].but_not == frozenset()


def test_given_back_after_the_last_step_the_last_wait_begins_anew() -> None:
	back = unacknowledge(acknowledged(0), actor("Tina"), ticket(), Context(NOW))
	assert back.item.in_last_wait and back.item.due_at == NOW + minutes(30)
	assert back.events[0].data == {"by": "Tina", "was": "Tina", "due": NOW + minutes(30), "last_wait": True}


def test_given_back_in_the_window_it_is_kept() -> None:
	of = plan(7, start=StartAt.AT_DEADLINE)
	item = acknowledge(opened(of), actor("Tina", "Link"), Context(T0 + minutes(1))).item
	back = unacknowledge(item, actor("Tina"), ticket(response_by=T0 + minutes(40)), Context(T0 + minutes(2)))
	assert back.item.due_at == T0 + minutes(47)
	late = unacknowledge(item, actor("Tina"), ticket(response_by=T0 + minutes(40)), Context(T0 + minutes(60)))
	assert late.item.due_at == T0 + minutes(67)


def test_given_back_after_a_step_no_window_counts() -> None:
	item = acknowledged(0, 5, start=StartAt.AT_DEADLINE)
	back = unacknowledge(item, actor("Tina"), ticket(response_by=T0 + minutes(90)), Context(NOW))
	assert back.item.due_at == NOW + minutes(5), "the deadline was moved after step 1 had run"


def test_given_back_before_a_repeat_its_pause_begins_anew() -> None:
	item = acknowledged(0, repeats=1, repeat_pause=minutes(20))
	assert (item.run, item.group) == (1, 0)
	assert unacknowledge(item, actor("Tina"), ticket(), Context(NOW)).item.due_at == NOW + minutes(20)


def test_only_what_somebody_has_and_not_beside_a_newer_item() -> None:
	assert can_unacknowledge(acknowledged(0)) and not can_unacknowledge(escalating(0))
	assert not can_unacknowledge(replace(acknowledged(0), superseded=True))


# --- hand over, and add a person


def test_handed_over_they_are_paged_at_once_and_have_their_time() -> None:
	item = replace(escalating(0, 5), unreached=1)
	over = hand_over(
		item, "leo", "Leo", actor("Ada", "Desk", user="ada"), ticket(), Context(NOW, reaches=everybody)
	)
	to = Recipient(method="Email", address="leo@x.test", label="leo")
	data = {"to": "Leo", "by": "Ada", "via": "Desk", "methods": "Email", "due": NOW + minutes(5)}
	assert over == Decision(
		item=replace(
			item,
			generation=1,
			assignees=("leo",),
			due_at=NOW + minutes(5),
			unreached=0,
			version=item.version + 1,
		),
		events=(Event(K.HANDED_OVER, NOW, 1, 0, data),),
		pages=(Page(item.plan.steps[0], 0, to, NOW),),
		notices=(Notice(Audience.NOTIFIED, K.HANDED_OVER, but_not=frozenset({"leo", "ada"})),),
	)
	assert hand_over(item, "leo", "Leo", actor("Ada"), ticket(), Context(NOW, reaches=everybody)).notices[
		0
	].but_not == frozenset({"leo"})


def test_handed_over_from_whoever_has_it_from_a_snooze_and_where_nobody_was_reached() -> None:
	had = hand_over(acknowledged(0, 5), "leo", "Leo", actor("Ada"), ticket(), Context(NOW, reaches=everybody))
	assert had.item.status is Status.ESCALATING and not had.item.acknowledged_by
	assert had.events[0].data["was"] == "Tina"
	quiet = snooze(escalating(0, 5), T0 + minutes(90), actor("Tina"), NOW).item
	woken = hand_over(quiet, "leo", "Leo", actor("Ada"), ticket(), Context(NOW, reaches=everybody)).item
	assert (woken.status, woken.resumes_at, woken.due_at) == (Status.ESCALATING, None, NOW + minutes(5))
	stalled = replace(escalating(4, 5), stalled=True, due_at=None, group=0)
	again = hand_over(stalled, "leo", "Leo", actor("Ada"), ticket(), Context(NOW, reaches=everybody)).item
	assert not again.stalled and again.due_at == NOW + minutes(4)
	assert can_hand_over(stalled) and can_hand_over(quiet) and can_hand_over(acknowledged(0))
	assert not can_hand_over(opened(plan(0))) and not can_hand_over(replace(acknowledged(0), superseded=True))


def test_handed_over_in_the_window_it_is_kept() -> None:
	of = plan(7, start=StartAt.AT_DEADLINE)
	item = acknowledge(opened(of), actor("Tina", "Link"), Context(T0 + minutes(1))).item
	by_then = ticket(response_by=T0 + minutes(40))
	over = hand_over(item, "leo", "Leo", actor("Ada"), by_then, Context(NOW, reaches=everybody))
	assert over.item.due_at == T0 + minutes(47) and over.events[0].data["due"] == over.item.due_at
	late = hand_over(item, "leo", "Leo", actor("Ada"), by_then, Context(T0 + minutes(60), reaches=everybody))
	assert late.item.due_at == T0 + minutes(67)


@pytest.mark.parametrize("stalled", [False, True])
def test_what_would_page_them_in_the_same_second_has_paged_them(stalled: bool) -> None:
	"""Acknowledged before the first step ran, and handed over; or given to somebody who is reached, where nobody was."""
	item = opened(plan(0, 0, 5, start=StartAt.AT_ONCE))
	if stalled:
		item = replace(item, status=Status.ESCALATING, step=3, stalled=True, due_at=None)
	else:
		item = acknowledge(item, actor("Tina", "Link"), Context(T0)).item
	over = hand_over(item, "leo", "Leo", actor("Ada"), ticket(), Context(NOW, reaches=everybody))
	assert (over.item.group, over.item.step, over.item.due_at) == (1, 2, NOW + minutes(5))
	assert over.events[0].data["counts_as"] == 2
	assert run(over.item, NOW, ticket(assignees=("leo",))) is None, "nothing is due in that second"
	assert [page.step.number for page in run(over.item, NOW + minutes(5)).pages] == [3]
	if stalled:
		added = add_person(item, "leo", "Leo", actor("Ada"), Context(NOW, reaches=everybody))
		assert (added.item.group, added.item.due_at) == (1, NOW + minutes(5))
		assert added.events[0].data["counts_as"] == 2 and added.events[1].data["due"] == added.item.due_at


def test_where_nobody_was_reached_those_before_the_step_that_reaches_them_are_passed_too() -> None:
	item = replace(two_ways(), group=0, stalled=True, due_at=None)
	added = add_person(item, "leo", "Leo", actor("Ada"), Context(NOW, reaches=only_by("SMS")))
	assert (added.item.group, added.item.step) == (2, 2) and added.item.due_at == NOW + minutes(5)
	running = replace(two_ways(), step=0, group=0, due_at=NOW)
	assert (
		add_person(running, "leo", "Leo", actor("Ada"), Context(NOW, reaches=everybody)).item.due_at == NOW
	), "nobody is left out"
	assert (
		hand_over(
			running, "leo", "Leo", actor("Ada"), ticket(), Context(NOW, reaches=only_by("SMS"))
		).item.group
		== 0
	)


def test_one_who_was_added_counts_where_it_is_asked_who_can_be_reached() -> None:
	item = add_person(escalating(0, 5), "leo", "Leo", actor("Ada"), Context(NOW, reaches=everybody)).item

	def only_leo(step: Step) -> Reach:
		return everybody(step) if step.target.value == "leo" else nobody(step)

	assert can_reach(item, Context(T0, reaches=only_leo)) and not can_reach(item, Context(T0, reaches=nobody))
	assert not can_reach(replace(item, added=()), Context(T0, reaches=only_leo))


def several_methods() -> ActionItem:
	"""Steps: a pager; SMS and a call together, then SMS again; email."""
	of = plan(0, 5, 0, 0, 5)
	methods = ("HTTP POST", "SMS", "Phone Call", "SMS", "Email")
	kinds = (TargetKind.ENDPOINT, TargetKind.TEAM, TargetKind.ASSIGNEE, TargetKind.ROLE, TargetKind.ADDRESS)
	steps = tuple(
		replace(step, method=method, target=Target(kind, "x"))
		for step, method, kind in zip(of.steps, methods, kinds, strict=True)
	)
	return run(opened(replace(of, steps=steps)), T0 + minutes(15)).item


def test_by_the_first_methods_for_people_each_once() -> None:
	item = several_methods()
	over = hand_over(item, "leo", "Leo", actor("Ada"), ticket(), Context(NOW, reaches=everybody))
	assert [page.recipient.method for page in over.pages] == ["SMS", "Phone Call"]
	assert over.events[0].data["methods"] == "SMS, Phone Call"


def test_who_can_not_be_reached_is_handed_nothing_and_it_is_said_why() -> None:
	with pytest.raises(CannotBeReached, match=r"^can't be reached$") as caught:
		hand_over(several_methods(), "leo", "Leo", actor("Ada"), ticket(), Context(NOW, reaches=nobody))
	assert [miss.method for miss in caught.value.missed] == ["SMS", "Phone Call"]
	pagers = escalating(0)
	step = replace(pagers.plan.steps[0], target=Target(TargetKind.ENDPOINT, "Pager"))
	pagers = replace(pagers, plan=replace(pagers.plan, steps=(step,)))
	with pytest.raises(CannotBeReached) as caught:
		hand_over(pagers, "leo", "Leo", actor("Ada"), ticket(), Context(NOW, reaches=everybody))
	assert caught.value.missed == ()


def only_by(method: str):
	def reaches(step: Step) -> Reach:
		if step.method == method:
			return everybody(step)
		return Reach((), (Unreachable(method=step.method, label="leo", reason="no"),))

	return reaches


def two_ways() -> ActionItem:
	of = plan(0, 5, 5)
	steps = tuple(
		replace(step, method=method) for step, method in zip(of.steps, ("Email", "SMS", "Fax"), strict=True)
	)
	item = run(opened(replace(of, steps=steps)), T0 + minutes(15)).item
	return run(item, T0 + minutes(20)).item


def test_added_they_are_paged_by_the_step_that_ran_last_or_else_by_any() -> None:
	item = two_ways()
	added = add_person(item, "leo", "Leo", actor("Ada", "Desk"), Context(NOW, reaches=everybody))
	to = Recipient(method="SMS", address="leo@x.test", label="leo")
	assert added == Decision(
		item=replace(item, added=("leo",), unreached=0, version=item.version + 1),
		events=(
			Event(K.PERSON_ADDED, NOW, 2, 0, {"to": "Leo", "by": "Ada", "via": "Desk", "methods": "SMS"}),
		),
		pages=(Page(item.plan.steps[1], 0, to, NOW),),
	)
	for method in ("Fax", "Email"):
		pages = add_person(item, "leo", "Leo", actor("Ada"), Context(NOW, reaches=only_by(method))).pages
		assert [page.recipient.method for page in pages] == [method]


def test_from_then_on_they_are_paged_with_every_step_for_people() -> None:
	item = add_person(several_methods(), "leo", "Leo", actor("Ada"), Context(NOW, reaches=everybody)).item
	ran = run(item, T0 + minutes(20))
	assert [(page.step.number, page.recipient.label) for page in ran.pages] == [
		*((2, "x"), (2, "leo"), (3, "x"), (3, "leo")),
	]
	last = run(ran.item, ran.item.due_at)
	assert [page.recipient.label for page in last.pages] == ["x"], "a bare address is one"
	missed = run(item, T0 + minutes(20), reaches=nobody)
	assert [event.data["who"] for event in missed.events if event.kind is K.UNREACHABLE][:2] == ["x", "leo"]


def test_added_twice_is_refused_and_adding_starts_what_reached_nobody() -> None:
	item = escalating(0, 5)
	with refused(Refusal.ALREADY_ADDED):
		add_person(replace(item, added=("leo",)), "leo", "Leo", actor("Ada"), Context(NOW, reaches=everybody))
	stalled = replace(item, stalled=True, due_at=None, group=0, unreached=2)
	again = add_person(stalled, "leo", "Leo", actor("Ada"), Context(NOW, reaches=everybody))
	assert (again.item.stalled, again.item.due_at, again.item.unreached) == (False, NOW + minutes(5), 0)
	assert again.events[1] == Event(K.STARTED_AGAIN, NOW, data={"why": "added", "due": NOW + minutes(5)})
	assert can_add(item) and can_add(stalled) and not can_add(opened(plan(0)))


def test_whoever_has_it_keeps_it_when_somebody_is_called_to_help() -> None:
	item = replace(acknowledged(5), due_at=NOW + minutes(9))
	assert can_add(item) and not can_add(replace(item, superseded=True))
	assert not can_add(replace(item, status=Status.RESOLVED))
	added = add_person(item, "leo", "Leo", actor("Ada", "Desk"), Context(NOW, reaches=everybody))
	kept = replace(item, added=("leo",), version=item.version + 1)
	assert added.item == kept and not added.withdraw and not added.notices
	(event,) = added.events
	assert event.data["has_it"] == item.acknowledged_by and event.people["has_it"] == item.who_has_it
	assert [page.recipient.label for page in added.pages] == ["leo"]
	again = add_person(added.item, "leo", "Leo", actor("Ada"), Context(NOW, reaches=everybody))
	assert again.item.added == ("leo",) and again.pages, "help can be asked for once more"
	with refused(Refusal.ALREADY_ACKNOWLEDGED):
		has_it = replace(item, acknowledged_user="leo")
		add_person(has_it, "leo", "Leo", actor("Ada"), Context(NOW, reaches=everybody))


def test_what_is_not_said_is_not_written_and_they_are_looked_for_as_users() -> None:
	looked_for = []

	def reaches(step: Step) -> Reach:
		looked_for.append(step.target)
		return everybody(step)

	item = several_methods()
	over = hand_over(item, "leo", "Leo", actor("Ada"), ticket(), Context(NOW, reaches=reaches))
	added = add_person(item, "leo", "Leo", actor("Ada"), Context(NOW, reaches=reaches))
	assert "via" not in over.events[0].data and "via" not in added.events[0].data
	assert set(looked_for) == {Target(TargetKind.USER, "leo")}


def test_handed_over_after_a_step_the_window_is_long_over() -> None:
	item = escalating(0, 5, start=StartAt.AT_DEADLINE)
	moved = ticket(response_by=T0 + minutes(600))
	assert hand_over(
		item, "leo", "Leo", actor("Ada"), moved, Context(NOW, reaches=everybody)
	).item.due_at == NOW + minutes(5)


def test_handed_over_before_a_repeat_its_pause_is_kept() -> None:
	pause = {"repeats": 1, "repeat_pause": minutes(20)}
	over = hand_over(
		escalating(0, **pause), "leo", "Leo", actor("Ada"), ticket(), Context(NOW, reaches=everybody)
	).item
	assert (over.run, over.group, over.due_at) == (1, 0, NOW + minutes(20))
	item = acknowledge(
		opened(plan(0, start=StartAt.AT_ONCE, **pause)), actor("Tina", "Link"), Context(T0)
	).item
	counted = hand_over(item, "leo", "Leo", actor("Ada"), ticket(), Context(NOW, reaches=everybody))
	assert counted.events[0].data["counts_as"] == 1
	assert (counted.item.run, counted.item.group, counted.item.due_at) == (1, 0, NOW + minutes(20))


# --- refused


@pytest.mark.parametrize(
	"command",
	[
		lambda item: snooze(item, NOW + minutes(5), actor("Ada"), NOW),
		lambda item: stop(item, actor("Ada"), "known", NOW),
		lambda item: unacknowledge(item, actor("Ada"), ticket(), Context(NOW)),
		lambda item: hand_over(item, "leo", "Leo", actor("Ada"), ticket(), Context(NOW, reaches=everybody)),
		lambda item: add_person(item, "leo", "Leo", actor("Ada"), Context(NOW, reaches=everybody)),
	],
)
def test_of_what_has_ended_nothing_can_be_asked(command: Callable[[ActionItem], Decision]) -> None:
	ended = stop(escalating(0), actor("Ada"), "known", NOW).item
	with refused(Refusal.NOT_IN_THIS_STATUS):
		command(ended)


# --- when what comes next is due


def test_positions_and_waits() -> None:
	of = plan(1, 2, 3, repeats=1, repeat_pause=minutes(10), last_wait=minutes(20))
	assert [following(of, 0, 0), following(of, 0, 2), following(of, 1, 2)] == [(0, 1), (1, 0), (1, 3)]
	waits = [wait_before(of, *at) for at in ((0, 0), (0, 2), (1, 0), (1, 1), (1, 3))]
	assert waits == [minutes(n) for n in (1, 3, 11, 2, 20)]


def test_nothing_is_held_past_the_last_step_or_at_any_hour() -> None:
	from escalation_mgmt.engine import AROUND_THE_CLOCK

	of = plan(0)
	assert (
		held_until(of, 0, NOW, AROUND_THE_CLOCK) is None and held_until(of, 1, NOW, AROUND_THE_CLOCK) is None
	)


@pytest.mark.parametrize("note", ["Bring the keys", ""])
def test_a_note_goes_with_the_pages_of_who_is_called_and_stands_in_the_history(note: str) -> None:
	item, by, at = opened(plan(0, 10)), actor("ada"), Context(T0, reaches=everybody)
	item = run_due(replace(item, due_at=T0), ticket(), [], always, at).item
	for decision in (
		hand_over(item, "b", "Bob", by, ticket(), at, note=note),
		add_person(item, "b", "Bob", by, at, note=note),
	):
		notes = {page.note for page in decision.pages}
		assert notes == {Note(note, by) if note else None}
		assert decision.events[0].data.get("note", "") == note
