from dataclasses import replace
from datetime import datetime

from escalation_mgmt.engine import (
	Context,
	EventKind,
	MatchFacts,
	Past,
	Status,
	StatusCategory,
	Ticket,
	TicketFilter,
	TicketKey,
	acknowledge,
	evaluate,
	forestalling,
	opens,
	rematch,
	settled,
	takes,
	winner,
)
from tests.engine.make import T0, actor, always, opened, plan, ticket

HIGH, URGENT, LOW = (MatchFacts(priority=p, level=n) for p, n in (("High", 60), ("Urgent", 80), ("Low", 20)))


def for_priority(*priorities: str) -> TicketFilter:
	return TicketFilter(doctype="HD Ticket", priorities=frozenset(priorities))


high = plan(0, name="High", takes=for_priority("High"))
urgent = plan(0, name="Urgent", takes=for_priority("Urgent"))


def test_an_empty_field_takes_any_and_a_given_one_only_its_own() -> None:
	facts = MatchFacts(priority="High", team="Network", ticket_type="Incident", customer="Acme")
	assert takes(TicketFilter(doctype="HD Ticket"), facts)
	for field, mine, other in (
		("team", "Network", "Web"),
		("ticket_type", "Incident", "Wish"),
		("customer", "Acme", "Other"),
	):
		assert takes(replace(for_priority("High"), **{field: mine}), facts)
		assert not takes(replace(for_priority("High"), **{field: other}), facts)


def test_the_lowest_rank_wins_and_the_name_decides_between_equals() -> None:
	a, b, c = plan(0, name="a", rank=5), plan(0, name="b", rank=5), plan(0, name="c", rank=1)
	assert winner([b, a, c], HIGH, always) is c
	assert winner([b, a], HIGH, always) is a
	assert winner([b, a], HIGH, lambda p: p.name == "b") is b
	assert winner([high], LOW, always) is None


def test_a_plan_before_it_that_takes_as_much_leaves_it_nothing() -> None:
	"""Of lower rank, or of the same and an earlier name; it asks for nothing that the plan's tickets needn't have."""
	narrow = TicketFilter(
		doctype="HD Ticket",
		priorities=frozenset({"High"}),
		team="Network",
		ticket_type="Incident",
		customer="Acme",
	)
	of = plan(0, name="m", takes=narrow)

	def before(name: str = "a", rank: int = 10, **filtered):
		takes = TicketFilter(**{"doctype": "HD Ticket", **filtered})
		return forestalling(of, [plan(0, name=name, rank=rank, takes=takes)])

	assert [by.name for by in before()] == ["a"] and before("z", 9) and before(priorities=frozenset({"High"}))
	assert not before("z") and not before("a", 11)
	assert forestalling(of, [of]) == (), "not itself"
	assert not before(doctype="Issue") and not before(priorities=frozenset({"Low"}))
	assert not before(condition="doc.vip"), "it may leave any ticket to others"
	for field in ("team", "ticket_type", "customer"):
		assert before(**{field: getattr(narrow, field)}), field
		assert not before(**{field: "Other"}), field


def test_several_plans_leave_it_nothing_where_each_of_its_priorities_is_taken() -> None:
	"""Each is named once, in the order of the priorities: the one that comes first."""
	of = plan(0, name="m", takes=for_priority("High", "Low", "Urgent"))
	a, b = (
		plan(0, name="a", takes=for_priority("High", "Urgent")),
		plan(0, name="b", takes=for_priority("Low")),
	)
	later = plan(0, name="c", takes=for_priority("High", "Low"))
	assert forestalling(of, [later, b, a]) == (a, b)
	assert forestalling(of, [a, b, later]) == (a, b)
	assert forestalling(of, [a]) == () == forestalling(of, [b, later])
	lowest = plan(0, name="z", rank=1)
	assert forestalling(of, [a, b, lowest]) == (lowest,)
	all_priorities = replace(of, takes=for_priority())
	assert forestalling(all_priorities, [a, b]) == (), "it gets those that have none"
	assert forestalling(all_priorities, [a, b, lowest]) == (lowest,)
	assert forestalling(of, []) == ()


def test_a_raised_priority_moves_to_the_other_plan() -> None:
	assert rematch(high, [high, urgent], HIGH, URGENT, always).plan is urgent
	assert rematch(high, [high, urgent], HIGH, LOW, always).plan is None
	assert rematch(high, [high, urgent], HIGH, HIGH, always) is None


def test_an_edited_disabled_or_new_plan_moves_nothing() -> None:
	edited = replace(high, takes=for_priority("Low"))
	better = plan(0, name="Better", rank=1, takes=for_priority("High"))
	assert rematch(high, [edited], HIGH, HIGH, always) is None
	assert rematch(high, [], HIGH, HIGH, always) is None
	assert rematch(high, [better, high], HIGH, HIGH, always) is None
	moved = replace(HIGH, ticket_type="Incident")  # a fact that no plan asks for
	assert rematch(high, [better, high], HIGH, moved, always) is None


def test_a_condition_that_no_longer_holds_cancels() -> None:
	assert rematch(high, [high], HIGH, HIGH, lambda p: False).plan is None


def test_started_by_hand_needs_no_match_but_moves_to_a_plan_that_newly_takes_it() -> None:
	assert rematch(high, [high], LOW, LOW, lambda p: False, by_hand=True) is None
	assert rematch(high, [high, urgent], LOW, URGENT, always, by_hand=True).plan is urgent


def test_an_acknowledged_item_is_replaced_only_when_the_priority_was_raised() -> None:
	taken = acknowledge(opened(high), actor("Tech", "Desk"), Context(T0)).item
	raised = evaluate(taken, ticket("Urgent", 80), [high, urgent], always, Context(T0))
	assert raised.events[0].kind is EventKind.REPLACED and raised.events[0].data["replaced_by"] == "Urgent"
	low = plan(0, name="Low", takes=for_priority("Low"))
	lowered = evaluate(taken, ticket("Low", 20), [high, low], always, Context(T0))
	assert lowered.item.status is Status.ACKNOWLEDGED


def test_what_somebody_has_goes_on_where_a_raised_priority_is_no_plans() -> None:
	taken = acknowledge(opened(high), actor("Tech", "Desk"), Context(T0)).item
	raised = evaluate(taken, ticket("Urgent", 80), [high], always, Context(T0))
	assert raised.item.status is Status.ACKNOWLEDGED
	assert [event.kind for event in raised.events] == [EventKind.TICKET_CHANGED]


def opened_by(of_ticket=None, **more):
	return opens(of_ticket or ticket(), [high, urgent], always, **more)


def test_a_new_ticket_opens_its_plan_unless_it_was_answered() -> None:
	assert opened_by() is high
	assert opened_by(ticket(first_responded_at=T0)) is None
	assert opened_by(ticket(category=StatusCategory.RESOLVED)) is None
	assert opened_by(ticket("Low", 20)) is None
	assert opened_by(ticket(merged_into="2")) is None


def test_an_answered_ticket_opens_when_its_facts_move_or_it_is_reopened() -> None:
	answered = ticket("Urgent", 80, first_responded_at=T0)
	assert opened_by(answered, before=HIGH) is urgent
	assert opened_by(answered, before=URGENT) is None
	assert opened_by(answered, before=URGENT, reopened=True) is urgent


def test_what_has_ended_opens_anew_only_for_moved_facts_or_a_reopened_ticket() -> None:
	def past(status, facts=HIGH, closed=False):
		return Past(status=status, facts=facts, ticket_was_closed=closed)

	assert opened_by(past=past(Status.CANCELLED)) is None
	assert opened_by(past=past(Status.EXHAUSTED)) is None
	assert opened_by(past=past(Status.CANCELLED, LOW)) is high
	assert opened_by(past=past(Status.CANCELLED, replace(HIGH, team="Web"))) is None, "the same plan takes it"
	assert opened_by(past=past(Status.RESOLVED)) is None
	assert opened_by(past=past(Status.RESOLVED, LOW)) is None  # a further reply or change is no reopening
	assert opened_by(past=past(Status.RESOLVED, closed=True)) is high
	assert (
		opened_by(ticket(category=StatusCategory.RESOLVED), past=past(Status.RESOLVED, closed=True)) is None
	)


def test_what_is_settled_opens_nothing_whatever_plans_there_are() -> None:
	for status in (Status.RESOLVED, Status.CANCELLED, Status.EXHAUSTED):
		for facts in (HIGH, URGENT, LOW):
			for closed, no_match in ((False, False), (True, False), (False, True)):
				past = Past(status=status, facts=facts, ticket_was_closed=closed, no_match=no_match)
				if settled(past, HIGH):
					assert opened_by(past=past) is None
				assert settled(past, facts) is not (closed or no_match)


def test_a_name_that_is_given_again_is_another_ticket() -> None:
	first, second = (TicketKey("HD Ticket", "7", datetime(2026, 1, day)) for day in (1, 2))
	unknown = TicketKey("HD Ticket", "7")
	assert first == second == unknown
	assert first.is_another(second) and second.is_another(first)
	same = TicketKey("HD Ticket", "7", datetime(2026, 1, 1))
	assert not any(first.is_another(than) for than in (same, unknown))
	assert not any(unknown.is_another(than) for than in (first, unknown))
	ticket = Ticket(
		doctype="HD Ticket", name="7", created_at=datetime(2026, 1, 3), created_stamp=first.created
	)
	assert ticket.key.created == first.created
