"""How much one person can cause by hand: what pages or tells others is counted for whoever does it, for the ticket, and for
whoever is paged, by each method (design, section 7). How much that is stands in Escalation Settings.

Acknowledging and stopping are counted and never refused, and neither is what a plan does by itself. The counts are Redis's, each
a window that moves, so that a refusal can say when it is possible again; without Redis nothing is refused. What is asked for is
counted in the step that allows it, so that of many at once no more pass than of one after the other.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import frappe
import redis
from frappe import _

from escalation_mgmt.engine import Actor, Recipient, TicketKey
from escalation_mgmt.facts import limits
from escalation_mgmt.utils import clock, rows

_EXPIRES = timedelta(minutes=1)  # after the span in which is counted


TAKE = """
local since, at, member, expiry = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
for number, key in ipairs(KEYS) do
  redis.call('zremrangebyscore', key, '-inf', since)
  local times, most = tonumber(ARGV[3 + 2 * number]), tonumber(ARGV[4 + 2 * number])
  local over = redis.call('zcard', key) + times - most
  if over > 0 then
    return {number, redis.call('zrange', key, over - 1, over - 1, 'withscores')[2]}
  end
end
for number, key in ipairs(KEYS) do
  for time = 1, tonumber(ARGV[3 + 2 * number]) do
    redis.call('zadd', key, at, member .. ':' .. time)
  end
  redis.call('expire', key, expiry)
end
return {}
"""
"""Count in all, or in none: then it says in which there is no room, and the time of the last that has to leave it first."""


@dataclass(frozen=True, slots=True)
class _Count:
	"""One thing that is counted: under which key, how often it may be, what a refusal says, and how often it is asked for."""

	key: str
	most: int
	said: str
	asked: int = 1  # at most `most`: what alone is too much passes where nothing else was


def take(actor: Actor, key: TicketKey, paged: Iterable[Recipient], now: datetime) -> str:
	"""Count that somebody pages these people about a ticket now, each as often as they stand in `paged`.

	Why they can't, and when they can again; empty: it is counted, until this transaction is rolled back.
	"""
	counts, within = list(_counts(actor, key, paged)), limits.within()
	names, member = [_name(count.key) for count in counts], rows.new_name()
	at = now.replace(tzinfo=UTC).timestamp()
	asked = [number for count in counts for number in (count.asked, count.most)]
	try:
		full = frappe.cache.eval(
			TAKE, len(names), *names, at - within.total_seconds(), at, member, _expires(within), *asked
		)
	except (redis.exceptions.RedisError, OSError):
		return ""
	if full:
		leaves = datetime.fromtimestamp(float(full[1]), UTC).replace(tzinfo=None)
		return (
			counts[full[0] - 1].said
			+ " "
			+ _("It is possible again at {0}.").format(clock.shown(leaves + within))
		)
	frappe.db.after_rollback.add(lambda: _give_back(counts, member))
	return ""


def of_group(reached: Iterable[Recipient]) -> list[Recipient]:
	"""Whom a group pages of those whom its steps reach: one message of it goes to one address."""
	return list({(to.method, to.address): to for to in reached}.values())


def _give_back(counts: Iterable[_Count], member: str) -> None:
	with suppress(redis.exceptions.RedisError, OSError):
		for count in counts:
			frappe.cache.zrem(_name(count.key), *(f"{member}:{time + 1}" for time in range(count.asked)))


def note_told(key: TicketKey, now: datetime) -> None:
	"""Count for the ticket alone what is never refused and tells those who were notified: acknowledged, or stopped."""
	frappe.db.after_commit.add(lambda: _add(_name(_of_ticket(key).key), now))


def _counts(actor: Actor, key: TicketKey, paged: Iterable[Recipient]) -> Iterator[_Count]:
	minutes, by_one = limits.said("limit_minutes"), limits.said("most_by_one")
	said = _("You have had people paged or told {0} times within {1} minutes.").format(by_one, minutes)
	yield _Count(f"by:{actor.counted_as}", by_one, said)
	yield _of_ticket(key)
	people: dict[tuple[str, str], list[Recipient]] = {}
	for to in paged:
		people.setdefault((to.method, to.user or to.address), []).append(to)
	for (method, whom), (to, *more) in people.items():
		most = limits.to_one(method)
		if actor.user:
			said = _("{0} was paged by hand {1} times within {2} minutes by {3}.").format(
				to.label, most, minutes, _(method)
			)
		else:  # a bare address learns no name and no method, of which the number would tell (design rule 11)
			said = _("Whoever is next was paged by hand too often within {0} minutes.").format(minutes)
		yield _Count(f"to:{method}:{whom}", most, said, min(1 + len(more), most))


def _of_ticket(key: TicketKey) -> _Count:
	minutes, most = limits.said("limit_minutes"), limits.said("most_on_ticket")
	said = _("People were paged or told of this ticket by hand {0} times within {1} minutes.").format(
		most, minutes
	)
	return _Count(f"ticket:{key.doctype}/{key.name}", most, said)


def _add(name: str, now: datetime) -> None:
	with suppress(redis.exceptions.RedisError, OSError):
		frappe.cache.zadd(name, {rows.new_name(): now.replace(tzinfo=UTC).timestamp()})
		frappe.cache.expire(name, _expires(limits.within()))


def _expires(within: timedelta) -> int:
	"""Seconds after which nothing that was counted matters."""
	return int((within + _EXPIRES).total_seconds())


def _name(key: str) -> str:
	return frappe.cache.make_key(f"escalation_limit:hand:{key}")
