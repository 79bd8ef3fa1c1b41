"""Several acknowledgements: a step asks for everyone whom it reaches, or for a number of them (design rule 5)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from escalation_mgmt.engine import (
	EVERYONE,
	ActionItem,
	Context,
	Decision,
	Event,
	EventKind,
	Plan,
	Reach,
	Recipient,
	Refusal,
	Status,
	Step,
	Target,
	TargetKind,
	Unreachable,
	acknowledge,
	add_person,
	completes,
	hand_over,
	progress,
	run_due,
	unacknowledge,
	waits_for,
)
from escalation_mgmt.engine.item import AckRequest
from tests.engine.make import T0, actor, always, minutes, opened, plan, refused, ticket

K = EventKind
TEAM = ("ann", "bob", "cid")


def team_plan(*needs: int, **more) -> Plan:
	"""Steps ten minutes apart: the first to the team, each further one to the lead."""
	of = plan(*([0] + [10] * (len(needs) - 1)), **more)
	steps = tuple(
		replace(
			step, needs=n, target=Target(TargetKind.TEAM if step.number == 1 else TargetKind.USER, "lead")
		)
		for step, n in zip(of.steps, needs, strict=True)
	)
	return replace(of, steps=steps)


def reaches(step: Step) -> Reach:
	who = TEAM if step.target.kind is TargetKind.TEAM else (step.target.value,)
	return Reach(
		tuple(Recipient(method=step.method, address=f"{w}@x.test", label=w.title(), user=w) for w in who)
	)


def people(*who: str) -> Reach:
	return Reach(tuple(Recipient(method="Email", address=w, label=w.title(), user=w) for w in who))


def run(item: ActionItem, now=None) -> Decision:
	return run_due(item, ticket(), [item.plan], always, Context(now or item.due_at, reaches=reaches))


def ack(item: ActionItem, *who: str) -> ActionItem:
	for user in who:
		item = acknowledge(item, actor(user.title(), "Link", user=user), Context(T0 + minutes(16))).item
	return item


def started(*needs: int, **more) -> ActionItem:
	return run(opened(team_plan(*needs, **more))).item


def test_everyone_is_asked_and_the_last_one_completes_it() -> None:
	item = started(EVERYONE)
	assert progress(item.ack_requests, item.acks) == (0, 3)
	now = T0 + minutes(16)
	part = acknowledge(item, actor("Ann", "Link", user="ann"), Context(now))
	assert part == Decision(
		item=replace(item, acks=("ann",), version=item.version + 1),
		events=(
			Event(K.PARTLY_ACKNOWLEDGED, now, 1, 0, {"by": "Ann", "via": "Link", "have": 1, "needed": 3}),
		),
		withdraw_from="ann",
	)
	assert acknowledge(part.item, actor("Ann", "SMS", user="ann"), Context(now)) is None
	item = ack(part.item, "bob")
	assert (
		progress(item.ack_requests, item.acks) == (2, 3) and item.status is Status.ESCALATING and item.due_at
	)
	last = acknowledge(item, actor("Cid", "Call", user="cid"), Context(now))
	assert last.item.status is Status.ACKNOWLEDGED and last.item.acknowledged_by == "Cid" and last.withdraw
	assert last.events[0].data == {"by": "Cid", "via": "Call", "have": 3, "needed": 3}


@pytest.mark.parametrize(("needs", "enough"), [(1, 1), (2, 2), (3, 3), (9, 3), (EVERYONE, 3)])
def test_so_many_as_it_asks_for_and_never_more_than_it_reached(needs: int, enough: int) -> None:
	item = started(needs)
	for number, who in enumerate(TEAM, 1):
		item = ack(item, who)
		assert (item.status is Status.ACKNOWLEDGED) == (number == enough)
		if number == enough:
			return


def test_who_has_acknowledged_is_not_paged_again_and_the_others_are() -> None:
	of = team_plan(EVERYONE, repeats=1)
	item = ack(run(opened(of)).item, "ann")
	again = run(item)
	assert again.item.run == 1 or again.item.in_last_wait
	assert [page.recipient.user for page in again.pages] == ["bob", "cid"]
	assert again.events[0].data["spared"] == "Ann" and again.events[0].data["to"] == "Bob, Cid"
	assert progress(again.item.ack_requests, again.item.acks) == (1, 3)
	assert ack(again.item, "bob", "cid").status is Status.ACKNOWLEDGED


def test_where_all_have_acknowledged_nobody_is_paged_and_that_is_not_nobody_reached() -> None:
	of = team_plan(EVERYONE, 1)
	of = replace(of, steps=(of.steps[0], replace(of.steps[1], target=Target(TargetKind.USER, "ann"))))
	item = ack(run(opened(of)).item, "ann")
	ran = run(item)
	assert not ran.pages and ran.item.unreached == 0 and ran.item.in_last_wait
	assert [event.kind for event in ran.events] == [K.STEP_RAN, K.LAST_WAIT]
	assert ran.item.ack_requests == item.ack_requests and ack(ran.item, "bob").status is Status.ESCALATING


def test_each_step_asks_for_its_own() -> None:
	"""The team was asked for three; ten minutes later the lead, who alone is enough."""
	item = run(ack(started(EVERYONE, 1), "ann")).item
	assert ack(item, "lead").status is Status.ACKNOWLEDGED
	assert ack(item, "bob").status is Status.ESCALATING, "the lead was asked for, not Bob"
	assert ack(item, "bob", "cid").status is Status.ACKNOWLEDGED


def test_who_has_acknowledged_is_not_enough_for_a_later_step() -> None:
	def ann_and_lead(step: Step) -> Reach:
		return Reach(
			tuple(Recipient(method="Email", address=w, label=w.title(), user=w) for w in ("ann", "lead"))
		)

	item = ack(started(EVERYONE, 1), "ann")
	item = run_due(item, ticket(), [], always, Context(item.due_at, reaches=ann_and_lead)).item
	assert ack(item, "bob").status is Status.ESCALATING, "the second step asks the lead"
	assert ack(item, "lead").status is Status.ACKNOWLEDGED


def test_whom_a_step_reached_in_an_earlier_run_is_still_asked() -> None:
	def only_bob(step: Step) -> Reach:
		return Reach((Recipient(method=step.method, address="b@x.test", label="Bob", user="bob"),))

	item = run(opened(team_plan(EVERYONE, repeats=1))).item
	again = run_due(item, ticket(), [], always, Context(item.due_at, reaches=only_bob)).item
	assert progress(again.ack_requests, ()) == (0, 3)
	assert ack(again, "bob").status is Status.ESCALATING


def test_whom_no_step_reached_counts_for_any() -> None:
	item = started(2)
	assert ack(item, "stranger", "ann").status is Status.ACKNOWLEDGED
	assert ack(item, "stranger").status is Status.ESCALATING
	assert ack(opened(team_plan(EVERYONE)), "stranger").status is Status.ACKNOWLEDGED, "nobody was asked yet"


def test_a_bare_address_is_counted_by_its_label() -> None:
	def number(step: Step) -> Reach:
		return Reach(tuple(Recipient(method="SMS", address=f"+49{n}", label=f"… {n}") for n in (1, 2)))

	item = run_due(
		opened(team_plan(EVERYONE)), ticket(), [], always, Context(T0 + minutes(15), reaches=number)
	).item
	item = acknowledge(item, actor("… 1", "SMS", address="+491"), Context(T0 + minutes(16))).item
	assert progress(item.ack_requests, item.acks) == (1, 2)
	assert (
		acknowledge(item, actor("… 2", "SMS", address="+492"), Context(T0 + minutes(16))).item.status
		is Status.ACKNOWLEDGED
	)


def test_given_back_or_handed_over_it_begins_anew() -> None:
	item = ack(started(2, 1), "ann", "bob")
	back = unacknowledge(item, actor("Ann"), ticket(), Context(T0 + minutes(17))).item
	assert back.acks == () and progress(back.ack_requests, back.acks) == (0, 2)
	over = hand_over(
		ack(back, "ann"), "dora", "Dora", actor("Ann"), ticket(), Context(T0 + minutes(18), reaches=reaches)
	).item
	assert over.acks == () and progress(over.ack_requests, over.acks) is None
	assert ack(over, "dora").status is Status.ACKNOWLEDGED
	assert ack(over, "bob").status is Status.ACKNOWLEDGED, (
		"nobody else is asked any more: anybody may take it"
	)


def test_whoever_is_added_is_asked_as_well() -> None:
	item = add_person(
		started(EVERYONE), "dora", "Dora", actor("Ann"), Context(T0 + minutes(16), reaches=reaches)
	).item
	assert progress(item.ack_requests, item.acks) == (0, 4)
	assert ack(item, *TEAM).status is Status.ESCALATING
	assert ack(item, *TEAM, "dora").status is Status.ACKNOWLEDGED


def test_who_was_asked_before_is_not_asked_twice_by_being_added_and_who_has_acknowledged_is_not_added() -> (
	None
):
	item = add_person(
		started(EVERYONE), "ann", "Ann", actor("Bob"), Context(T0 + minutes(16), reaches=reaches)
	).item
	assert progress(item.ack_requests, item.acks) == (0, 3) and item.ack_requests[0].people == TEAM
	assert ack(item, *TEAM).status is Status.ACKNOWLEDGED
	with refused(Refusal.ALREADY_ACKNOWLEDGED):
		add_person(
			ack(started(EVERYONE), "ann"),
			"ann",
			"Ann",
			actor("Bob"),
			Context(T0 + minutes(16), reaches=reaches),
		)


def test_a_step_passes_over_who_would_be_enough_and_nobody_is_enough_by_that() -> None:
	"""Ann, whom no step had reached, acknowledged; the second step reaches her and the lead, one of whom is enough."""

	def ann_and_lead(step: Step) -> Reach:
		return reaches(step) if step.number == 1 else people("dora", "lead")

	item = ack(started(EVERYONE, 1), "dora")
	item = run_due(item, ticket(), [], always, Context(item.due_at, reaches=ann_and_lead)).item
	assert progress(item.ack_requests, item.acks) == (1, 3) and item.ack_requests[1].asked == {"lead"}
	assert ack(item, "ann").status is Status.ESCALATING
	assert ack(item, "lead").status is Status.ACKNOWLEDGED
	back = unacknowledge(ack(item, "lead"), actor("Lead"), ticket(), Context(T0 + minutes(30))).item
	assert back.ack_requests[1].asked == {"dora", "lead"} and ack(back, "dora").status is Status.ACKNOWLEDGED


def test_of_an_exhausted_item_anybodys_is_enough() -> None:
	item = ack(started(EVERYONE), "ann")
	item = run(item).item
	assert item.status is Status.EXHAUSTED and waits_for(item, "ann") and completes(item, "bob")
	for who in ("ann", "bob"):
		late = ack(item, who)
		assert late.status is Status.ACKNOWLEDGED and set(late.acks) == {"ann", who}
	item = ack(started(EVERYONE), "ann")
	assert not waits_for(item, "ann") and waits_for(item, "bob") and not completes(item, "bob")


def test_where_those_who_are_still_asked_can_not_be_reached_it_goes_on_at_once() -> None:
	def by(*away: str):
		def found(step: Step) -> Reach:
			missed = tuple(Unreachable(method="Email", label=w, reason="away", user=w) for w in away)
			return replace(people("ann"), unreachable=missed)

		return found

	item = ack(started(2, 2, 1), "ann")
	on = run_due(item, ticket(), [], always, Context(item.due_at, reaches=by("bob")))
	assert on.events[-1].kind is K.BROUGHT_FORWARD and on.item.unreached == 1
	same = run_due(item, ticket(), [], always, Context(item.due_at, reaches=by("ann")))
	assert same.item.unreached == 0 and same.item.due_at == item.due_at + minutes(10), "she has acknowledged"


def test_handed_over_their_word_is_enough_whatever_a_step_asks_for_that_runs_later() -> None:
	over = hand_over(
		started(EVERYONE), "dora", "Dora", actor("Ann"), ticket(), Context(T0 + minutes(16), reaches=reaches)
	)
	again = run(replace(over.item, group=0, due_at=T0 + minutes(20))).item
	assert ack(again, "dora").status is Status.ACKNOWLEDGED
	assert ack(again, "ann").status is Status.ESCALATING and ack(again, *TEAM).status is Status.ACKNOWLEDGED


def test_a_plan_that_asks_for_one_remembers_nobody() -> None:
	assert started(1, 1).ack_requests == ()
	late = replace(started(1, 1), status=Status.EXHAUSTED, due_at=None, ended_at=T0 + timedelta(days=1))
	assert ack(late, "ann").status is Status.ACKNOWLEDGED


def test_handed_over_they_alone_are_asked_and_one_more_makes_it_no_two() -> None:
	now = T0 + minutes(16)
	over = hand_over(
		started(EVERYONE), "dora", "Dora", actor("Ann"), ticket(), Context(now, reaches=reaches)
	).item
	assert over.ack_requests == (AckRequest(0, 1, ("dora",)),)
	more = add_person(over, "emil", "Emil", actor("Ann"), Context(now, reaches=reaches)).item
	assert ack(more, "dora").status is ack(more, "emil").status is Status.ACKNOWLEDGED


def test_those_who_are_spared_are_named_and_one_miss_of_two_is_one() -> None:
	item = ack(started(3, 2), "ann", "bob")

	def found(*missed: Unreachable):
		return lambda step: replace(people("ann", "bob"), unreachable=missed)

	def miss(label: str, user: str = "") -> Unreachable:
		return Unreachable(method="Email", label=label, reason="away", user=user)

	had = run_due(item, ticket(), [], always, Context(item.due_at, reaches=found(miss("Ann", "ann"))))
	assert had.events[0].data["spared"] == "Ann, Bob"
	assert had.item.unreached == 0, "she has acknowledged"
	bare = replace(item, acks=(*item.acks, "… 12"))
	had = run_due(bare, ticket(), [], always, Context(bare.due_at, reaches=found(miss("… 12"))))
	assert had.item.unreached == 0, "and so has an address"
	other = run_due(
		item,
		ticket(),
		[],
		always,
		Context(item.due_at, reaches=found(miss("Cid", "cid"), miss("Ann", "ann"))),
	)
	assert other.item.unreached == 1, "he has not"
