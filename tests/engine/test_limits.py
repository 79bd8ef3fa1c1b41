"""Limits (design section 7): what goes now, what waits, what is bundled. By example, by rule, and against a model."""

import random
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation_mgmt.engine import (
	FOR_CALLS,
	FOR_PUSHES,
	FOR_SMS,
	Allotment,
	Limit,
	Sent,
	UnderWay,
	Waiting,
	allot,
)
from tests.engine.limits_model import Model
from tests.engine.make import T0, minutes

SECOND = timedelta(seconds=1)
LIMITS = {"SMS": FOR_SMS, "Phone Call": FOR_CALLS}


def waits(name: str, waited: float = 0, **more) -> Waiting:
	"""A message to Ann about an item of its own that has waited so many seconds."""
	given = {
		"item": f"about {name}",
		"person": "ann",
		"method": "SMS",
		"rank": 1,
		"due": T0 - minutes(60),
		"since": T0 - waited * SECOND,
	} | more
	return Waiting(id=name, address=given.pop("address", f"{given['person']}'s"), **given)


def many(n: int, waited: float = 0, **more) -> list[Waiting]:
	return [waits(f"{i:03}", waited, **more) for i in range(n)]


def sent(*ago: float, **more) -> list[Sent]:
	"""What went to Ann so many seconds ago."""
	given = {"person": "ann", "method": "SMS"} | more
	return [Sent(at=T0 - seconds * SECOND, **given) for seconds in ago]


def ringing(*ago: float, address: str = "ann's") -> list[UnderWay]:
	return [UnderWay(method="Phone Call", address=address, since=T0 - seconds * SECOND) for seconds in ago]


def go(found: Allotment) -> list[str]:
	"""What goes, a word a message: ids joined by +, a bundle in brackets."""
	said = ["+".join(message.id for message in each.messages) for each in found.go]
	return [f"[{text}]" if each.bundle else text for text, each in zip(said, found.go, strict=True)]


def held(found: Allotment) -> dict[str, float]:
	"""What is held, and for how many seconds."""
	return {each.message.id: (each.until - T0) / SECOND for each in found.held}


def now_of(waiting, before=(), calls=(), limits=LIMITS) -> Allotment:
	return allot(waiting, before, calls, limits, T0)


# What goes alone, and what waits


def test_within_the_limit_everything_goes_at_once_and_alone() -> None:
	found = now_of(many(6))
	assert go(found) == ["000", "001", "002", "003", "004", "005"] and not found.held


def test_what_is_above_the_limit_waits_a_minute() -> None:
	found = now_of(many(8))
	assert len(found.go) == 6 and held(found) == {"006": 60, "007": 60}


def test_nothing_waits_where_nothing_does() -> None:
	assert now_of([]) == Allotment() == Allotment((), ())


def test_the_defaults() -> None:
	assert [limit.most for limit in (FOR_SMS, FOR_CALLS, FOR_PUSHES)] == [6, 3, 30]
	assert {limit.within for limit in (FOR_SMS, FOR_CALLS, FOR_PUSHES)} == {minutes(15)}
	assert {limit.waits for limit in (FOR_SMS, FOR_CALLS, FOR_PUSHES)} == {minutes(1)}
	assert [limit.waits_if_said for limit in (FOR_SMS, FOR_CALLS, FOR_PUSHES)] == list(
		map(minutes, (1, 5, 1))
	)
	assert [limit.at_once for limit in (FOR_SMS, FOR_CALLS, FOR_PUSHES)] == [None, 1, None]


def test_a_method_without_a_limit_lets_everything_through() -> None:
	found = now_of(many(100, method="Email"), sent(*range(100), method="Email"))
	assert len(found.go) == 100 and not found.held


def test_what_went_counts_for_as_long_as_the_limit_says_and_no_longer() -> None:
	six = (1, 2, 3, 4, 5, 899)
	assert held(now_of(many(1), sent(*six))) == {"000": 1}
	assert go(now_of(many(1), sent(*six[:5], 900))) == ["000"]


def test_who_has_had_more_than_a_lowered_limit_waits_until_enough_is_over() -> None:
	limits = {"SMS": Limit(most=2, waits=minutes(30))}
	assert held(now_of(many(2), sent(800, 700, 600, 500), limits=limits)) == {"000": 300, "001": 300}


def test_a_limit_is_of_one_person_and_one_method() -> None:
	before = sent(*[5] * 6) + sent(*[5] * 3, method="Phone Call", person="bob")
	waiting = [
		waits("a"),
		waits("b", person="bob"),
		waits("c", method="Phone Call"),
		waits("d", method="Phone Call", person="bob"),
	]
	found = now_of(waiting, before)
	assert go(found) == ["b", "c"] and held(found) == {"a": 60, "d": 60}


def test_a_second_number_of_a_person_has_the_limit_of_the_first() -> None:
	found = now_of([waits("a", address="other"), waits("b")], sent(*[5] * 5))
	assert go(found) == ["a"] and held(found) == {"b": 60}


# Bundles


def test_who_has_waited_a_minute_goes_in_a_bundle_with_all_that_wait_there() -> None:
	found = now_of([waits("a", 59.9), waits("b")], sent(*[5] * 6))
	assert held(found) == {"a": pytest.approx(0.1), "b": pytest.approx(0.1)}
	found = now_of([waits("a", 60), waits("b"), waits("c", address="other")], sent(*[5] * 6))
	assert go(found) == ["[a+b]"] and held(found) == {"c": 60}


def test_a_bundle_takes_only_what_is_above_the_limit() -> None:
	assert go(now_of(many(4, 60), sent(*[5] * 4))) == ["000", "001", "[002+003]"]


def test_where_one_has_waited_too_long_nobody_waits() -> None:
	"""Else a higher limit, which lets the longest go alone, would hold the others back."""
	assert go(now_of([waits("a", 60), waits("b")], sent(*[5] * 5))) == ["a", "[b]"]


def test_between_two_bundles_lies_a_minute() -> None:
	before = sent(*[5] * 6) + sent(300, 59, 200, bundle=True)
	assert held(now_of(many(2, 100), before)) == {"000": 1, "001": 1}
	assert go(now_of(many(2, 100), sent(*[5] * 6) + sent(300, 60, bundle=True))) == ["[000+001]"]
	elsewhere = sent(5, bundle=True, person="bob") + sent(5, bundle=True, method="Phone Call")
	assert go(now_of(many(2, 100), sent(*[5] * 6) + elsewhere)) == ["[000+001]"]


def test_two_numbers_of_one_person_share_the_minute_between_bundles() -> None:
	waiting = [waits("a", 70), waits("b", 60, address="other"), waits("c", 60, address="bob's", person="bob")]
	before = sent(*[5] * 6) + sent(*[5] * 6, person="bob")
	found = now_of(waiting, before)
	assert go(found) == ["[a]", "[c]"] and held(found) == {"b": 60}
	assert go(now_of([replace(waiting[1], rank=0), waiting[0]], before)) == ["[b]"]


def test_where_the_one_number_is_busy_the_bundle_goes_to_the_other() -> None:
	waiting = [waits("a", 70, method="Phone Call"), waits("b", 60, method="Phone Call", address="other")]
	found = now_of(waiting, sent(*[200] * 3, method="Phone Call"), ringing(30))
	assert go(found) == ["[b]"] and held(found) == {"a": 90}


# Once more


def test_what_may_have_arrived_goes_once_more_alone_whatever_the_limit() -> None:
	waiting = [waits("a", again=True), waits("b", 60), waits("c")]
	found = now_of(waiting, sent(*[5] * 6))
	assert go(found) == ["a", "[b+c]"]
	assert go(now_of([waits("a", again=True), *many(6)])) == ["000", "001", "002", "003", "004", "005", "a"]
	assert held(now_of([waits("a", 100, again=True), waits("b")], sent(*[5] * 6))) == {"b": 60}


def test_it_does_not_ring_where_another_call_does() -> None:
	waiting = [call("a", again=True), call("b", 100)]
	found = now_of(waiting, calls=ringing(30))
	assert held(found) == {"a": 90, "b": 90}
	found = now_of(waiting)
	assert go(found) == ["a"] and held(found) == {"b": 120}


def test_a_bundle_counts_towards_no_limit() -> None:
	assert go(now_of(many(1), sent(*[100] * 5) + sent(*range(100, 200), bundle=True))) == ["000"]


def test_a_bundle_is_about_each_of_its_items_once_the_most_urgent_first() -> None:
	waiting = [waits("a", 60, item="x"), waits("b", item="y", rank=0), waits("c", item="x", first=True)]
	(bundle,) = now_of(waiting, sent(*[5] * 6)).go
	assert bundle.items == ("x", "y")


# Order


def test_first_messages_of_new_items_then_priority_then_the_longest_due_then_what_asks() -> None:
	ago = T0 - minutes(90)
	order = [
		waits("f", first=True, rank=0, due=T0),
		waits("e", first=True, rank=2, due=ago),
		waits("d", rank=0, due=T0),
		waits("c", due=ago, asks=False),
		waits("a"),
		waits("b"),
		waits("0", asks=False),
	]
	for waiting in (order, order[::-1]):
		assert go(now_of(waiting, limits={})) == ["f", "e", "d", "c", "a", "b", "0"]
		found = now_of(waiting, sent(5, 5))
		assert go(found) == ["f", "e", "d", "c"]
		assert list(held(found)) == ["a", "b", "0"]


def test_the_first_message_of_an_urgent_item_stands_first_in_a_storm() -> None:
	storm = [*many(300, 60), waits("zzz", first=True, rank=0)]
	assert go(now_of(storm))[0] == "zzz"
	(bundle,) = now_of(storm, sent(*[5] * 6)).go
	assert bundle.messages[0].id == "zzz" and len(bundle.items) == 301


# Calls


def call(name: str, waited: float = 0, **more) -> Waiting:
	return waits(name, waited, method="Phone Call", **more)


def test_one_call_at_a_time_to_one_number() -> None:
	found = now_of([call("a"), call("b"), call("c", person="bob")])
	assert go(found) == ["a", "c"] and held(found) == {"b": 120}


def test_a_number_that_is_being_called_waits_until_that_call_is_over() -> None:
	assert held(now_of([call("a")], sent(30, method="Phone Call"), ringing(30))) == {"a": 90}
	assert held(now_of([call("a", 600)], calls=ringing(119))) == {"a": 1}
	assert go(now_of([call("a")], sent(30, method="Phone Call"), ringing(120))) == ["a"]
	assert go(now_of([call("a")], calls=ringing(30, address="bob's"))) == ["a"]


def test_one_number_of_two_people_is_called_once_at_a_time() -> None:
	found = now_of([call("a", address="desk"), call("b", address="desk", person="bob")])
	assert go(found) == ["a"] and held(found) == {"b": 120}


def test_calls_that_have_waited_too_long_are_one_call() -> None:
	assert go(now_of([call("a", 60), call("b"), call("c")])) == ["[a+b+c]"]
	assert go(now_of([call("a", 60)])) == ["a"]


def test_with_two_lines_the_second_has_the_bundle() -> None:
	limits = {"Phone Call": Limit(most=3, at_once=2)}
	assert go(now_of([call("a", 60), call("b"), call("c")], limits=limits)) == ["a", "[b+c]"]
	assert go(now_of([call("a", 60), call("b")], limits=limits)) == ["a", "b"]
	assert held(now_of([call("a"), call("b")], calls=ringing(30, 50), limits=limits)) == {"a": 70, "b": 70}


def test_above_the_limit_a_call_waits_five_minutes_where_a_push_or_sms_says_it_at_once() -> None:
	before = sent(200, 200, 200, method="Phone Call")
	assert held(now_of([call("a", 299, said=True), call("b", 30, said=True)], before)) == {"a": 1, "b": 1}
	assert held(now_of([call("a", 200, said=True), call("b", 30)], before)) == {"a": 30, "b": 30}
	assert go(now_of([call("a", 300, said=True), call("b", said=True)], before)) == ["[a+b]"]
	assert go(now_of([call("a", 200, said=True), call("b", 60)], before)) == ["[a+b]"]


def test_a_call_within_the_limit_goes_at_once_whatever_else_says_it() -> None:
	assert go(now_of([call("a", said=True)])) == ["a"]


# What is no limit


@pytest.mark.parametrize(
	("wrong", "words"),
	[
		({"most": 0}, "a limit below one message"),
		({"most": 1, "at_once": 0}, "less than one message at once"),
		*(
			({"most": 1, span: timedelta(0)}, "a duration that isn't positive")
			for span in ("within", "waits", "waits_if_said", "lasts")
		),
	],
)
def test_what_is_no_limit_is_refused(wrong: dict, words: str) -> None:
	with pytest.raises(ValueError, match=f"^{words}$"):
		Limit(**wrong)


def test_the_smallest_limit_is_one() -> None:
	smallest = Limit(
		most=1, at_once=1, within=SECOND / 2, waits=SECOND / 2, waits_if_said=SECOND / 2, lasts=SECOND / 2
	)
	assert smallest.most == 1


# Rules, for whatever waits


@dataclass
class Case:
	waiting: list[Waiting]
	sent: list[Sent]
	calls: list[UnderWay]
	limits: dict[str, Limit]

	def answer(self) -> Allotment:
		return now_of(self.waiting, self.sent, self.calls, self.limits)


def a_case(seed: int, *, own_numbers: bool = False) -> Case:
	"""A small invented case. `own_numbers`: no two people share one, and nothing goes once more. Few values, so that they meet; a seed a case, for speed."""
	r = random.Random(seed)
	spans = (60, 90, 120, 300)
	ago = (0, 1, 30, 59, 60, 61, 89, 90, 119, 120, 299, 300, 400)

	def limit(at_once: int | None) -> Limit:
		within, first, second, lasts = (r.choice(spans) * SECOND for _ in range(4))
		return Limit(
			most=r.randint(1, 4),
			within=within,
			waits=first,
			waits_if_said=second,
			lasts=lasts,
			at_once=at_once,
		)

	def whom() -> dict[str, str]:
		person = r.choice(("ann", "bob"))
		address = r.choice((f"{person} 1", f"{person} 2", "desk"))
		return {"person": person, "address": person if own_numbers else address}

	def since() -> datetime:
		return T0 - r.choice(ago) * SECOND

	methods = ("SMS", "SMS", "Phone Call", "Phone Call", "Email")
	waiting = [
		Waiting(
			id=f"{n:02}", item=f"item {r.randint(0, 5)}", method=r.choice(methods), rank=r.randint(0, 2), due=since(),
			since=since(), first=r.random() < 0.3, asks=r.random() < 0.7, said=r.random() < 0.3,
			again=not own_numbers and r.random() < 0.1, **whom(),
		)
		for n in r.sample(range(100), r.randint(0, 9))
	]  # fmt: skip
	before = [
		Sent(method=r.choice(methods), at=since(), bundle=r.random() < 0.3, person=whom()["person"])
		for _ in range(r.randint(0, 9))
	]
	calls = [
		UnderWay(method="Phone Call", address=whom()["address"], since=since())
		for _ in range(r.choice((0, 0, 1, 3)))
	]
	return Case(waiting, before, calls, {"SMS": limit(None), "Phone Call": limit(r.choice((1, 1, 2, None)))})


seeds = st.integers(0, 2**32)
CASES = range(20)  # of each seed


def cases(seed: int, **more) -> list[Case]:
	return [a_case(seed * len(CASES) + n, **more) for n in CASES]


@given(seeds)
def test_it_answers_as_the_model_does(seed: int) -> None:
	for case in cases(seed):
		found = case.answer()
		mine = [([m.id for m in each.messages], each.bundle) for each in found.go]
		model = Model(list(case.sent), list(case.calls), case.limits)
		assert (mine, {each.message.id: each.until for each in found.held}) == model.answer(case.waiting, T0)


@given(seeds)
def test_nothing_is_lost_nor_doubled_and_a_bundle_goes_to_one_address(seed: int) -> None:
	for case in cases(seed):
		found = case.answer()
		went = [message for each in found.go for message in each.messages]
		all_of_it = Counter(m.id for m in [*went, *(each.message for each in found.held)])
		assert all_of_it == Counter(m.id for m in case.waiting)
		for each in found.go:
			assert len({m.queue for m in each.messages}) == 1
			assert each.bundle or len(each.messages) == 1


@given(seeds)
def test_nothing_overtakes_at_its_address(seed: int) -> None:
	def urgency(m: Waiting) -> tuple:
		return -m.first, m.rank, m.due, -m.asks, m.id

	for case in cases(seed):
		found = case.answer()
		for queue in {m.queue for m in case.waiting}:
			order = [m for each in found.go for m in each.messages if m.queue == queue and not m.again]
			order += [
				each.message for each in found.held if each.message.queue == queue and not each.message.again
			]
			assert order == sorted(order, key=urgency)
		firsts = [urgency(each.messages[0]) for each in found.go]
		assert firsts == sorted(firsts)


@given(seeds)
def test_the_order_in_which_it_is_told_changes_nothing(seed: int) -> None:
	r = random.Random(seed)
	for case in cases(seed):
		found = case.answer()
		for told in (case.waiting, case.sent, case.calls):
			r.shuffle(told)
		assert case.answer() == found


@given(seeds)
def test_a_higher_limit_delays_nothing(seed: int) -> None:
	for case in cases(seed, own_numbers=True):
		found = case.answer()
		went = {m.id for each in found.go for m in each.messages}
		alone = {m.id for each in found.go if not each.bundle for m in each.messages}
		case.limits = {
			method: replace(limit, most=limit.most + 1 + seed % 3) for method, limit in case.limits.items()
		}
		higher = case.answer()
		assert went <= {m.id for each in higher.go for m in each.messages}
		assert alone <= {m.id for each in higher.go if not each.bundle for m in each.messages}


@given(seeds)
def test_at_the_instant_that_it_names_something_goes_and_not_before(seed: int) -> None:
	for case in cases(seed):
		found = case.answer()
		if not found.held:
			continue
		before, calls = list(case.sent), list(case.calls)
		for m, bundle in ((each.messages[0], each.bundle) for each in found.go):
			if not m.again:
				before.append(Sent(person=m.person, method=m.method, at=T0, bundle=bundle))
			calls.append(UnderWay(method=m.method, address=m.address, since=T0))
		rest = [each.message for each in found.held]
		until = min(each.until for each in found.held)
		assert until > T0
		assert not allot(rest, before, calls, case.limits, until - SECOND / 1000).go
		assert allot(rest, before, calls, case.limits, until).go


# Storms, over time


@dataclass
class Storm:
	"""Messages to one person that come over time, each handed on at the instant that `allot` names."""

	limit: Limit
	arrivals: list[Waiting]
	lasts: timedelta = timedelta(0)  # each is known to be over after it
	went: list[tuple[datetime, bool]] = field(default_factory=list)
	at: dict[str, datetime] = field(default_factory=dict)

	def run(self) -> "Storm":
		coming = sorted(self.arrivals, key=lambda m: m.since)
		waiting: list[Waiting] = []
		while coming or waiting:
			now = min([m.since for m in coming[:1]] + ([self.next_at] if waiting else []))
			waiting += [m for m in coming if m.since <= now]
			coming = [m for m in coming if m.since > now]
			before = [Sent(**self.whom, at=at, bundle=bundle) for at, bundle in self.went]
			calls = [
				UnderWay(method="SMS", address="ann's", since=at)
				for at, _ in self.went
				if now - at < self.lasts
			]
			found = allot(waiting, before, calls, {"SMS": self.limit}, now)
			for each in found.go:
				self.went.append((now, each.bundle))
				for m in each.messages:
					assert self.at.setdefault(m.id, now) is now, "twice"
			waiting = [each.message for each in found.held]
			self.next_at = min((each.until for each in found.held), default=now)
			ends = [at + self.lasts for at, _ in self.went if now - at < self.lasts]
			self.next_at = min([self.next_at, *ends])
		return self

	whom = {"person": "ann", "method": "SMS"}


def a_storm(seed: int, limit: Limit, lasts: timedelta = timedelta(0)) -> Storm:
	r = random.Random(seed)
	n, span = r.choice(((5, 60), (40, 60), (40, 1800), (60, 300)))
	arrivals = [
		waits(
			f"{i:03}",
			-r.randint(0, span),
			rank=r.randint(0, 2),
			first=r.random() < 0.5,
			said=r.random() < 0.3,
		)
		for i in range(n)
	]
	return Storm(limit, arrivals, lasts).run()


LOW = Limit(most=3, within=minutes(5))


@given(seeds)
def test_never_more_than_the_limit_and_one_bundle_a_minute(seed: int) -> None:
	storm = a_storm(seed, LOW)
	alone = sorted(at for at, bundle in storm.went if not bundle)
	assert all(later - earlier >= LOW.within for earlier, later in zip(alone, alone[3:], strict=False))
	bundles = sorted(at for at, bundle in storm.went if bundle)
	assert all(later - earlier >= LOW.waits for earlier, later in pairwise(bundles))


@given(seeds)
def test_nothing_waits_longer_than_it_may(seed: int) -> None:
	limit = replace(LOW, waits_if_said=minutes(4))
	storm = a_storm(seed, limit)
	assert set(storm.at) == {m.id for m in storm.arrivals}
	for m in storm.arrivals:
		assert timedelta(0) <= storm.at[m.id] - m.since <= (minutes(4) if m.said else minutes(1))


@given(seeds)
def test_one_call_at_a_time_and_after_it_nothing_waits_longer_than_it_may(seed: int) -> None:
	lasts = 45 * SECOND
	storm = a_storm(seed, replace(LOW, at_once=1), lasts)
	instants = [at for at, _ in storm.went]
	assert all(later - earlier >= lasts for earlier, later in pairwise(instants))
	assert set(storm.at) == {m.id for m in storm.arrivals}
	assert all(storm.at[m.id] - m.since <= LOW.waits + lasts for m in storm.arrivals)


def test_three_hundred_in_a_minute_are_six_messages_and_a_bundle() -> None:
	storm = Storm(FOR_SMS, [waits(f"{i:03}", -i * 0.2) for i in range(300)]).run()
	assert [bundle for _, bundle in storm.went] == [False] * 6 + [True]
	assert storm.went[-1][0] == T0 + 61.2 * SECOND and len(storm.at) == 300
