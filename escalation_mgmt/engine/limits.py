"""Limits: how many messages one person gets by one method, what waits, and what is bundled (design section 7).

A message within its limit goes at once and alone. One above it waits. As soon as one has waited as long as it may, all that
wait for that person at that address go as one message, a bundle, which no limit stops and which counts towards none. Between
two bundles for one person lies at least the time that a message may wait, whichever of their addresses they go to. So nobody
gets more than the limit and one bundle a minute.

One thing stops a bundle, too: a number that is being called isn't called a second time.

What may have arrived and goes once more is what it was, alone or a bundle: it has its place already.
"""

import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

NAMED = 5
"""How many items a bundle's text names; of the rest it says how many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
	"""What one person gets by one method. Raises ValueError where it would let nothing through or nothing wait."""

	most: int  # messages that go alone, within any such span:
	within: timedelta = timedelta(minutes=15)
	waits: timedelta = timedelta(seconds=60)  # what is above it, at most; and between two bundles, at least
	waits_if_said: timedelta = timedelta(seconds=60)  # where a push or an SMS says it at once
	at_once: int | None = None  # messages under way to one address; None: any number
	lasts: timedelta = timedelta(minutes=2)  # for how long one is under way unless it is known to be over

	def __post_init__(self) -> None:
		if self.most < 1:
			raise ValueError("a limit below one message")
		if self.at_once is not None and self.at_once < 1:
			raise ValueError("less than one message at once")
		if min(self.within, self.waits, self.waits_if_said, self.lasts) <= timedelta(0):
			raise ValueError("a duration that isn't positive")


FOR_SMS = Limit(most=6)
FOR_CALLS = Limit(most=3, waits_if_said=timedelta(minutes=5), at_once=1)
FOR_PUSHES = Limit(most=30)
"""What a site that has set nothing has; HTTP POST and email have no limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
	"""A message that is due."""

	id: str
	item: str  # the action item that it is about
	person: str  # whose limit it counts towards: a user, or the label of a bare address
	method: str
	address: str
	rank: int  # of the ticket's priority; the less, the more urgent
	due: datetime  # when its step was due
	since: datetime  # from when on it has waited to be sent
	first: bool = False  # whether it is the first message of a new item
	asks: bool = True  # a page; a notice only tells
	said: bool = False  # whether a push or an SMS says it at once
	again: bool = False  # an attempt may have arrived: it goes once more as it was, in the place that it has

	@property
	def queue(self) -> tuple[str, str, str]:
		"""What can go as one message has this in common."""
		return self.person, self.method, self.address


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
	"""A message that was handed to a provider; a bundle is one."""

	person: str
	method: str
	at: datetime
	bundle: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderWay:
	"""A message that isn't known to be over, such as a call that rings. It is among what was sent as well."""

	method: str
	address: str
	since: datetime


@dataclass(frozen=True, slots=True)
class Outgoing:
	"""What goes now as one message, the most urgent first. A bundle of one reads like any message, and counts as a bundle."""

	messages: tuple[Waiting, ...]
	bundle: bool = False

	@property
	def items(self) -> tuple[str, ...]:
		"""The action items that it is about: its text names the first `NAMED` of them, its link and code stand for all."""
		return tuple(dict.fromkeys(message.item for message in self.messages))


@dataclass(frozen=True, slots=True)
class Held:
	"""A message that waits: nothing changes for it before `until`, unless one under way is over sooner."""

	message: Waiting
	until: datetime


@dataclass(frozen=True, slots=True)
class Allotment:
	"""Each message that waits, once: in what goes now or in what is held, the most urgent first."""

	go: tuple[Outgoing, ...] = ()
	held: tuple[Held, ...] = ()


def allot(
	waiting: Iterable[Waiting],
	sent: Iterable[Sent],
	under_way: Iterable[UnderWay],
	limits: Mapping[str, Limit],
	now: datetime,
) -> Allotment:
	"""Say what goes now, in which order and bundled how, and what waits until when.

	`limits` is by method; a method without one has none. `sent` has to reach back as far as the longest of them, and
	as `waits` for bundles.
	"""
	ordered = sorted(waiting, key=urgency)
	queues = _queues(ordered, sent, under_way, limits, now)
	go: list[tuple[list[Waiting], bool]] = []
	held: list[Waiting] = []
	for message in ordered:
		queue = queues.get(message.queue)
		if queue is None:
			go.append(([message], False))
		elif message.again:
			if queue.takes_again(now):
				go.append(([message], False))
			else:
				held.append(message)
		elif queue.bundle:
			queue.bundle.append(message)
		elif queue.takes_alone(now):
			go.append(([message], False))
		elif queue.takes_bundled(message, now):
			go.append((queue.bundle, True))
		else:
			queue.held.append(message)
			held.append(message)
	until = {key: queue.next_at(now) for key, queue in queues.items() if queue.held}
	no_room_until = {
		message.queue: queues[message.queue].room.free_at(now)  # pragma: no mutate; none is free now
		for message in held
		if message.again
	}
	return Allotment(
		tuple(Outgoing(tuple(messages), bundle) for messages, bundle in go),
		tuple(
			Held(message, no_room_until[message.queue] if message.again else until[message.queue])
			for message in held
		),
	)


def urgency(message: Waiting) -> tuple[bool, int, datetime, bool, str]:
	"""The less, the sooner: first messages of new items before later ones of old items, then by priority, then the longest
	due. Of two that are alike the one that asks for something goes first."""
	return not message.first, message.rank, message.due, not message.asks, message.id


@dataclass(slots=True)
class _Places:
	"""So many places, each taken for a while from an instant on."""

	most: int
	lasts: timedelta
	taken: list[datetime]

	def free(self) -> int:
		return self.most - len(self.taken)

	def free_at(self, now: datetime) -> datetime:
		"""When the next is free, if nothing else takes one."""
		return now if self.free() > 0 else sorted(self.taken)[-self.most] + self.lasts


@dataclass(slots=True)
class _Queue:
	"""What waits for one person by one method at one address."""

	limit: Limit
	alone: _Places  # the person's, at whichever address
	room: _Places  # the address's, whoever is reached there
	bundles: list[datetime]  # when the person had one, at whichever address
	over: datetime  # when one of those that wait may wait no longer
	left: int  # for how many no place was looked for yet
	held: list[Waiting] = field(default_factory=list)
	bundle: list[Waiting] = field(default_factory=list)

	def ripe_at(self, over: datetime) -> datetime:
		"""When what may wait until `over` goes as a bundle: not too soon after the last."""
		return max([over, *(bundle + self.limit.waits for bundle in self.bundles)])

	def takes_alone(self, now: datetime) -> bool:
		"""Whether the next goes alone. It leaves the last room to a bundle, where one is ripe and others are left."""
		self.left -= 1
		for_bundle = self.left > 0 and self.room.free() == 1 and self.ripe_at(self.over) <= now
		if for_bundle or self.room.free() < 1 or self.alone.free() < 1:
			return False
		self.alone.taken.append(now)
		self.room.taken.append(now)
		return True

	def takes_again(self, now: datetime) -> bool:
		"""Whether what has its place already goes once more."""
		if self.room.free() < 1:
			return False
		self.room.taken.append(now)
		return True

	def takes_bundled(self, message: Waiting, now: datetime) -> bool:
		"""Whether a bundle begins with this one."""
		if self.ripe_at(self.over) > now or self.room.free() < 1:
			return False
		self.bundle.append(message)
		self.room.taken.append(now)
		self.bundles.append(now)
		return True

	def next_at(self, now: datetime) -> datetime:
		"""When one of those that are held can go."""
		return max(
			self.room.free_at(now), min(self.alone.free_at(now), self.ripe_at(_over(self.limit, self.held)))
		)


def _over(limit: Limit, messages: Iterable[Waiting]) -> datetime:
	"""When one of these may wait no longer."""
	return min(each.since + (limit.waits_if_said if each.said else limit.waits) for each in messages)


def _queues(
	messages: Iterable[Waiting],
	sent: Iterable[Sent],
	under_way: Iterable[UnderWay],
	limits: Mapping[str, Limit],
	now: datetime,
) -> dict[tuple[str, str, str], _Queue]:
	"""What waits by methods that have a limit, with what is taken of each limit now."""
	went: dict[tuple[str, str], list[datetime]] = defaultdict(list)
	bundles: dict[tuple[str, str], list[datetime]] = defaultdict(list)
	for each in sent:
		(bundles if each.bundle else went)[each.person, each.method].append(each.at)
	busy: dict[tuple[str, str], list[datetime]] = defaultdict(list)
	for call in under_way:
		busy[call.method, call.address].append(call.since)

	of_queue: dict[tuple[str, str, str], list[Waiting]] = defaultdict(list)
	for message in messages:
		if message.method in limits:
			of_queue[message.queue].append(message)
	alone: dict[tuple[str, str], _Places] = {}
	room: dict[tuple[str, str], _Places] = {}
	queues = {}
	for (person, method, address), waiting in of_queue.items():
		limit = limits[method]
		at_once = limit.at_once or sys.maxsize
		new = [message for message in waiting if not message.again]
		queues[person, method, address] = _Queue(
			limit,
			alone.setdefault((person, method), _places(limit.most, limit.within, went[person, method], now)),
			room.setdefault((method, address), _places(at_once, limit.lasts, busy[method, address], now)),
			bundles[person, method],
			_over(limit, new) if new else now,
			len(new),
		)
	return queues


def _places(most: int, lasts: timedelta, taken: Iterable[datetime], now: datetime) -> _Places:
	return _Places(most, lasts, [at for at in taken if at + lasts > now])
