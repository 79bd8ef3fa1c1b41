"""Steps that act on the ticket: ordered once with the claim, counted neither as reaching somebody nor as missing them."""

from dataclasses import replace

import pytest

from escalation_mgmt.engine import (
	BY_ACKNOWLEDGEMENT,
	Act,
	Actor,
	Audience,
	Context,
	Deed,
	EventKind,
	MatchFacts,
	Notice,
	OnlyIf,
	Outcome,
	Plan,
	Reach,
	Recipient,
	Remembered,
	Responses,
	Status,
	Step,
	Target,
	TargetKind,
	Ticket,
	TicketFilter,
	acknowledge,
	act_done,
	act_failed,
	act_withdrawn,
	ends_itself,
	evaluate,
	hand_over,
	is_wanted,
	ladder,
	rehearse,
	remember,
	remember_act,
	run_due,
	step_of,
)
from tests.engine.make import T0, always, everybody, minutes, nobody, opened, plan, ticket

K = EventKind


def act(what: Act, number: int = 1, wait: float = 0, **more) -> Step:
	target = more.pop("target", Target(TargetKind.ASSIGNEE))
	return Step(number=number, wait=minutes(wait), method=str(what), target=target, **more)


ASSIGNEE = Target(TargetKind.ASSIGNEE)


def page(number: int, wait: float = 0, **more) -> Step:
	return replace(plan().steps[0], number=number, wait=minutes(wait), **more)


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
	item = replace(opened(with_steps(step, page(2, 10))), due_at=T0)
	decision = run_due(item, ticket(), [], always, Context(T0 + minutes(1), **reaches))
	assert [(deed.step, deed.run, deed.planned_at) for deed in decision.deeds] == [(step, 0, T0)]
	assert not decision.pages and [e.step for e in decision.events if e.kind is K.STEP_RAN] == [1]
	assert decision.item.due_at == T0 + minutes(11), "nothing is brought forward"
	assert run(decision.item, T0 + minutes(11)).deeds == ()


def test_assigned_to_the_first_whom_the_step_reaches() -> None:
	step = act(Act.ASSIGN, target=Target(TargetKind.TEAM, "x"))
	two = Reach(tuple(Recipient(method="", address=u, label=u.title(), user=u) for u in ("a", "b")))
	decision = run(opened(with_steps(step)), reaches=lambda step: two)
	assert [deed.user for deed in decision.deeds] == ["a"]
	assert [e.data["to"] for e in decision.events if e.kind is K.STEP_RAN] == ["A"]
	twice = Reach(two.recipients[:1] * 2)
	again = run(opened(with_steps(step)), reaches=lambda step: twice)
	assert [e.data["to"] for e in again.events if e.kind is K.STEP_RAN] == ["A"]
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
	assert not decision.item.stalled and decision.item.due_at == T0 + minutes(10), "an act is still to come"
	assert any(event.kind is K.BROUGHT_FORWARD for event in decision.events) and not decision.notices
	last = run(decision.item, T0 + minutes(10), reaches=nobody)
	assert [deed.step.number for deed in last.deeds] == [3]
	assert last.item.stalled, "the one step for people reached nobody"
	assert last.notices == (Notice(Audience.OWNERS, K.NOBODY_NOTIFIED),)


def test_of_several_acts_each_comes_before_the_pass_is_over() -> None:
	of = with_steps(page(1), act(Act.COMMENT, 2, 10), act(Act.RAISE, 3, 10), page(4, 10))
	item = run(opened(of), reaches=nobody).item
	item = run(item, item.due_at, reaches=nobody).item
	assert item.due_at == T0 + minutes(10), "acts bring nothing forward"
	item = run(item, item.due_at, reaches=nobody).item
	assert not item.stalled and item.group == 3
	assert run(item, item.due_at, reaches=nobody).item.stalled


def test_one_that_reached_nobody_begins_again_where_its_own_act_assigns_the_ticket() -> None:
	of = with_steps(page(1), act(Act.ASSIGN, 2))
	item = run(opened(of), reaches=nobody).item
	assert item.stalled
	deed = Deed(of.steps[1], 0, T0, "leo")
	done = act_done(item, deed, ticket(), ticket(assignees=("leo",)), Outcome(to="Leo"), T0 + minutes(1))
	assert [event.kind for event in done.events] == [K.ACT_DONE, K.STARTED_AGAIN]
	again = (done.item.stalled, done.item.due_at, done.item.generation, done.item.version)
	assert again == (False, T0 + minutes(1), item.generation + 1, item.version + 1)
	assert done.events[1].data == {"why": "assigned"}
	theirs = replace(item, assignees=("leo",))
	still = act_done(theirs, deed, ticket(), ticket(assignees=("leo",)), Outcome(to="Leo"), T0)
	assert still.item.stalled and [event.kind for event in still.events] == [K.ACT_DONE], "they had it"
	same = act_done(item, deed, ticket(), ticket(), Outcome(unchanged=True), T0)
	assert same.item.stalled and [event.kind for event in same.events] == [K.ACT_DONE]


def test_whom_it_was_assigned_to_because_of_another_act_is_still_to_be_seen() -> None:
	of = with_steps(act(Act.SET_TEAM, value="Network"), page(2, 10))
	item = run(opened(of)).item
	after = replace(ticket(), facts=replace(item.facts, team="Network"), assignees=("leo",))
	done = act_done(item, Deed(of.steps[0], 0, T0), ticket(), after, Outcome(value="Network"), T0)
	assert (done.item.facts.team, done.item.assignees) == ("Network", item.assignees) and not done.notices
	seen = evaluate(done.item, after, [of], always, Context(T0))
	assert [event.kind for event in seen.events] == [K.ASSIGNEE_CHANGED] and seen.notices


def test_in_a_rehearsal_too() -> None:
	of = with_steps(page(1, target=ASSIGNEE), act(Act.ASSIGN, 2, 10))
	now_has: list[str] = []

	def leaves(deed: Deed, before: Ticket) -> Ticket:
		now_has.append(deed.user)
		return replace(before, assignees=(deed.user,))

	def reaches(step: Step) -> Reach:
		who = "leo" if step.act else next(iter(now_has), "")
		to = Recipient(method=step.method, address=who, label=who, user=who)
		return Reach((to,)) if who else nobody(step)

	timeline = rehearse(of, ticket(), Context(T0, reaches=reaches), leaves=leaves)
	assert [page.recipient.user for page in timeline.pages] == ["leo"]
	(begun,) = [m for m in timeline.moments for event in m.events if event.kind is K.STARTED_AGAIN]
	assert begun.at == begun.events[0].at


def test_in_a_rehearsal_the_ticket_is_assigned_to_whoever_acknowledges() -> None:
	assigned: list[tuple[int, str]] = []

	def leaves(deed: Deed, before: Ticket) -> Ticket:
		assigned.append((deed.step.number, deed.user))
		return replace(before, assignees=(deed.user,))

	to = Recipient(method="Email", address="leo", label="Leo", user="leo")
	of = with_steps(page(1), assign_on_acknowledgement=True)
	context = Context(T0, reaches=lambda _step: Reach((to,)))
	timeline = rehearse(of, ticket(), context, Responses(to_message=1), leaves)
	assert assigned == [(BY_ACKNOWLEDGEMENT, "leo")] and timeline.item.assignees == ("leo",)


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
	decision = hand_over(
		item, "b", "B", Actor(name="A", user="a", via="Desk"), ticket(), Context(T0, reaches=everybody)
	)
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


# --- what an act has done


def done(item, before, after, deed, outcome=None):
	return act_done(item, deed, before, after, outcome or Outcome(value="V", before="B"), T0)


def escalating(of: Plan, **more):
	return replace(opened(of), status=Status.ESCALATING, version=4, **more)


RAISE = with_steps(act(Act.RAISE, value="Urgent"), page(2, 10))


def deed_of(of: Plan, user: str = "", run: int = 2) -> Deed:
	return Deed(of.steps[0], run, T0, user)


def test_the_item_takes_over_what_the_act_changed_and_nothing_else() -> None:
	was, now = (
		MatchFacts(priority="High", level=3, team="A"),
		MatchFacts(priority="Urgent", level=4, team="A"),
	)
	item = escalating(RAISE, facts=replace(was, team="B", ticket_type="T"))  # others' changes aren't seen yet
	decision = done(item, replace(ticket(), facts=was), replace(ticket(), facts=now), deed_of(RAISE))
	new = decision.item
	assert new.facts == MatchFacts(priority="Urgent", level=4, team="B", ticket_type="T")
	assert new.acted and new.version == 5 and new.status is Status.ESCALATING and not decision.notices
	(line,) = decision.events
	assert (line.kind, line.at, line.step, line.run) == (K.ACT_DONE, T0, 1, 2)
	assert line.data == {"method": "Raise the Priority", "value": "V", "before": "B"} and line.people == {}


def test_what_changes_nothing_that_chooses_a_plan_is_no_reason_to_be_free_of_it() -> None:
	item = escalating(RAISE, assignees=("z",))
	same = replace(ticket(), assignees=("a",))
	decision = done(item, same, same, deed_of(RAISE), Outcome(unchanged=True))
	assert not decision.item.acted and decision.item.assignees == ("z",)
	assert decision.events[0].data == {"method": "Raise the Priority", "unchanged": True}
	assert done(replace(item, acted=True), same, same, deed_of(RAISE)).item.acted


ASSIGN = with_steps(act(Act.ASSIGN, target=Target(TargetKind.USER, "b")), page(2, 10))


def test_who_was_notified_hears_to_whom_it_was_assigned() -> None:
	before, after = (replace(ticket(), assignees=(user,)) for user in "ab")
	item = escalating(ASSIGN, assignees=("a",))
	decision = done(item, before, after, deed_of(ASSIGN, "b"), Outcome(to="Bea"))
	assert decision.item.assignees == ("b",) and not decision.item.acted
	(notice,) = decision.notices
	assert (notice.audience, notice.about) == (Audience.NOTIFIED, K.ASSIGNEE_CHANGED)
	assert notice.but_not == frozenset({"b"})
	(line,) = decision.events
	assert line.data == {"method": "Assign the Ticket", "to": "Bea"} and line.people == {
		"to": (("b", "Bea"),)
	}
	assert not done(item, before, before, deed_of(ASSIGN, "a"), Outcome(to="Ann")).notices
	other = replace(deed_of(ASSIGN), step=act(Act.SET_TEAM, value="N"))  # a rule of the team's assigned it
	assert not done(item, before, after, other).notices


def test_one_that_fails_or_is_withdrawn_leaves_all_else() -> None:
	item = escalating(RAISE)
	failed = act_failed(item, deed_of(RAISE), "because", T0)
	assert failed.item == replace(item, version=5) and not failed.notices
	assert failed.events[0].kind is K.ACT_FAILED
	assert failed.events[0].data == {"method": "Raise the Priority", "reason": "because"}
	withdrawn = act_withdrawn(replace(item, status=Status.SNOOZED), deed_of(RAISE), T0)
	assert withdrawn.item.version == 5 and withdrawn.events[0].kind is K.ACT_WITHDRAWN
	assert withdrawn.events[0].data == {"method": "Raise the Priority", "status": "Snoozed"}


@pytest.mark.parametrize("status", Status)
def test_wanted_as_long_as_nobody_has_it(status: Status) -> None:
	item = replace(opened(RAISE), status=status, acknowledged_user="a")
	assert is_wanted(item, 1, "a") is (status in (Status.ESCALATING, Status.EXHAUSTED))
	assert is_wanted(item, BY_ACKNOWLEDGEMENT, "a") is (status is Status.ACKNOWLEDGED)
	assert not is_wanted(item, BY_ACKNOWLEDGEMENT, "b")


def test_its_own_act_would_end_it() -> None:
	item = escalating(RAISE)
	before, stops = ticket(), replace(ticket(), stopped_by_condition=True)
	assert ends_itself(item, before, stops) is True
	assert ends_itself(item, stops, stops) is False, "it ends by that anyway"
	assert ends_itself(item, before, before) is False
	assert ends_itself(replace(item, status=Status.EXHAUSTED), before, stops) is False


def test_whoever_acknowledges_gets_the_ticket_where_the_plan_says_so() -> None:
	of = with_steps(page(1), assign_on_acknowledgement=True)
	item = escalating(of)
	decision = acknowledge(item, Actor(name="A", user="a", via="Desk"), Context(T0, reaches=everybody))
	(deed,) = decision.deeds
	assert (deed.step.number, deed.step.act, deed.user) == (BY_ACKNOWLEDGEMENT, Act.ASSIGN, "a")
	assert deed.step.target == Target(TargetKind.USER, "a") and deed.step.wait == minutes(0)
	assert (deed.run, deed.planned_at) == (decision.item.version, T0)
	line = done(decision.item, ticket(), replace(ticket(), assignees=("x",)), deed, Outcome(to="X"))
	assert not line.notices and (line.events[0].step, line.events[0].run) == (0, 0)
	bare = Actor(name="+49", address="+49", via="SMS")
	assert acknowledge(item, bare, Context(T0, reaches=everybody)).deeds == ()
	assert (
		acknowledge(
			escalating(with_steps(page(1))),
			Actor(name="A", user="a", via="Desk"),
			Context(T0, reaches=everybody),
		).deeds
		== ()
	)
	assert Plan.from_dict(of.to_dict()) == of and "assign_on_acknowledgement" not in RAISE.to_dict()


def test_the_history_says_what_a_step_does() -> None:
	decision = run(opened(with_steps(act(Act.RAISE, value="Urgent"))))
	(line,) = [e for e in decision.events if e.kind is K.STEP_RAN]
	assert line.data["value"] == "Urgent" and line.data["to"] == ""
	two = Reach(tuple(Recipient(method="", address="", label=u.title(), user=u) for u in ("a", "b")))
	decision = run(opened(ASSIGN), reaches=lambda step: two)
	(line,) = [e for e in decision.events if e.kind is K.STEP_RAN]
	assert line.data["to"] == "A" and line.people["to"] == (("a", "A"),)


def test_our_own_act_is_no_raise() -> None:
	known = Remembered(priority="High", level=3, raised=False)
	before, after = (
		replace(ticket(), facts=MatchFacts(priority=p, level=n)) for p, n in (("High", 3), ("Urgent", 4))
	)
	new = remember_act(known, before, after)
	assert new == replace(known, priority="Urgent", level=4)
	assert remember(new, after, T0) == new
	unseen = replace(known, priority="Low", level=1)  # somebody raised it, which wasn't seen yet
	assert remember_act(unseen, before, after) == unseen and remember(unseen, after, T0).raised


def test_in_a_rehearsal_the_next_step_is_for_whom_the_act_made_it() -> None:
	"""And its item goes on, whatever plan would take what it made of the ticket."""
	to_assignee = replace(page(2, 10), target=Target(TargetKind.ASSIGNEE))
	of = with_steps(act(Act.ASSIGN, target=Target(TargetKind.USER, "b")), to_assignee)
	known = {"ticket": replace(ticket(), assignees=("a",))}

	def reaches(step: Step) -> Reach:
		user = step.target.value or known["ticket"].assignees[0]
		return Reach((Recipient(method=step.method, address=user, label=user, user=user),))

	def leaves(deed: Deed, was):
		known["ticket"] = replace(was, assignees=(deed.user,), facts=replace(was.facts, priority="Other"))
		return known["ticket"]

	line = rehearse(of, known["ticket"], Context(T0, reaches=reaches), leaves=leaves)
	assert [page.recipient.user for page in line.pages] == ["b"]
	assert line.item.acted and line.item.facts.priority == "Other" and line.item.status is Status.EXHAUSTED
	kinds = [event.kind for moment in line.moments for event in moment.events]
	assert K.ASSIGNEE_CHANGED not in kinds and K.TICKET_CHANGED not in kinds


def test_in_a_rehearsal_too_no_act_ends_its_own_item() -> None:
	of = with_steps(act(Act.SET_STATUS, value="X"), page(2, 10))
	stops = lambda _deed, was: replace(was, stopped_by_condition=True)  # noqa: E731
	line = rehearse(of, ticket(), Context(T0, reaches=everybody), leaves=stops)
	assert line.pages and line.item.status is Status.EXHAUSTED


def test_the_step_of_an_act_is_found_by_its_number() -> None:
	of = with_steps(page(1), act(Act.COMMENT, 2), act(Act.RAISE, 3, value="Urgent"), page(4))
	assert [step_of(of, number, "a") for number in (1, 2, 3, 4)] == list(of.steps)
	by_acknowledging = step_of(of, BY_ACKNOWLEDGEMENT, "a")
	assert (by_acknowledging.act, by_acknowledging.target) == (Act.ASSIGN, Target(TargetKind.USER, "a"))


def test_what_answered_the_ticket_before_its_item_began_is_no_end_of_it() -> None:
	item = run(opened(with_steps(act(Act.SET_STATUS, value="Replied"), page(2, 10)))).item
	before = ticket(replied_at=item.answered_since - minutes(1))
	after = replace(before, replied_at=item.answered_since + minutes(1))
	assert not ends_itself(item, before, before) and ends_itself(item, before, after)
	assert not ends_itself(item, after, after), "it had ended by somebody else's"
	assert not ends_itself(replace(item, status=Status.EXHAUSTED), before, after)


def test_what_became_of_an_act_is_said_when_it_became_so() -> None:
	item = run(opened(with_steps(act(Act.COMMENT), page(2, 10)))).item
	deed, now = Deed(item.plan.steps[0], 0, T0, ""), T0 + minutes(3)
	for decision in (
		act_done(item, deed, ticket(), ticket(), Outcome(), now),
		act_failed(item, deed, "no", now),
		act_withdrawn(item, deed, now),
	):
		assert [event.at for event in decision.events] == [now] and decision.notices == ()
		assert decision.item == replace(item, version=item.version + 1)
