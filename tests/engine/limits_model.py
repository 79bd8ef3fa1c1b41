"""Limits once more, written another way: every decision recounts all that went, and every instant is found by trying."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from escalation_mgmt.engine import Limit, Sent, UnderWay, Waiting

Answer = tuple[list[tuple[list[str], bool]], dict[str, datetime]]


@dataclass
class Model:
	"""What `allot` answers, as (what goes: [(ids, whether a bundle)], {id: until when it is held})."""

	sent: list[Sent]
	under_way: list[UnderWay]
	limits: dict[str, Limit]
	began: list[tuple[str, str]] = field(default_factory=list)  # who gets a bundle now

	def answer(self, waiting: Sequence[Waiting], now: datetime) -> Answer:
		todo = list(waiting)
		ripe = {m.queue for m in waiting if m.method in self.limits and self.is_ripe(m, waiting, now)}
		go: list[tuple[list[str], bool]] = []
		held: list[Waiting] = []
		self.began = []
		while todo:
			best = todo[0]
			for other in todo:
				best = other if self.goes_before(other, best) else best
			mine = [m for m in todo if m.queue == best.queue and not m.again]
			in_order: list[Waiting] = []
			for m in mine:
				at = next((i for i, o in enumerate(in_order) if self.goes_before(m, o)), len(in_order))
				in_order.insert(at, m)
			begins = best.queue in ripe and (best.person, best.method) not in self.began
			taken, bundle = self.taken(best, in_order, begins, now)
			if taken:
				go.append(([m.id for m in taken], bundle))
				self.count(best, bundle, now)
			else:
				held.append(best)
			gone = {m.id for m in taken} or {best.id}
			todo = [m for m in todo if m.id not in gone]
		return go, {
			m.id: self.first_instant(m, [h for h in held if h.queue == m.queue and not h.again], now)
			for m in held
		}

	def taken(
		self, best: Waiting, mine: list[Waiting], ripe: bool, now: datetime
	) -> tuple[list[Waiting], bool]:
		if best.method not in self.limits:
			return [best], False
		if not self.has_room(best, now):
			return [], False
		if best.again:
			return [best], False
		limit = self.limits[best.method]
		last_room = limit.at_once is not None and self.ringing(best, now) == limit.at_once - 1
		if ripe and (not self.within_limit(best, now) or (last_room and len(mine) > 1)):
			return mine, True
		return ([best], False) if self.within_limit(best, now) else ([], False)

	def goes_before(self, a: Waiting, b: Waiting) -> bool:
		if a.first != b.first:
			return a.first
		if a.rank != b.rank:
			return a.rank < b.rank
		if a.due != b.due:
			return a.due < b.due
		return a.asks if a.asks != b.asks else a.id < b.id

	def count(self, m: Waiting, bundle: bool, now: datetime) -> None:
		if not m.again:
			self.sent.append(Sent(person=m.person, method=m.method, at=now, bundle=bundle))
		if bundle:
			self.began.append((m.person, m.method))
		self.under_way.append(UnderWay(method=m.method, address=m.address, since=now))

	def ringing(self, m: Waiting, now: datetime) -> int:
		lasts = self.limits[m.method].lasts
		return sum(
			(u.method, u.address) == (m.method, m.address) and now - u.since < lasts for u in self.under_way
		)

	def has_room(self, m: Waiting, now: datetime) -> bool:
		at_once = self.limits[m.method].at_once
		return at_once is None or self.ringing(m, now) < at_once

	def within_limit(self, m: Waiting, now: datetime) -> bool:
		limit = self.limits[m.method]
		alone = [s for s in self.sent if not s.bundle and (s.person, s.method) == (m.person, m.method)]
		return sum(now - s.at < limit.within for s in alone) < limit.most

	def is_ripe(self, m: Waiting, among: Sequence[Waiting], now: datetime) -> bool:
		limit = self.limits[m.method]
		if any(
			s.bundle and (s.person, s.method) == (m.person, m.method) and now - s.at < limit.waits
			for s in self.sent
		):
			return False
		return any(
			now - o.since >= (limit.waits_if_said if o.said else limit.waits)
			for o in among
			if o.queue == m.queue and not o.again
		)

	def first_instant(self, m: Waiting, held: list[Waiting], now: datetime) -> datetime:
		"""The first at which something can go of what is held with it: some span after something that was."""
		limit = self.limits[m.method]
		spans = {limit.within, limit.waits, limit.waits_if_said, limit.lasts, timedelta(0)}
		starts = (
			[s.at for s in self.sent] + [u.since for u in self.under_way] + [h.since for h in held] + [now]
		)
		return next(
			at
			for at in sorted({start + span for start in starts for span in spans})
			if at >= now
			and self.has_room(m, at)
			and (m.again or self.within_limit(m, at) or self.is_ripe(replace(m), held, at))
		)
