"""Limits applied to what is claimed: what goes now, what waits, what is bundled (design section 7). The rules are `engine.limits`.

It happens in the transaction of the claim, under the claims' lock: of two senders the second sees what the first gave away.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from escalation_mgmt.delivery.attempt import Attempt, CountedAttempt, read_items
from escalation_mgmt.engine import EventKind, Held, Limit, Outgoing, Sent, Waiting, allot
from escalation_mgmt.notifiers import Notifier, classes
from escalation_mgmt.storage import claim_lock, history, limit_usage, message_secrets, outbox
from escalation_mgmt.storage.message_state import Purpose
from escalation_mgmt.utils import clock, rows
from escalation_mgmt.utils.after_commit import Collected, own_transaction
from escalation_mgmt.utils.doctypes import NOTIFICATION
from escalation_mgmt.utils.jobs import enqueue_once

SOON = timedelta(seconds=60)
"""Of messages that say the same at once one may be queued so much before the other."""


def held_too(
	due: Sequence[CountedAttempt], notifier: type[Notifier], limit: Limit, now: datetime
) -> list[CountedAttempt]:
	"""What else waits for whom these go to, and may go with it: what is held, due or not; and where these are as many as are
	claimed at once, the rest of what is due. Locked; what others hold is passed over.
	"""
	held = _of_people(due, "`held_utc` is not null and `next_attempt_utc` is not null", notifier.method, ())
	if len(due) < notifier.batch:
		return held
	has = Counter(map(_person, [*due, *held]))
	crowded = [message for message in due if has[_person(message)] > limit.most]
	rest = _of_people(crowded, "`handed_utc` is null and `next_attempt_utc` <= %s", notifier.method, (now,))
	known = {message.name for message in (*due, *held)}
	return held + [message for message in rest if message.name not in known]


def _of_people(
	messages: Sequence[CountedAttempt], which: str, method: str, values: tuple[Any, ...]
) -> list[CountedAttempt]:
	"""The messages of that kind that go to whom these go to, without these."""
	users = sorted({message.user for message in messages if message.user})
	labels = sorted({message.recipient for message in messages if not message.user})
	whose, who = [], []
	for column, wanted in (("`user`", users), ("`user` is null and `recipient`", labels)):
		if wanted:
			whose.append(f"({column} in ({rows.placeholders(wanted)}))")
			who += wanted
	if not whose:
		return []
	sql = f"where {which} and `method` = %s and ({' or '.join(whose)}) order by `name` for update skip locked"
	known = {message.name for message in messages}
	found = outbox.select(CountedAttempt, sql, (*values, method, *who))
	found = [message for message in as_old_as_the_view(found) if message.name not in known]
	read_items(found)
	return found


A = TypeVar("A", bound=Attempt)


def as_old_as_the_view(messages: Sequence[A]) -> list[A]:
	"""Without those that were committed after this transaction's first plain read, which a lock finds all the same: of these neither
	the address nor how their items stand can be read. They are claimed next.
	"""
	return [message for message in messages if message.address is not None]


def allotted(
	attempts: Sequence[CountedAttempt], notifier: type[Notifier], limit: Limit, now: datetime
) -> list[CountedAttempt]:
	"""Those of these messages that go now, bundled where they must be; the others are held, and their histories say so."""
	waiting = [message for message in attempts if not message.carried_by]
	if not waiting:
		return []
	sent = _sent(waiting, notifier.method, limit, now)
	again = {message.name for message in waiting if _has_its_place(message, now - limit.within)}
	addresses = sorted({message.address or "" for message in waiting}) if limit.at_once else []
	ringing = limit_usage.under_way(notifier.method, addresses, limit, now, but=again)
	if not ringing and _nobody_waits(waiting, sent, limit):
		return _together(attempts, [], again, now)
	said = _said(waiting, limit)
	known = {message.name: message for message in waiting}
	found = allot(
		[_waiting(message, said, again) for message in waiting], sent, ringing, {notifier.method: limit}, now
	)
	called = {each.address for each in ringing} | {each.messages[0].address for each in found.go}
	_hold(found.held, known, limit, called if limit.at_once else (), now)
	return _together(attempts, found.go, again, now, but={each.message.id for each in found.held})


def columns_of(attempt: Attempt, now: datetime) -> dict[str, Any]:
	"""What the claim writes of a message beside its attempt; nothing of one by a method without a limit."""
	if not isinstance(attempt, CountedAttempt):
		return {}
	return {
		"carried_by": attempt.carried_by,
		"carries": attempt.carries,
		"bundle": attempt.bundle,
		"handed_utc": now,
		"held_utc": None,
	}


def bundle_of(attempt: Attempt) -> str:
	"""The bundle of several items that it is in; empty: it goes for its own item."""
	if not isinstance(attempt, CountedAttempt) or not (attempt.carried_by or attempt.carries):
		return ""
	return attempt.bundle or ""


def _sent(waiting: Sequence[CountedAttempt], method: str, limit: Limit, now: datetime) -> list[Sent]:
	since = now - max(limit.within, limit.waits)
	users = sorted({message.user for message in waiting if message.user})
	bare = sorted({message.address for message in waiting if not message.user and message.address})
	return limit_usage.to_users(method, users, since) + limit_usage.to_addresses(method, bare, since)


def _nobody_waits(waiting: Sequence[CountedAttempt], sent: Sequence[Sent], limit: Limit) -> bool:
	"""Whether everything can go at once and alone, as is usual: nobody has more than their limit, nor a phone two calls."""
	most = max(Counter([*map(_person, waiting), *(each.person for each in sent)]).values())
	at_one = max(Counter(message.address for message in waiting).values())
	return most <= limit.most and (not limit.at_once or at_one <= limit.at_once)


def _person(message: CountedAttempt) -> str:
	return message.user or message.address or ""


def _has_its_place(message: CountedAttempt, since: datetime) -> bool:
	"""Whether an attempt that may have arrived is counted already. One that nothing is known of, as after a restore, isn't."""
	return message.lost or bool(
		message.possible_duplicate and message.handed_utc and message.handed_utc > since
	)


def _waiting(message: CountedAttempt, said: Collection[str], again: Collection[str]) -> Waiting:
	since = message.held_utc or (message.created_utc if message.bundle else message.next_attempt_utc)
	return Waiting(
		id=message.name,
		item=message.action_item,
		person=_person(message),
		method=message.method,
		address=message.address or "",
		rank=message.urgency % outbox.LATER,
		due=message.planned_utc or message.created_utc,
		since=since or message.created_utc,
		first=message.urgency < outbox.LATER,
		asks=message.purpose == Purpose.PAGE,
		said=message.name in said,
		again=message.name in again,
	)


def _said(waiting: Iterable[CountedAttempt], limit: Limit) -> set[str]:
	"""Those that another method, which wakes and doesn't ring, says at once."""
	if limit.waits_if_said <= limit.waits:
		return set()
	methods = [method for method, other in classes().items() if other.urgency and not other.rings]
	pages = [message for message in waiting if message.purpose == Purpose.PAGE]
	found = limit_usage.said_by(methods, sorted({page.action_item for page in pages}))
	return {
		page.name
		for page in pages
		if any(
			at >= page.created_utc - SOON for at in found.get((page.action_item, outbox.counted_as(page)), ())
		)
	}


def _hold(
	held: Sequence[Held],
	known: dict[str, CountedAttempt],
	limit: Limit,
	called: Collection[str],
	now: datetime,
) -> None:
	"""Let these wait. `called`: the addresses at which something is under way that nothing else may be at the same time."""
	lines, states = [], []
	for each in held:
		message = known[each.message.id]
		states.append({"name": message.name, "next_attempt_utc": each.until, "held_utc": each.message.since})
		if message.held_utc:
			continue
		why = {"most": limit.most, "minutes": int(limit.within.total_seconds() // 60)}
		said = {"until": each.until, **({"called": True} if message.address in called else why)}
		lines.append(outbox.line(message, EventKind.ABOVE_LIMIT, now, **said))
	rows.update_all(NOTIFICATION, states)
	history.append(lines)


def _together(
	attempts: Sequence[CountedAttempt],
	go: Sequence[Outgoing],
	again: Collection[str],
	now: datetime,
	but: Collection[str] = (),
) -> list[CountedAttempt]:
	"""What goes, each with what it carries, those of a bundle by its first. `but`: what is held."""
	known = {message.name: message for message in attempts}
	carried: dict[str, list[CountedAttempt]] = {}
	for message in attempts:
		if message.carried_by:
			carried.setdefault(message.carried_by, []).append(message)
	bundled = {message.id for each in go if each.bundle for message in each.messages}
	for message in attempts:
		if message.carried_by or message.name in bundled or message.name in again:
			continue
		if all(each.action_item == message.action_item for each in carried.get(message.name, ())):
			message.bundle = None  # what is left of one goes like any other
	lines = []
	for each in go:
		if each.bundle:
			first, *others = [known[message.id] for message in each.messages]
			lines += _bundle(first, others, carried, now)
	history.append(lines)
	return [m for m in attempts if m.name not in but and (m.carried_by or m.name) not in but]


def _bundle(
	first: CountedAttempt,
	others: Sequence[CountedAttempt],
	carried: dict[str, list[CountedAttempt]],
	now: datetime,
) -> list[history.Line]:
	"""Let the first go for all. Returns the lines of their histories: none where it is alone."""
	parts = [*carried.get(first.name, ())]
	for other in others:
		parts += [other, *carried.get(other.name, ())]
	for part in parts:
		part.carried_by, part.carries = first.name, 0
	first.carries = int(bool(parts))
	everything = [first, *parts]
	failed = [provider for part in everything for provider in (part.not_by or "").splitlines()]
	first.not_by = "\n".join(dict.fromkeys(failed)) or None  # what one of them may not go by, none does
	for part in everything:
		part.bundle = first.name
		part.reply_code = None
	count = len({part.action_item for part in everything})
	if count == 1:
		return []
	return [outbox.line(part, EventKind.BUNDLED, now, count=count, bundle=first.name) for part in everything]


def look_again_soon(method: str, call: str) -> None:
	"""A call has ended: what waits for its number is looked at again once that is committed."""
	_ended.add([f"{method}/{call}"])


def _look_again(ended: Collection[str]) -> None:
	freed = False
	with own_transaction("Escalation: what waits for a call to end can't be looked at again"):
		claim_lock.take()  # whatever a claim holds back meanwhile is found
		now = clock.now()
		for method, call in (each.rsplit("/", 1) for each in ended):
			address = message_secrets.address_of(call)
			freed |= bool(address) and limit_usage.look_again(method, address, now)
	if freed:
		enqueue_once(DELIVER, "deliver")


_ended = Collected(_look_again)
DELIVER = "escalation_mgmt.delivery.send.deliver"  # by its path: it claims, and so lies above this
