"""A circuit: one that refuses everything for a while is passed over for a while, and tried again by one message.

Closed -> open (it has refused so many in a row, for so long) -> tried by one message -> closed, or open for longer.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto

FAILURES = 3  # in a row, and
FOR_A_WHILE = timedelta(seconds=30)  # from the first of them to the last: a moment's trouble is waited for
FORGOTTEN_AFTER = timedelta(minutes=10)  # a failure; one a day makes no row
PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(minutes=5)  # until it is tried; doubled each time
TRYING = timedelta(minutes=2)  # as long as an attempt may take: whoever tries may die


class Lets(Enum):
	"""What a circuit lets a message do."""

	GO = auto()
	TRY = auto()  # this one, and no other
	PASS = auto()  # it goes by another, or waits


@dataclass(frozen=True, slots=True)
class Circuit:
	"""Of one provider of one method, or of one endpoint. Instants in UTC."""

	failures: int = 0  # in a row
	since: datetime | None = None  # the first of them
	last: datetime | None = None
	opened: datetime | None = None  # None: it is closed
	next_try: datetime | None = None  # of an open one: from when on one message may try it
	tries: int = 0  # in vain, since it opened

	@property
	def is_open(self) -> bool:
		return self.opened is not None

	def lets(self, now: datetime) -> Lets:
		if not self.is_open:
			return Lets.GO
		return Lets.TRY if self.next_try is None or self.next_try <= now else Lets.PASS


CLOSED = Circuit()
"""As after every success."""


def being_tried(circuit: Circuit, now: datetime) -> Circuit:
	"""One message tries it: no other does until it is known what came of that, or the one who tries is given up."""
	return replace(circuit, next_try=now + TRYING)


def failed(circuit: Circuit, now: datetime, *, was_try: bool = False) -> Circuit:
	"""It has refused a message, or nobody knows whether it took it."""
	if circuit.is_open:
		return _still_open(circuit, now, was_try=was_try)
	if circuit.last is None or now - circuit.last > FORGOTTEN_AFTER:
		circuit = CLOSED
	since = min(circuit.since or now, now)
	found = replace(circuit, failures=circuit.failures + 1, since=since, last=now)
	if found.failures < FAILURES or now - since < FOR_A_WHILE:
		return found
	return replace(found, opened=now, next_try=now + PAUSE)


def _still_open(circuit: Circuit, now: datetime, *, was_try: bool) -> Circuit:
	"""What was on its way when it opened says nothing new; what tried it lets it wait for longer."""
	found = replace(circuit, failures=circuit.failures + 1, last=now)
	if not was_try:
		return found
	tries = circuit.tries + 1
	doubled = min(tries, 10)  # pragma: no mutate; it only keeps the number small
	pause = min(PAUSE * 2**doubled, LONGEST_PAUSE)
	return replace(found, tries=tries, next_try=now + pause)


def at_once(circuit: Circuit, now: datetime) -> Circuit:
	"""Somebody has set it up anew: the next message tries it."""
	return replace(circuit, next_try=now) if circuit.is_open else CLOSED
