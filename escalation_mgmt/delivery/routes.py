"""By which provider a message goes: the first, in the administrator's order, that may have it now (design section 7).

One whose circuit is open is passed over, but for the one message that tries it again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from frappe import _

from escalation_mgmt.engine.circuit import Lets
from escalation_mgmt.notifiers.base import Notifier, Provider
from escalation_mgmt.storage.circuits import Circuits, Of
from escalation_mgmt.utils import clock


@dataclass(frozen=True, slots=True)
class Route:
	"""The way that one attempt takes."""

	provider: Provider
	circuit: Of
	named: bool  # history names it: the method has several
	elsewhere: bool  # another one may have the message at once, if this one can't take it now
	tries: bool  # it tries a circuit that is open
	troubled: bool  # a success of it is worth writing down
	ask: Provider | None  # may have the message already, and can be asked now


class Routed(Protocol):
	"""What is asked, and found out, of an attempt: see `Attempt`."""

	attempts: int
	possible_duplicate: int
	endpoint: str | None
	provider: str | None
	earlier_provider: str | None
	not_by: str | None
	asked_of: str
	by: Route | None
	passed_over: str


def circuit_of(notifier: Notifier, provider: Provider, endpoint: str | None) -> Of:
	"""Each endpoint has one of its own."""
	return Of(notifier.method, (endpoint or "") if notifier.to_endpoints else provider.name)


class Routes:
	"""For the messages of one set."""

	def __init__(self, notifier: Notifier, circuits: Circuits, now: datetime) -> None:
		self._notifier, self._circuits, self._now = notifier, circuits, now
		self._ready = [provider for provider in notifier.providers if provider.is_ready]
		self._usual: dict[
			str | None, Route
		] = {}  # by endpoint: of messages of which nothing else is to be looked at

	def choose(self, attempts: Iterable[Routed]) -> None:
		"""Give each attempt its provider, and remember which one may have the message already. Whoever gets none is passed over,
		and says why.
		"""
		for attempt in attempts:
			attempt.asked_of = attempt.provider or ""
			if attempt.possible_duplicate:
				attempt.earlier_provider = attempt.earlier_provider or attempt.provider
			attempt.by = self._usual_route(attempt) or self._route(attempt)
			if attempt.by:
				attempt.provider = attempt.by.provider.name or None

	def _usual_route(self, attempt: Routed) -> Route | None:
		"""Of a first attempt, which goes by what another one went by; a set has hundreds of them."""
		if attempt.attempts > 1 or attempt.not_by:
			return None
		endpoint = attempt.endpoint if self._notifier.to_endpoints else None
		if endpoint not in self._usual and (route := self._route(attempt)):
			if route.tries:  # by this one alone
				return route
			self._usual[endpoint] = route
		return self._usual.get(endpoint)

	def _route(self, attempt: Routed) -> Route | None:
		excluded = (attempt.not_by or "").splitlines()
		wanted = [each for each in _in_turn(attempt, self._ready) if each.name not in excluded]
		circuits = {each: circuit_of(self._notifier, each, attempt.endpoint) for each in wanted}
		for provider, of in circuits.items():
			lets = self._circuits.lets(of, self._now)
			tries = lets is Lets.TRY and self._circuits.take_try(of, self._now)
			if lets is Lets.GO or tries:
				return Route(
					provider,
					of,
					named=len(self._notifier.providers) > 1,
					elsewhere=self._is_elsewhere(provider, circuits),
					tries=tries,
					troubled=self._circuits.is_troubled(of),
					ask=self._to_ask(attempt, provider) if attempt.possible_duplicate else None,
				)
		attempt.passed_over = self._why(list(circuits.values()))
		return None

	def _to_ask(self, attempt: Routed, chosen: Provider) -> Provider | None:
		"""Who may have it already, and answers: where that one stands still the message doesn't wait for it."""
		known = {provider.name: provider for provider in self._notifier.providers}
		found = known.get(attempt.asked_of)
		if not found and not attempt.asked_of:
			found = self._notifier.providers[0]
		if not found or found is chosen:
			return found
		of = circuit_of(self._notifier, found, attempt.endpoint)
		return found if self._circuits.lets(of, self._now) is Lets.GO else None

	def _is_elsewhere(self, provider: Provider, circuits: dict[Provider, Of]) -> bool:
		"""Whether one that comes later in the order is sound: each round of tries goes through the order once."""
		later = self._ready[self._ready.index(provider) + 1 :]
		return any(
			each in circuits and self._circuits.lets(circuits[each], self._now) is Lets.GO for each in later
		)

	def _why(self, open_ones: Sequence[Of]) -> str:
		"""Why it is passed over by all; empty: nothing is set up."""
		return " ".join(passed_over(self._circuits, of) for of in open_ones)


def passed_over(circuits: Circuits, of: Of) -> str:
	"""Which circuit is open, since when and why, as a sentence."""
	circuit = circuits.circuit(of)
	name = of.provider or _(of.method)
	since = clock.shown(circuit.since) if circuit.since else ""
	return (
		_("{0} is passed over: it has taken nothing since {1}. {2}")
		.format(name, since, circuits.why(of))
		.strip()
	)


def _in_turn(attempt: Routed, ready: Sequence[Provider]) -> list[Provider]:
	"""Of a message that may have arrived, the one that can be asked about it is first; of one that was refused for the moment,
	the one after that which refused it.
	"""
	names = [provider.name for provider in ready]
	if attempt.attempts < 2 or attempt.asked_of not in names:
		return [*ready]
	at = names.index(attempt.asked_of)
	if not attempt.possible_duplicate:
		at += 1
	return [*ready[at:], *ready[:at]]
