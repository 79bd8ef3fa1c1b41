"""How much one person can cause by hand: what pages or tells others is counted for whoever does it, for the ticket, and for
whoever is paged, by each method (design, section 7).

Acknowledging and stopping are counted and never refused, and neither is what a plan does by itself. The counts are Redis's, each
a window that moves, so that a refusal can say when it is possible again; without Redis nothing is refused.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import frappe
import redis
from frappe import _

from escalation_mgmt.engine import Actor, Recipient, TicketKey
from escalation_mgmt.utils import clock, rows

WITHIN = timedelta(minutes=15)
BY_ONE = 30  # by one person, whatever they do that pages, or gives back
ON_ONE_TICKET = 12
TO_ONE = {"SMS": 6, "Phone Call": 3}  # to one person or address, by a method that wakes
TO_ONE_OTHERWISE = 30


@dataclass(frozen=True, slots=True)
class _Count:
	"""One thing that is counted: under which key, how often it may be, and what a refusal says."""

	key: str
	most: int
	said: str


def refusal(actor: Actor, key: TicketKey, paged: Iterable[Recipient], now: datetime) -> str:
	"""Why somebody can't page these people about a ticket now, and when they can again; empty: they can."""
	for count in _counts(actor, key, paged):
		if again := _full_until(count, now):
			return count.said + " " + _("It is possible again at {0}.").format(clock.shown(again))
	return ""


def note(actor: Actor, key: TicketKey, paged: Iterable[Recipient], now: datetime) -> None:
	"""Count what was done, once this transaction is committed."""
	counted = [count.key for count in _counts(actor, key, paged)]
	frappe.db.after_commit.add(lambda: _add(counted, now))


def note_told(key: TicketKey, now: datetime) -> None:
	"""Count for the ticket alone what is never refused and tells those who were notified: acknowledged, or stopped."""
	frappe.db.after_commit.add(lambda: _add([_of_ticket(key).key], now))


def _counts(actor: Actor, key: TicketKey, paged: Iterable[Recipient]) -> Iterator[_Count]:
	minutes = int(WITHIN.total_seconds() // 60)
	said = _("You have had people paged or told {0} times within {1} minutes.").format(BY_ONE, minutes)
	yield _Count(f"by:{actor.counted_as}", BY_ONE, said)
	yield _of_ticket(key)
	for to in {(to.method, to.user or to.address): to for to in paged}.values():
		most = TO_ONE.get(to.method, TO_ONE_OTHERWISE)
		said = _("{0} was paged by hand {1} times within {2} minutes by {3}.").format(
			to.label, most, minutes, _(to.method)
		)
		yield _Count(f"to:{to.method}:{to.user or to.address}", most, said)


def _of_ticket(key: TicketKey) -> _Count:
	minutes = int(WITHIN.total_seconds() // 60)
	said = _("People were paged or told of this ticket by hand {0} times within {1} minutes.").format(
		ON_ONE_TICKET, minutes
	)
	return _Count(f"ticket:{key.doctype}/{key.name}", ON_ONE_TICKET, said)


def _full_until(count: _Count, now: datetime) -> datetime | None:
	"""When there is room again; None: there is."""
	since = (now - WITHIN).replace(tzinfo=UTC).timestamp()
	with suppress(redis.exceptions.RedisError, OSError):
		times = frappe.cache.zrangebyscore(_name(count.key), f"({since}", "+inf", withscores=True)
		if len(times) >= count.most:
			leaves = times[-count.most][1]  # with it there is one fewer than the most
			return datetime.fromtimestamp(leaves, UTC).replace(tzinfo=None) + WITHIN
	return None


def _add(keys: Iterable[str], now: datetime) -> None:
	at = now.replace(tzinfo=UTC).timestamp()
	with suppress(redis.exceptions.RedisError, OSError):
		for key in keys:
			name = _name(key)
			frappe.cache.zremrangebyscore(name, "-inf", at - WITHIN.total_seconds())
			frappe.cache.zadd(name, {rows.new_name(): at})
			frappe.cache.expire(name, int(WITHIN.total_seconds()) + 60)


def _name(key: str) -> str:
	return frappe.cache.make_key(f"escalation_limit:hand:{key}")
