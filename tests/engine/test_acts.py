"""Steps that act on the ticket: ordered once with the claim, counted neither as reaching somebody nor as missing them."""

from dataclasses import replace

import pytest

from escalation_mgmt.engine import (
	Act,
	Context,
	EventKind,
	MatchFacts,
	OnlyIf,
	Plan,
	Reach,
	Recipient,
	Status,
	Step,
	Target,
	TargetKind,
	TicketFilter,
	evaluate,
	hand_over,
	ladder,
	rehearse,
	run_due,
)
from tests.engine.make import T0, actor, always, everybody, minutes, nobody, opened, plan, ticket

K = EventKind


def act(what: Act, number: int = 1, wait: float = 0, **more) -> Step:
	target = more.pop("target", Target(TargetKind.ASSIGNEE))
	return Step(number=number, wait=minutes(wait), method=str(what), target=target, **more)


def page(number: int, wait: float = 0) -> Step:
	return replace(plan().steps[0], number=number, wait=minutes(wait))


def with_steps(*steps: Step, **more) -> Plan:
	return replace(plan(**more), steps=steps)


def run(item, now=T0, **context):
	return run_due(
		replace(item, due_at=now), ticket(), [], always, Context(now, **{"reaches": everybody, **context})
	)


@pytest.mark.parametrize("what", Act)
def test_each_is_ordered_once_with_its_step(what: Act) -> None:
	step = act(what, value="Urgent")
	reaches = {"reaches": lambda step: Reach((Recipient(method="", address="a", label="A", user="a"),))}
	decision = run(opened(with_steps(step, page(2, 10))), **reaches)
	assert [(deed.step, deed.run, deed.planned_at) for deed in decision.deeds] == [(step, 0, T0)]
	assert not decision.pages and [e.step for e in decision.events if e.kind is K.STEP_RAN] == [1]
	assert decision.item.due_at == T0 + minutes(10), "nothing is brought forward"
	assert run(decision.item, T0 + minutes(10)).deeds == ()


def test_assigned_to_the_first_whom_the_step_reaches() -> None:
	step = act(Act.ASSIGN, target=Target(TargetKind.TEAM, "x"))
	two = Reach(tuple(Recipient(method="", address=u, label=u.title(), user=u) for u in ("a", "b")))
	decision = run(opened(with_steps(step)), reaches=lambda step: two)
	assert [deed.user for deed in decision.deeds] == ["a"]
	none = run(opened(with_steps(step)), reaches=nobody)
	assert none.deeds == () and any(e.kind is K.UNREACHABLE for e in none.events)


def test_acts_alone_are_not_nobody_notified() -> None:
	decision = run(opened(with_steps(act(Act.COMMENT))), reaches=nobody)
	assert not decision.item.stalled and decision.item.in_last_wait and not decision.notices


def test_a_pass_is_that_of_the_steps_for_people() -> None:
	of = with_steps(act(Act.COMMENT), page(2, 10), act(Act.RAISE, 3, 10))
	item = run(opened(of), reaches=nobody).item
	assert item.unreached == 0
	decision = run(item, T0 + minutes(10), reaches=nobody)
	assert decision.item.stalled, "the one step for people reached nobody"


def test_beside_a_step_that_misses_everybody_the_next_is_brought_forward() -> None:
	of = with_steps(act(Act.COMMENT), page(2), page(3, 10))
	decision = run(opened(of), reaches=nobody)
	assert len(decision.deeds) == 1 and decision.item.due_at == T0
	assert any(event.kind is K.BROUGHT_FORWARD for event in decision.events)


def test_only_if_counts_for_acts_too() -> None:
	of = with_steps(act(Act.COMMENT, only_if=OnlyIf(condition="doc.x")))
	decision = run(opened(of), holds=lambda step: False)
	assert decision.deeds == () and any(event.kind is K.PASSED_OVER for event in decision.events)


def test_who_is_handed_over_to_is_paged_by_a_method_never_by_an_act() -> None:
	of = with_steps(act(Act.ASSIGN), page(2))
	item = run(opened(of)).item
	decision = hand_over(item, "b", "B", actor("a"), ticket(), Context(T0, reaches=everybody))
	assert [page.recipient.method for page in decision.pages] == ["Email"]


def test_an_act_of_its_own_neither_replaces_nor_ends_the_item() -> None:
	"""The shell takes the ticket's new facts over with the act."""
	takes_high = TicketFilter(doctype="HD Ticket", priorities=frozenset({"High"}))
	of = with_steps(act(Act.RAISE, value="Urgent"), page(2, 10), takes=takes_high)
	urgent = plan(
		name="Urgent", rank=1, takes=TicketFilter(doctype="HD Ticket", priorities=frozenset({"Urgent"}))
	)
	facts = MatchFacts(priority="Urgent", level=80)
	raised = replace(ticket(), facts=facts)
	item = replace(run(opened(of)).item, facts=facts, acted=True)
	assert evaluate(item, raised, [of, urgent], always, Context(T0)) is None
	lowered = evaluate(item, ticket("Low", 20), [of, urgent], always, Context(T0))
	assert lowered.item.status is not Status.CANCELLED, "what no plan takes stays with it"
	again = evaluate(replace(item, facts=MatchFacts()), raised, [of, urgent], always, Context(T0))
	assert again.item.status is Status.CANCELLED, "a change by somebody else moves it to the plan for it"


def test_in_the_ladder_and_the_rehearsal() -> None:
	of = with_steps(act(Act.COMMENT), page(2, 10))
	assert [[step.number for step in rung.steps] for rung in ladder(of)] == [[1], [2], []]
	timeline = rehearse(of, ticket(), Context(T0, reaches=everybody))
	assert [moment.at for moment in timeline.moments if moment.deeds] == [T0 + minutes(15)]


def test_frozen_and_back() -> None:
	of = with_steps(act(Act.RAISE, value="Urgent"), page(2))
	assert Plan.from_dict(of.to_dict()) == of
	assert of.steps[0].act is Act.RAISE and of.steps[1].act is None
