"""Every decision to the letter: state, events with their data, pages, tells. What history shows hangs on it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from escalation_mgmt.engine import (
	Audience,
	Cause,
	Context,
	Decision,
	Event,
	EventKind,
	ImpossibleTransition,
	MatchFacts,
	Notice,
	Page,
	Plan,
	Reach,
	Recipient,
	Refusal,
	StartAt,
	Status,
	StatusCategory,
	TicketFilter,
	Unreachable,
	acknowledge,
	bring_forward,
	evaluate,
	next_status,
	open_item,
	run_due,
	start_again,
	stop,
)
from escalation_mgmt.engine.undo import as_before
from tests.engine.make import T0, actor, always, everybody, minutes, nobody, opened, plan, refused, ticket

K = EventKind


def escalating(*waits, group=0, step=0, due=T0, **more):
	return replace(
		opened(plan(*waits, **more)), status=Status.ESCALATING, group=group, step=step, due_at=due, version=4
	)


def run(item, now, of_ticket=None, reaches=everybody):
	return run_due(item, of_ticket or ticket(), [item.plan], always, Context(now, reaches=reaches))


def test_opening() -> None:
	decision = open_item("E", plan(0), ticket(assignees=("a",)), Context(T0))
	assert decision.events == (Event(K.CREATED, T0, data={"plan": "Outage", "due": T0 + minutes(15)}),)
	assert decision.pages == () and decision.notices == () and decision.withdraw is False
	item = decision.item
	assert (item.id, item.status, item.version, item.run, item.group, item.step) == (
		"E",
		Status.SCHEDULED,
		0,
		0,
		0,
		0,
	)
	assert item.assignees == ("a",) and item.facts == ticket().facts and not item.by_hand and not item.stalled
	by_hand = open_item("E", plan(0), ticket(), Context(T0), by="a@x.test", follows="D")
	assert by_hand.item.by_hand
	assert by_hand.events[0].data == {
		"plan": "Outage",
		"due": T0 + minutes(15),
		"by": "a@x.test",
		"follows": "D",
	}


def test_window_over_with_a_wait() -> None:
	item = opened(plan(5))
	late = T0 + minutes(16)
	decision = run(item, late)
	assert decision == Decision(
		item=replace(item, status=Status.ESCALATING, due_at=late + minutes(5), version=1),
		events=(Event(K.WINDOW_OVER, late, data={"late": 60.0}),),
	)


def test_a_group_of_two_with_one_missed_and_one_reached_twice() -> None:
	a = Recipient(method="Email", address="a@x.test", label="A", user="a")

	def reaches(step):
		if step.number == 1:
			miss = Unreachable(method="Email", label="B", reason="no number", user="b")
			bare = Unreachable(method="Email", label="C", reason="gone")
			return Reach((a,), (miss, bare))
		return Reach((a, replace(a, address="d@x.test", label="D")))

	item = escalating(0, 0, 7, repeats=1)
	now = T0 + timedelta(seconds=90)
	decision = run(item, now, reaches=reaches)
	one, two, _three = item.plan.steps
	assert decision == Decision(
		item=replace(item, group=1, step=2, due_at=now + minutes(7), version=5),
		events=(
			Event(K.STEP_RAN, now, 1, 0, {"method": "Email", "planned": T0, "to": "A", "late": 90.0}),
			Event(
				K.UNREACHABLE, now, 1, 0, {"method": "Email", "who": "B", "user": "b", "reason": "no number"}
			),
			Event(K.UNREACHABLE, now, 1, 0, {"method": "Email", "who": "C", "reason": "gone"}),
			Event(
				K.STEP_RAN, now, 2, 0, {"method": "Email", "planned": T0, "to": "D", "same": 1, "late": 90.0}
			),
		),
		pages=(
			Page(one, 0, a, T0),
			Page(two, 0, replace(a, address="d@x.test", label="D"), T0),
		),
	)


def test_one_address_by_two_methods_is_two_messages() -> None:
	def reaches(step):
		methods = ("Email", "SMS")
		return Reach(tuple(Recipient(method=m, address="a", label="A") for m in methods))

	assert [p.recipient.method for p in run(escalating(0), T0, reaches=reaches).pages] == ["Email", "SMS"]


def test_the_last_group_begins_the_last_wait_and_a_repeat_its_pause() -> None:
	item = escalating(3, last_wait=minutes(9))
	decision = run(item, T0)
	assert decision.events[-1] == Event(K.LAST_WAIT, T0, 1, 0, {"until": T0 + minutes(9)})
	assert decision.item == replace(item, group=1, step=1, due_at=T0 + minutes(9), version=5)
	again = escalating(3, repeats=1, repeat_pause=minutes(4))
	assert run(again, T0).item == replace(again, run=1, group=0, step=1, due_at=T0 + minutes(7), version=5)
	second = replace(again, run=1)
	ran = run(second, T0)
	assert ran.events[0].run == 1 and ran.pages[0].run == 1
	assert ran.events[-1] == Event(K.LAST_WAIT, T0, 1, 1, {"until": T0 + minutes(30)})


def test_exhausted() -> None:
	item = replace(escalating(0, group=1, step=1), run=2)
	now = T0 + timedelta(seconds=5)
	assert run(item, now) == Decision(
		item=replace(item, status=Status.EXHAUSTED, due_at=None, ended_at=now, version=5),
		events=(Event(K.EXHAUSTED, now, 1, 2, {"late": 5.0}),),
		notices=(Notice(Audience.OWNERS, K.EXHAUSTED),),
	)


def test_nobody_in_the_first_of_two_groups() -> None:
	item = escalating(0, 8)
	decision = run(item, T0, reaches=nobody)
	assert decision.item == replace(item, group=1, step=1, due_at=T0, unreached=1, version=5)
	assert decision.events[2] == Event(K.BROUGHT_FORWARD, T0, 2, 0, {"planned": T0 + minutes(8)})
	assert len(decision.events) == 3 and decision.notices == ()


def test_nobody_at_all() -> None:
	item = replace(escalating(0, 8, group=1, step=1, repeats=1), unreached=1)
	decision = run(item, T0, reaches=nobody)
	assert decision.item == replace(
		item, run=0, group=0, step=2, due_at=None, unreached=2, stalled=True, nobody_notified=True, version=5
	)
	assert decision.events[2:] == (Event(K.NOBODY_NOTIFIED, T0, 2, 0),)
	assert decision.notices == (Notice(Audience.OWNERS, K.NOBODY_NOTIFIED),)


def test_nobody_in_the_last_group_after_somebody_before_waits_the_last_wait() -> None:
	item = escalating(0, 8, group=1, step=1)
	decision = run(item, T0, reaches=nobody)
	assert decision.item == replace(item, group=2, step=2, due_at=T0 + minutes(30), unreached=1, version=5)
	assert decision.events[-1].kind is K.LAST_WAIT and len(decision.events) == 3


def test_a_stalled_item_waits() -> None:
	stalled = replace(escalating(0, 5, group=0, step=2, due=None), stalled=True, unreached=2)
	assert run(stalled, T0 + minutes(600)) is None


def test_starting_again() -> None:
	item = replace(escalating(0, 8), due_at=None, stalled=True, unreached=2)
	assert start_again(item, "contact", T0) == Decision(
		item=replace(item, generation=1, due_at=T0, stalled=False, unreached=0, version=5),
		events=(Event(K.STARTED_AGAIN, T0, data={"why": "contact"}),),
	)


def test_acknowledging() -> None:
	item = replace(escalating(0, 8, group=1, step=1), run=1, stalled=True, due_at=None)
	now = T0 + minutes(1)
	assert acknowledge(item, actor("Tina", "Link", user="t"), Context(now)) == Decision(
		item=replace(
			item,
			status=Status.ACKNOWLEDGED,
			stalled=False,
			acknowledged_by="Tina",
			acknowledged_user="t",
			acknowledged_at=now,
			acknowledged_via="Link",
			before=as_before(item),
			version=5,
		),
		events=(Event(K.ACKNOWLEDGED, now, 1, 1, {"by": "Tina", "via": "Link"}),),
		notices=(Notice(Audience.NOTIFIED, K.ACKNOWLEDGED, but_not=frozenset({"t"}), wait=minutes(1)),),
		withdraw=True,
	)
	late = acknowledge(
		replace(item, status=Status.EXHAUSTED, ended_at=T0), actor("Pager", "Link"), Context(now)
	)
	assert late.events[0].data == {"by": "Pager", "via": "Link", "late": "after the last wait"}
	assert late.item.ended_at is None and late.item.acknowledged_user == ""
	assert late.notices[0].but_not == frozenset()


def test_endings() -> None:
	item = replace(escalating(0, 8, group=1, step=1), run=1)

	def ended(status, kind, data, *, told=True):
		return Decision(
			item=replace(item, status=status, due_at=None, ended_at=T0, version=5),
			events=(Event(kind, T0, 1, 1, data),),
			notices=(Notice(Audience.NOTIFIED, kind),) if told else (),
			withdraw=True,
		)

	def evaluated(of_ticket, enabled=(), condition_met=always):
		return evaluate(item, of_ticket, enabled, condition_met, Context(T0))

	assert evaluated(ticket(exists=False)) == ended(
		Status.CANCELLED, K.CANCELLED, {"reason": "ticket deleted"}
	)
	assert evaluated(ticket(merged_into="7")) == ended(Status.CANCELLED, K.CANCELLED, {"merged_into": "7"})
	assert evaluated(ticket(category=StatusCategory.RESOLVED)) == ended(
		Status.RESOLVED, K.RESOLVED, {"how": "resolved"}
	)
	assert evaluated(ticket(stopped_by_condition=True)) == ended(
		Status.RESOLVED, K.RESOLVED, {"how": "stop condition"}
	)
	none = evaluated(ticket(), condition_met=lambda p: False)
	assert none == ended(Status.CANCELLED, K.CANCELLED, {"reason": "no plan matches"})
	stopped = stop(item, actor("Ada", user="a"), "known", T0)
	assert stopped == replace(
		ended(Status.CANCELLED, K.CANCELLED, {"by": "Ada", "reason": "known"}),
		notices=(Notice(Audience.NOTIFIED, K.CANCELLED, but_not=frozenset({"a"})),),
	)


def test_replaced_says_by_which_plan_and_tells_nobody() -> None:
	high = plan(0, name="High", takes=TicketFilter(doctype="HD Ticket", priorities=frozenset({"High"})))
	urgent = replace(
		high, name="Urgent", takes=TicketFilter(doctype="HD Ticket", priorities=frozenset({"Urgent"}))
	)
	item = opened(high)
	decision = evaluate(item, ticket("Urgent", 80), [high, urgent], always, Context(T0))
	assert decision == Decision(
		item=replace(item, status=Status.CANCELLED, due_at=None, ended_at=T0, version=1),
		events=(Event(K.REPLACED, T0, 0, 0, {"replaced_by": "Urgent"}),),
		withdraw=True,
	)


def test_following_a_ticket_that_changed() -> None:
	of = plan(0, start=StartAt.AT_DEADLINE)
	item = replace(opened(of, ticket(response_by=T0 + minutes(30), assignees=("a", "b"))), version=3)
	now = T0 + minutes(1)
	facts = MatchFacts(priority="High", level=60, team="Net", ticket_type="Incident")
	changed = replace(ticket(response_by=T0 + minutes(50), assignees=("c",)), facts=facts)
	decision = evaluate(item, changed, [of], always, Context(now))
	assert decision == Decision(
		item=replace(item, facts=facts, due_at=T0 + minutes(50), assignees=("c",), version=4),
		events=(
			Event(K.TICKET_CHANGED, now, data={"priority": "High", "team": "Net", "type": "Incident"}),
			Event(K.WINDOW_MOVED, now, data={"was": T0 + minutes(30), "due": T0 + minutes(50)}),
			Event(K.ASSIGNEE_CHANGED, now, data={"was": "a, b", "assigned": "c"}),
		),
		notices=(Notice(Audience.NOTIFIED, K.ASSIGNEE_CHANGED, but_not=frozenset({"c"})),),
	)
	nobody_now = evaluate(item, ticket(response_by=T0 + minutes(30)), [of], always, Context(now))
	assert nobody_now.notices == () and nobody_now.item.assignees == ()
	same_in_another_order = ticket(response_by=T0 + minutes(30), assignees=("b", "a"))
	assert evaluate(item, same_in_another_order, [of], always, Context(now)) is None


def test_the_deadline_moves_nothing_once_the_steps_run() -> None:
	of = plan(0, start=StartAt.AT_DEADLINE)
	item = replace(opened(of), status=Status.ESCALATING)
	assert evaluate(item, ticket(response_by=T0 + minutes(50)), [of], always, Context(T0)) is None


def test_what_is_seen_and_what_runs_are_one_decision() -> None:
	item = escalating(0, 8)
	decision = run(item, T0, ticket(assignees=("c",)))
	assert [event.kind for event in decision.events] == [K.ASSIGNEE_CHANGED, K.STEP_RAN]
	assert decision.item.version == 5 and decision.item.assignees == ("c",)
	assert decision.notices == (Notice(Audience.NOTIFIED, K.ASSIGNEE_CHANGED, but_not=frozenset({"c"})),)
	assert len(decision.pages) == 1


def test_a_snooze_that_is_over_goes_on_with_its_step() -> None:
	item = replace(escalating(0, 8, group=1, step=1), status=Status.SNOOZED)
	decision = run(item, T0)
	assert decision.item.status is Status.ESCALATING and decision.pages[0].step.number == 2


def test_an_answer_counts_only_after_the_item_was_opened() -> None:
	item = escalating(0, 8)
	at_that_instant = ticket(replied_at=item.opened_at, first_responded_at=item.opened_at)
	assert evaluate(item, at_that_instant, [item.plan], always, Context(T0)) is None


def test_paused_is_named() -> None:
	of = plan(0, stop=replace(plan(0).stop, on_paused_status=True))
	decision = evaluate(opened(of), ticket(category=StatusCategory.PAUSED), [of], always, Context(T0))
	assert decision.events[0].data == {"how": "paused"}


def test_what_is_due_moves_to_another_plan_at_that_instant() -> None:
	high = plan(0, name="High", takes=TicketFilter(doctype="HD Ticket", priorities=frozenset({"High"})))
	urgent = replace(
		high, name="Urgent", takes=TicketFilter(doctype="HD Ticket", priorities=frozenset({"Urgent"}))
	)
	item, now = opened(high), T0 + minutes(15)
	decision = run_due(item, ticket("Urgent", 80), [high, urgent], always, Context(now, reaches=everybody))
	assert decision.events == (Event(K.REPLACED, now, 0, 0, {"replaced_by": "Urgent"}),)


def test_an_item_started_by_hand_stays_where_no_plan_takes_its_ticket() -> None:
	high = plan(0, name="High", takes=TicketFilter(doctype="HD Ticket", priorities=frozenset({"High"})))
	item = opened(high, ticket("Low", 20), by="a")
	assert evaluate(item, ticket("Low", 20), [high], lambda p: False, Context(T0)) is None
	changed = evaluate(item, ticket("Medium", 40), [high], always, Context(T0))
	assert [event.kind for event in changed.events] == [K.TICKET_CHANGED]


def test_an_acknowledged_item_of_equal_urgency_is_not_replaced() -> None:
	net = plan(0, name="Net", takes=TicketFilter(doctype="HD Ticket", team="Net"))
	web = replace(net, name="Web", takes=TicketFilter(doctype="HD Ticket", team="Web"))

	def of(team):
		return replace(ticket(), facts=MatchFacts(priority="High", level=60, team=team))

	item = acknowledge(opened(net, of("Net")), actor("Tina", "Link"), Context(T0)).item
	assert evaluate(item, of("Web"), [net, web], always, Context(T0)).item.status is Status.ACKNOWLEDGED


def test_two_names_are_listed() -> None:
	def both(step):
		return Reach(tuple(Recipient(method="Email", address=a, label=a.upper()) for a in "ab"))

	item = escalating(0, 8)
	assert run(item, T0, reaches=both).events[0].data["to"] == "A, B"
	assert (
		evaluate(item, ticket(assignees=("c", "d")), [item.plan], always, Context(T0))
		.events[0]
		.data["assigned"]
		== "c, d"
	)


def test_nobody_in_a_repetition_is_named_with_its_run() -> None:
	item = replace(escalating(0, 8, group=1, step=1, repeats=2), unreached=1, run=2)
	assert run(item, T0, reaches=nobody).events[-1] == Event(K.NOBODY_NOTIFIED, T0, 2, 2)


def test_assigning_starts_a_stalled_item_and_an_answer_ends_its_waiting() -> None:
	item = replace(escalating(0, 8), due_at=None, stalled=True, unreached=2)
	again = evaluate(item, ticket(assignees=("c",)), [item.plan], always, Context(T0))
	assert again.events[1] == Event(K.STARTED_AGAIN, T0, data={"why": "assigned"})
	assert not evaluate(item, ticket(exists=False), [], always, Context(T0)).item.stalled


def test_a_condition_is_asked_of_the_frozen_plan() -> None:
	asked = []
	high = plan(0, name="High", takes=TicketFilter(doctype="HD Ticket", condition="x"))
	item = opened(high)

	def is_met(of):
		asked.append(of)
		return True

	assert evaluate(item, ticket(), [], is_met, Context(T0)) is None
	assert evaluate(item, ticket("Low", 20), [], is_met, Context(T0)).item.status is Status.SCHEDULED
	assert asked and all(of is high for of in asked)


def test_an_impossible_transition_says_which() -> None:
	with pytest.raises(ImpossibleTransition, match="Resolved can't be left by acknowledge"):
		next_status(Status.RESOLVED, Cause.ACKNOWLEDGE)


def test_texts_are_frozen_with_the_plan() -> None:
	of = plan(0, subject="S", message="M")
	of = replace(of, steps=(replace(of.steps[0], message="own"),))
	back = Plan.from_dict(of.to_dict())
	assert (back.subject, back.message, back.steps[0].message) == ("S", "M", "own")


def test_started_by_hand_on_a_ticket_that_its_plan_would_have_taken() -> None:
	high = plan(
		0, name="High", takes=TicketFilter(doctype="HD Ticket", priorities=frozenset({"High"}), condition="x")
	)
	item = opened(high, by="a")
	assert evaluate(item, ticket(), [high], lambda p: False, Context(T0)) is None
	lowered = evaluate(item, ticket("Low", 20), [high], lambda p: False, Context(T0))
	assert [event.kind for event in lowered.events] == [K.TICKET_CHANGED]


def test_a_better_plan_that_newly_takes_the_ticket_takes_it_over() -> None:
	all_tickets = plan(0, name="All", rank=9)
	low = plan(0, name="Low", rank=1, takes=TicketFilter(doctype="HD Ticket", priorities=frozenset({"Low"})))
	asked = []

	def is_met(of):
		asked.append(of)
		return True

	decision = evaluate(opened(all_tickets), ticket("Low", 20), [all_tickets, low], is_met, Context(T0))
	assert decision.events[0].data == {"replaced_by": "Low"} and None not in asked


def test_bringing_the_next_step_forward() -> None:
	item = replace(escalating(0, 5, 0, 5, group=1, step=1, due=T0 + minutes(5)), run=2)
	decision = bring_forward(item, (0, 2, 1), T0 + minutes(1), actor=actor("Tina", "Desk"))
	assert decision == Decision(
		item=replace(item, due_at=T0 + minutes(1), version=5),
		events=(
			Event(
				K.BROUGHT_FORWARD,
				T0 + minutes(1),
				2,
				2,
				{"planned": T0 + minutes(5), "by": "Tina", "via": "Desk"},
			),
		),
	)
	assert decision.item.status is Status.ESCALATING
	again = bring_forward(decision.item, (0, 2, 1), T0 + minutes(2), why="not delivered")
	assert again.item.due_at == T0 + minutes(1), "what is due already stays due"
	assert again.events[0].data == {"planned": T0 + minutes(1), "why": "not delivered"}


@pytest.mark.parametrize("expected", [(0, 0, 0), (0, 0, 2), (0, 1, 1)])
def test_a_stale_wish_passes_over_nothing(expected) -> None:
	with refused(Refusal.MOVED_ON):
		bring_forward(escalating(0, 5, 5, group=1, step=1), expected, T0)


@pytest.mark.parametrize(
	"change", [{"status": Status.EXHAUSTED}, {"status": Status.ACKNOWLEDGED}, {"due_at": None}]
)
def test_only_what_escalates_is_brought_forward(change) -> None:
	with refused(Refusal.NOT_ESCALATING):
		bring_forward(replace(escalating(0, 5, group=1, step=1), **change), (0, 0, 1), T0)


def test_of_an_instant_alone_nobody_is_known_and_no_maintenance() -> None:
	item = escalating(0)
	decision = run_due(item, ticket(), [], always, Context(T0))
	assert [event.kind for event in decision.events] == [K.STEP_RAN, K.NOBODY_NOTIFIED]
