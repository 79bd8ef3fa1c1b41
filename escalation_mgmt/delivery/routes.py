"""By which provider a message goes: the first, in the administrator's order, that may have it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from escalation_mgmt.notifiers.base import Notifier, Provider


@dataclass(frozen=True, slots=True)
class Route:
	"""The way that one attempt takes."""

	provider: Provider
	named: bool  # history names it: the method has several
	elsewhere: (
		bool  # another one, later in the order, may have the message at once if this one can't take it now
	)


class Routed(Protocol):
	"""What is asked, and found out, of an attempt: see `Attempt`."""

	attempts: int
	possible_duplicate: int
	provider: str | None
	earlier_provider: str | None
	not_by: str | None
	asked_of: str
	by: Route | None


def choose(attempts: Iterable[Routed], notifier: Notifier) -> None:
	"""Give each attempt its provider, and remember which one may have the message already."""
	ready = [provider for provider in notifier.providers if provider.is_ready]
	for attempt in attempts:
		attempt.asked_of = attempt.provider or ""
		if attempt.possible_duplicate:
			attempt.earlier_provider = attempt.earlier_provider or attempt.provider
		attempt.by = _route(attempt, ready, named=len(notifier.providers) > 1)
		if attempt.by:
			attempt.provider = attempt.by.provider.name or None


def _route(attempt: Routed, ready: Sequence[Provider], *, named: bool) -> Route | None:
	excluded = (attempt.not_by or "").splitlines()
	wanted = [provider for provider in _in_turn(attempt, ready) if provider.name not in excluded]
	if not wanted:
		return None
	first = wanted[0]
	later = ready[ready.index(first) + 1 :]
	return Route(first, named, elsewhere=any(provider in wanted for provider in later))


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


def asked(attempt: Routed, notifier: Notifier) -> Provider | None:
	"""The provider that a message may have gone by already; None: nobody knows it any more."""
	known = {provider.name: provider for provider in notifier.providers}
	return known.get(attempt.asked_of) or (notifier.providers[0] if not attempt.asked_of else None)
