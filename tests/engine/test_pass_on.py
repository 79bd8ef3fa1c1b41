"""Scenario 47, the rule: somebody else has to take it."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from escalation_mgmt.engine import (
	Act,
	ActionItem,
	AfterMaintenance,
	Context,
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
	add_person,
	can_reach,
	comes_to_others,
	evaluate,
	hand_over,
	pass_on,
	run_due,
	unacknowledge,
)
from escalation_mgmt.engine.maintenance_hold import over
from tests.engine.make import T0, actor, always, minutes, nobody, opened, plan, refused, ticket

K = EventKind


def reach(step: Step) -> Reach:
	user = step.target.value
	return Reach((Recipient(method=step.method, address=user, label=user.title(), user=user),))


def to(users: str, **more) -> Plan:
	"""A plan whose steps go to these users, by a letter each, five minutes apart."""
	of = plan(*([0] + [5] * (len(users) - 1)), window=minutes(0), **more)
	steps = tuple(
		replace(step, target=Target(TargetKind.USER, user))
		for step, user in zip(of.steps, users, strict=True)
	)
	return replace(of, steps=steps)


def due(item: ActionItem) -> ActionItem:
	"""What is due runs."""
	decision = run_due(item, ticket(), [], always, Context(item.due_at, reaches=reach))
	return decision.item


def begun(users: str, **more) -> ActionItem:
	return due(opened(to(users, **more)))


def test_the_next_step_is_due_now_and_history_says_who_and_how() -> None:
	item, now = begun("aba"), T0 + minutes(1)
	decision = pass_on(item, item.position, actor("Ann", "SMS", user="a"), now)
	assert (decision.item.due_at, decision.item.passed_on) == (now, ((0, "a"),))
	assert decision.withdraw_from == "a" and not decision.notices and not decision.pages
	passed, forward = decision.events
	by = {"by": "Ann", "via": "SMS"}
	assert passed == Event(K.PASSED_ON, now, 1, 0, by)
	assert forward == Event(K.BROUGHT_FORWARD, now, 2, 0, {"planned": T0 + minutes(5), **by})
	assert passed.people == forward.people == {"by": (("a", "Ann"),)}


def test_what_is_stale_or_pressed_twice_or_leads_nowhere_is_refused() -> None:
	item, now, ann = begun("ab"), T0 + minutes(1), actor("Ann", user="a")
	once = pass_on(item, item.position, ann, now).item
	with refused(Refusal.PASSED_ON):
		pass_on(once, once.position, ann, now)
	assert pass_on(once, once.position, actor("Bob", user="b"), now).item.passed_on == ((0, "a"), (0, "b"))
	last = due(once)
	with refused(Refusal.MOVED_ON):
		pass_on(last, item.position, ann, now)
	with refused(Refusal.LAST_WAIT):
		pass_on(last, last.position, ann, now)
	with refused(Refusal.BEGUN_ANEW):
		pass_on(replace(once, generation=1), item.position, ann, now)
	with refused(Refusal.NOT_ESCALATING):
		pass_on(replace(item, status=Status.ACKNOWLEDGED), item.position, ann, now)


def test_a_group_of_those_who_passed_it_on_is_passed_over_and_counts_as_no_miss() -> None:
	item = begun("aab")
	passed = pass_on(item, item.position, actor("Ann", user="a"), T0).item
	decision = run_due(passed, ticket(), [], always, Context(T0, reaches=reach))
	ran, forward = decision.events
	assert (ran.data["to"], ran.data["passed_on"]) == ("", "A") and ran.people["passed_on"] == (("a", "A"),)
	assert not decision.pages and decision.item.unreached == 0
	assert forward.kind is K.BROUGHT_FORWARD and decision.item.due_at == T0
	unreachable = run_due(replace(passed, group=1), ticket(), [], always, Context(T0, reaches=nobody))
	assert unreachable.item.unreached == 1, "who can't be reached is still missed"


def test_history_names_each_whom_a_step_leaves_out_and_whom_it_pages_all_the_same() -> None:
	item = begun("abc")
	passed = replace(item, passed_on=((0, "a"), (0, "b")))

	def all_three(step: Step) -> Reach:
		return Reach(
			tuple(
				Recipient(method=step.method, address=user, label=user.title(), user=user) for user in "abc"
			)
		)

	decision = run_due(passed, ticket(), [], always, Context(item.due_at, reaches=all_three))
	(ran, *_) = decision.events
	assert (ran.data["to"], ran.data["passed_on"]) == ("C", "A, B")
	assert ran.people["passed_on"] == (("a", "A"), ("b", "B"))
	assert [page.recipient.user for page in decision.pages] == ["c"]


def test_a_repeat_doesnt_page_at_once_who_has_just_passed_it_on_and_the_next_one_does() -> None:
	item = begun("a", repeats=2, repeat_pause=minutes(7))
	assert item.position == (0, 1, 0)
	passed = pass_on(item, item.position, actor("Ann", user="a"), T0).item
	decision = run_due(passed, ticket(), [], always, Context(T0, reaches=reach))
	assert not decision.pages and not decision.item.stalled
	assert decision.item.due_at == T0 + minutes(7), "not at once"
	again = run_due(decision.item, ticket(), [], always, Context(T0 + minutes(7), reaches=reach))
	assert [page.recipient.user for page in again.pages] == ["a"]


def test_whom_somebody_asks_for_by_name_is_paged_all_the_same() -> None:
	item = begun("ab")
	passed = pass_on(item, item.position, actor("Ann", user="a"), T0).item
	context = Context(T0, reaches=reach)
	assert can_reach(passed, context)
	assert not can_reach(replace(passed, passed_on=((0, "a"), (0, "b"))), context)
	handed = hand_over(passed, "a", "Ann", actor("Zoe"), ticket(), context)
	assert handed.item.passed_on == () and [page.recipient.user for page in handed.pages] == ["a"]


@given(
	st.text("abc", min_size=1, max_size=6),
	st.integers(0, 2),
	st.lists(st.sampled_from("abc-"), max_size=12),
)
def test_whoever_passed_it_on_is_never_paged_by_that_run_again(
	users: str, repeats: int, presses: list[str]
) -> None:
	"""At each step somebody passes it on, or (-) nobody does."""
	item = opened(to(users, repeats=repeats, repeat_pause=minutes(3)))
	for press in [*presses, *"-" * 20]:
		now = item.due_at
		if now is None:
			break
		if press != "-" and item.step and not item.in_last_wait and (item.run, press) not in item.passed_on:
			item = pass_on(item, item.position, actor(press, user=press), now).item
		decision = run_due(item, ticket(), [], always, Context(now, reaches=reach))
		for page in decision.pages:
			assert (page.run, page.recipient.user) not in item.passed_on
		assert not decision.item.stalled, "nobody is to be corrected"
		item = decision.item
	assert item.status is Status.EXHAUSTED or item.due_at, "it doesn't stand still"


def test_start_over_after_a_maintenance_pages_everybody_anew() -> None:
	item = begun("aba", after_maintenance=AfterMaintenance.START_OVER)
	passed = pass_on(item, item.position, actor("Ann", user="a"), T0).item
	held = replace(passed, maintenance="M1", due_at=T0 + minutes(60))
	anew, _line = over(held, ticket(), Context(T0 + minutes(60), reaches=reach))
	assert (anew.generation, anew.run, anew.group) == (1, 0, 0)
	assert not anew.passed_on


def test_whom_the_ticket_is_assigned_to_is_asked_again() -> None:
	item = begun("aba")
	passed = pass_on(item, item.position, actor("Ann", user="a"), T0).item
	passed = replace(passed, passed_on=(*passed.passed_on, (0, "b")), assignees=("b",))
	assigned = evaluate(passed, ticket(assignees=("a", "b")), [], always, Context(T0, reaches=reach)).item
	assert assigned.passed_on == ((0, "b"),), "b had it already, and passed it on since"


def test_whether_anybody_else_comes() -> None:
	item = begun("aab")
	passed = pass_on(item, item.position, actor("Ann", user="a"), T0).item
	assert comes_to_others(passed, reach)
	assert not comes_to_others(replace(passed, passed_on=((0, "a"), (0, "b"))), reach)
	assert comes_to_others(replace(passed, passed_on=((1, "a"), (1, "b"))), reach), "of another run"
	assert not comes_to_others(passed, nobody)
	alone = begun("baa")  # b is behind it, not to come
	assert not comes_to_others(pass_on(alone, alone.position, actor("Ann", user="a"), T0).item, reach)
	of_acts = replace(
		passed.plan, steps=tuple(replace(step, method=Act.COMMENT) for step in passed.plan.steps)
	)
	assert not comes_to_others(replace(passed, plan=of_acts), reach), (
		"what is done to the ticket reaches nobody"
	)


def test_whom_somebody_adds_is_asked_again_though_they_passed_it_on() -> None:
	item = begun("aba")
	passed = pass_on(item, item.position, actor("Ann", user="a"), T0).item
	passed = replace(passed, passed_on=(*passed.passed_on, (0, "b")))
	added = add_person(passed, "a", "Ann", actor("Ada"), Context(T0, reaches=reach)).item
	assert added.passed_on == ((0, "b"),)


def test_who_was_on_the_way_is_so_no_more_once_it_is_given_back() -> None:
	item = replace(begun("ab"), status=Status.ACKNOWLEDGED, coming=(("a", "Ann"),), acknowledged_user="a")
	assert not unacknowledge(item, actor("Ann", user="a"), ticket(), Context(T0)).item.coming
