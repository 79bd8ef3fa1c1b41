from dataclasses import replace
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from escalation_mgmt.engine import (
	Context,
	EventKind,
	MatchFacts,
	Opening,
	Past,
	Remembered,
	StartAt,
	Status,
	StatusCategory,
	StopRules,
	Ticket,
	TicketFilter,
	TicketKey,
	acknowledge,
	evaluate,
	forestalling,
	may_take,
	opens,
	rematch,
	remember,
	settled,
	takes,
	takes_more,
	winner,
)
from tests.engine.make import T0, actor, always, minutes, opened, plan, ticket

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


def opened_by(of_ticket=None, now=T0, **more):
	opening = opens(of_ticket or ticket(), [high, urgent], always, now, **more)
	return opening and opening.plan


def test_a_new_ticket_opens_its_plan_unless_it_was_answered() -> None:
	assert opened_by() is high
	assert opened_by(ticket(first_responded_at=T0)) is None
	assert opened_by(ticket(category=StatusCategory.RESOLVED)) is None
	assert opened_by(ticket("Low", 20)) is None
	assert opened_by(ticket(merged_into="2")) is None


def past(status: Status, facts: MatchFacts = HIGH, **more) -> Past:
	given = {"ticket_was_closed": False, "opened_at": T0 - minutes(60), "ended_at": T0 - minutes(30)}
	return Past(status=status, facts=facts, **{**given, **more})


def raised(facts: MatchFacts = HIGH, at: datetime = T0, **more) -> Remembered:
	"""What is remembered of a ticket that is Urgent now, and was raised from this."""
	given = {"raised": True, "raised_at": at, "raised_from": facts.priority, "raised_from_level": facts.level}
	return Remembered(priority="Urgent", level=80, **{**given, **more})


def test_what_has_ended_opens_anew_only_for_moved_facts_or_a_reopened_ticket() -> None:
	assert opened_by(past=past(Status.CANCELLED)) is None
	assert opened_by(past=past(Status.EXHAUSTED)) is None
	assert opened_by(past=past(Status.CANCELLED, LOW)) is high
	assert opened_by(past=past(Status.CANCELLED, replace(HIGH, team="Web"))) is None, "the same plan takes it"
	assert opened_by(past=past(Status.RESOLVED)) is None
	assert opened_by(past=past(Status.RESOLVED, LOW)) is None  # a further reply or change is no reopening
	assert opened_by(past=past(Status.RESOLVED, ticket_was_closed=True)) is high
	assert opened_by(past=past(Status.CANCELLED, no_match=True)) is high
	closed = ticket(category=StatusCategory.RESOLVED)
	assert opened_by(closed, past=past(Status.RESOLVED, ticket_was_closed=True)) is None


def test_moved_facts_open_nothing_where_somebody_answered_meanwhile() -> None:
	"""Since the last item was opened; since it ended, where the ticket was closed and is open again."""
	for way, since in (
		({"status": Status.EXHAUSTED, "facts": LOW}, T0 - minutes(60)),
		({"status": Status.CANCELLED, "no_match": True}, T0 - minutes(60)),
		({"status": Status.RESOLVED, "ticket_was_closed": True}, T0 - minutes(30)),
	):
		for at, plan_ in ((since, high), (since + minutes(1), None)):
			assert opened_by(ticket(replied_at=at), past=past(**way)) is plan_, way
			assert opened_by(ticket(first_responded_at=at), past=past(**way)) is plan_, way


def test_an_answered_ticket_opens_where_its_priority_was_raised_and_another_plan_takes_it() -> None:
	answered = ticket("Urgent", 80, first_responded_at=T0 - minutes(1), replied_at=T0 - minutes(1))
	for before in (HIGH, LOW):
		for known_past in (None, past(Status.RESOLVED, before), past(Status.RESOLVED, URGENT)):
			opening = opens(answered, [high, urgent], always, T0, past=known_past, known=raised(before))
			assert opening == Opening(urgent, before.level)
	assert opened_by(answered) is None and opened_by(answered, known=raised(raised=False)) is None
	assert opened_by(answered, known=Remembered()) is None
	both = plan(0, name="Both", takes=for_priority("High", "Urgent"))
	assert opens(answered, [both], always, T0, known=raised()) is None, "the same plan took it before"
	assert opens(answered, [both], always, T0, known=raised(LOW)) == Opening(both, 20)
	moved = replace(answered, facts=replace(URGENT, team="Web"))
	web = plan(0, name="Web", rank=1, takes=TicketFilter(doctype="HD Ticket", team="Web"))
	assert opens(moved, [web, high], always, T0, known=raised()) is None, "the team chose it"
	unanswered = opens(ticket("Urgent", 80), [high, urgent], always, T0, known=raised())
	assert unanswered == Opening(urgent), "nobody has answered, raised or not"


def test_an_answer_after_the_raise_counts() -> None:
	"""One that is found with the raise itself can't be told to be later."""
	for at, opened_ in ((T0 - minutes(10), True), (T0 - minutes(9), False)):
		answered = ticket("Urgent", 80, replied_at=at)
		known = raised(at=T0 - minutes(10))
		assert bool(opened_by(answered, known=known, past=past(Status.RESOLVED))) is opened_
	soon = ticket("Urgent", 80, replied_at=T0 + minutes(1))
	assert opened_by(soon, known=raised()) is urgent
	assert opened_by(soon, known=raised(), now=T0 + minutes(1)) is None
	paused = plan(0, name="Urgent", stop=StopRules(on_paused_status=True), takes=for_priority("Urgent"))
	waits = ticket("Urgent", 80, first_responded_at=T0, category=StatusCategory.PAUSED)
	assert opens(waits, [paused], always, T0, known=raised()) is None, "it waits for the customer"


def test_a_reopened_ticket_opens_whatever_was_answered_before() -> None:
	known = Remembered(priority="High", level=60, reopened=True, reopened_at=T0 - minutes(10))
	for at, plan_ in ((T0 - minutes(10), high), (T0 - minutes(9), None)):
		for known_past in (None, past(Status.RESOLVED), past(Status.CANCELLED), past(Status.EXHAUSTED)):
			assert opened_by(ticket(replied_at=at), past=known_past, known=known) is plan_
	assert opened_by(ticket(replied_at=T0 - minutes(20)), known=replace(known, reopened=False)) is None


def test_after_an_answer_only_a_raise_opens_whatever_came_of_the_item() -> None:
	for status in (Status.CANCELLED, Status.EXHAUSTED):
		for more in ({}, {"no_match": True}):
			ended = past(status, URGENT, after_answer=True, **more)
			assert opened_by(past=ended) is None
			assert opened_by(ticket("Urgent", 80), past=ended, known=raised()) is urgent


def test_what_is_settled_opens_nothing_whatever_plans_there_are() -> None:
	states = (None, Remembered(), Remembered(raised=True, raised_at=T0), Remembered(reopened=True))
	for status in (Status.RESOLVED, Status.CANCELLED, Status.EXHAUSTED):
		for facts in (HIGH, URGENT, LOW):
			for more in ({}, {"ticket_was_closed": True}, {"no_match": True}, {"after_answer": True}):
				for known in states:
					ended = past(status, facts, **more)
					if settled(ended, HIGH, known):
						assert opened_by(past=ended, known=known) is None
					open_to = bool(
						more.get("ticket_was_closed") or more.get("no_match") or known in states[2:]
					)
					assert settled(ended, facts, known) is not open_to
	assert not settled(past(Status.CANCELLED), LOW)
	assert settled(past(Status.CANCELLED, after_answer=True), LOW)


def test_a_plan_takes_what_was_logged_or_falls_due_or_was_raised_or_reopened_since_it_was_enabled() -> None:
	young = replace(high, enabled_since=T0)
	before, then = T0 - minutes(1), T0
	assert may_take(high, ticket(created_at=before)), "whenever it was enabled"
	assert not may_take(young, ticket()) and not may_take(young, ticket(), Remembered())
	for fact in ("created_at", "response_by"):
		assert may_take(young, ticket(**{fact: then})) and not may_take(young, ticket(**{fact: before}))
	for fact in ("logged_at", "raised_at", "reopened_at"):
		known = {at: Remembered(**{fact: at}) for at in (before, then)}
		assert may_take(young, ticket(created_at=before), known[then])
		assert not may_take(young, ticket(created_at=before), known[before])
	old = plan(0, name="Z", rank=99, takes=for_priority("High"), enabled_since=before)
	opening = opens(ticket(created_at=before), [young, old], always, T0)
	assert opening.plan is old, "the next one that may"
	assert opens(ticket(created_at=before), [young], always, T0) is None
	overdue = ticket("Urgent", 80, created_at=before)
	since = replace(urgent, enabled_since=T0)
	assert opens(overdue, [since], always, T0, known=raised()) == Opening(since)


def test_a_name_that_became_one_that_a_plan_asks_for_starts_nothing() -> None:
	renamed = Remembered(priority="High", level=60, renamed_at=T0)
	for since in (None, T0 - minutes(1), T0):
		plan_of = replace(high, enabled_since=since)
		for deadline in (None, T0 - minutes(1), T0, T0 + minutes(1)):
			new = ticket(created_at=T0 - minutes(5), response_by=deadline)
			assert not may_take(plan_of, new, renamed), "whether its deadline is over or lies ahead"
			for what in ("raised_at", "reopened_at"):
				assert may_take(plan_of, new, replace(renamed, **{what: T0}))
				assert not may_take(plan_of, new, replace(renamed, **{what: T0 - minutes(1)}))
	later = replace(high, enabled_since=T0 + minutes(1))
	assert may_take(later, ticket(created_at=T0, response_by=T0 + minutes(1)), renamed), "enabled since"
	assert remember(renamed, ticket(), T0).renamed_at == T0
	for other in (ticket("Low", 20), ticket("Urgent", 80)):
		assert remember(renamed, other, T0).renamed_at is None, "it has changed"


def test_a_filter_that_may_take_more() -> None:
	any_ = TicketFilter(doctype="HD Ticket")
	some = replace(any_, priorities=frozenset({"High", "Low"}))
	assert not takes_more(any_, any_) and not takes_more(some, some) and not takes_more(some, any_)
	assert not takes_more(for_priority("High"), some)
	assert takes_more(some, for_priority("High")) and takes_more(any_, some)
	assert takes_more(for_priority("High", "Urgent"), some)
	assert takes_more(replace(any_, doctype="Issue"), any_)
	for field in ("team", "ticket_type", "customer", "condition"):
		narrow, other = (replace(any_, **{field: value}) for value in ("a", "b"))
		assert takes_more(any_, narrow) and takes_more(other, narrow), field
		assert not takes_more(narrow, any_) and not takes_more(narrow, narrow), field


def test_a_raise_is_remembered_until_it_is_undone() -> None:
	low, first = ticket("Low", 20), remember(None, ticket("Low", 20), T0)
	assert first == Remembered(priority="Low", level=20)
	assert remember(first, low, T0 + minutes(1)) == first
	up = remember(first, ticket("High", 60), T0)
	assert up == Remembered(
		priority="High", level=60, raised=True, raised_at=T0, raised_from="Low", raised_from_level=20
	)
	further = remember(up, ticket("Urgent", 80), T0 + minutes(1))
	assert (further.raised_at, further.raised_from, further.raised_from_level) == (
		T0 + minutes(1),
		"High",
		60,
	)
	over = replace(first, priority="Urgent", level=80, raised=True, raised_at=T0, raised_from_level=20)
	assert remember(over, ticket("High", 60), T0).raised, "still higher than it was"
	back = remember(over, low, T0)
	assert back.raised is False and back.raised_at is None and back.level == 20
	same = remember(first, ticket("Lowly", 20), T0)
	assert (same.priority, same.raised) == ("Lowly", False)
	renumbered = remember(first, ticket("Low", 90), T0)
	assert not renumbered.raised, "the same priority counts for more now"
	assert not remember(up, ticket("High", 60), T0, running=True).raised, "the item's own concern"
	seen = remember(first, ticket("High", 60), T0, running=True)
	assert (seen.raised, seen.raised_at) == (False, T0)


def test_a_priority_lowered_where_nothing_was_raised() -> None:
	known = remember(None, ticket("High", 60), T0)
	assert remember(known, ticket("Low", 20), T0) == Remembered(priority="Low", level=20)
	nobody_knows = Remembered(priority="High", level=60, raised=True, raised_from_level=60)
	assert remember(nobody_knows, ticket("Low", 20), T0).raised


def test_a_reopening_is_remembered() -> None:
	closed = ticket(category=StatusCategory.RESOLVED)
	first = remember(None, closed, T0)
	assert first == Remembered(priority="High", level=60, closed=True, closed_at=T0)
	assert remember(first, closed, T0) == first
	again = remember(first, ticket(category=StatusCategory.PAUSED), T0)
	assert (again.closed, again.reopened, again.reopened_at) == (False, True, T0)
	assert remember(again, ticket(), T0 + minutes(1)) == again
	later = remember(remember(again, closed, T0), ticket(), T0 + minutes(1))
	assert later.reopened_at == T0 + minutes(1)
	runs = remember(first, ticket(), T0, running=True)
	assert (runs.reopened, runs.reopened_at) == (False, T0)


def test_an_item_after_an_answer_has_its_own_window_and_ends_once_it_is_lowered() -> None:
	at_deadline = replace(urgent, start=StartAt.AT_DEADLINE)
	of = ticket("Urgent", 80, response_by=T0 + minutes(60))
	assert opened(at_deadline, of).due_at == T0 + minutes(60) and not opened(at_deadline, of).after_answer
	item = opened(at_deadline, of, answered_level=60)
	assert (item.due_at, item.after_answer) == (T0 + minutes(15), True)
	assert (
		evaluate(item, replace(of, response_by=T0 + minutes(90)), [at_deadline], always, Context(T0)) is None
	)
	lowered = evaluate(item, ticket("High", 60), [high, at_deadline], always, Context(T0))
	assert [(e.kind, e.at, e.data) for e in lowered.events] == [
		(EventKind.CANCELLED, T0, {"reason": "lowered again"})
	]
	# Its priority was renamed to one that nobody knows how urgent it is; then something else moves it.
	renamed = replace(item, facts=replace(item.facts, priority="P1", level=0))
	to_web = replace(ticket("P1", 0), facts=replace(ticket("P1", 0).facts, team="Web"))
	web = plan(0, name="Web", takes=TicketFilter(doctype="HD Ticket", team="Web"))
	moved = evaluate(renamed, to_web, [web], always, Context(T0))
	assert moved.events[0].data == {"replaced_by": "Web"}, "it was not lowered"
	none = evaluate(item, ticket("Low", 20), [high, at_deadline], always, Context(T0))
	assert none.events[0].data == {"reason": "no plan matches"}
	from_low = opened(at_deadline, of, answered_level=20)
	moved = evaluate(from_low, ticket("High", 60), [high, at_deadline], always, Context(T0))
	assert moved.events[0].data == {"replaced_by": "High"}
	unknown = opened(at_deadline, of, answered_level=0)
	assert unknown.after_answer


plans_of_any = st.builds(
	lambda number, priorities, team, age, rules: plan(
		0,
		name=f"P{number}",
		rank=number,
		takes=TicketFilter(doctype="HD Ticket", priorities=priorities, team=team),
		enabled_since=None if age is None else T0 - minutes(age),
		stop=StopRules(**rules),
	),
	st.integers(0, 2),
	st.frozensets(st.sampled_from(["Low", "High", "Urgent"])),
	st.sampled_from(["", "Web"]),
	st.sampled_from([None, 0, 5, 15, 60]),
	st.fixed_dictionaries({"on_reply": st.booleans(), "on_paused_status": st.booleans()}),
)
instants = st.sampled_from([None, *(T0 - minutes(n) for n in (-10, 5, 10, 20, 70))])
tickets_of_any = st.builds(
	lambda facts, team, **more: replace(ticket(**more), facts=replace(facts, team=team)),
	facts=st.sampled_from([LOW, HIGH, URGENT]),
	team=st.sampled_from(["", "Web"]),
	category=st.sampled_from(StatusCategory),
	created_at=instants,
	response_by=instants,
	replied_at=instants,
	first_responded_at=instants,
)


@given(
	enabled=st.lists(plans_of_any, max_size=3),
	was=tickets_of_any,
	now=tickets_of_any,
	known=st.none()
	| st.builds(
		Remembered,
		reopened=st.booleans(),
		reopened_at=st.just(T0 - minutes(10)),
		renamed_at=st.sampled_from([None, T0 - minutes(20), T0 - minutes(3)]),
	),
	ended=st.none() | st.builds(past, st.sampled_from(Status), st.sampled_from([LOW, HIGH, URGENT])),
)
def test_a_save_and_the_sweep_decide_alike(enabled, was, now, known, ended) -> None:
	"""The save knows the ticket of before, the sweep what is remembered of it; seen once more, nothing has changed."""
	seen = remember(known, was, T0 - minutes(1)) if known else remember(None, was, T0 - minutes(1))
	by_sweep = remember(seen, now, T0)
	by_save = remember(remember(seen, was, T0), now, T0)
	assert by_save == by_sweep == remember(by_sweep, now, T0)
	decided = opens(now, enabled, always, T0, past=ended, known=by_save)
	assert decided == opens(now, list(reversed(enabled)), always, T0, past=ended, known=by_sweep) or len(
		{(p.rank, p.name) for p in enabled}
	) < len(enabled)
	if decided:
		since = decided.plan.enabled_since
		later = (now.created_at, now.response_by, by_sweep.raised_at, by_sweep.reopened_at)
		assert since is None or any(at and at >= since for at in later), "overdue before it was enabled"
		assert not now.gone and now.category is not StatusCategory.RESOLVED
		if decided.answered_level is not None:
			assert now.facts.level > decided.answered_level


def test_a_cancelled_document_ends_its_item_as_such() -> None:
	for more, why in (({"cancelled": True}, "ticket cancelled"), ({"exists": False}, "ticket deleted")):
		gone = replace(ticket(), **more)
		decided = evaluate(opened(high, ticket()), gone, [high], always, Context(T0))
		assert [(e.kind, e.data["reason"]) for e in decided.events] == [(EventKind.CANCELLED, why)]


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
