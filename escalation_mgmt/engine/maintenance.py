"""Maintenance: for a time nothing is run that falls due for the tickets that it covers."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
	"""A pause from `start` on and before `end` (UTC) that covers a ticket."""

	name: str
	start: datetime
	end: datetime
	reason: str = ""


def running(maintenances: Iterable[Maintenance], now: datetime) -> Maintenance | None:
	"""The one that runs now; of several the one that ends last."""
	there = [each for each in maintenances if each.start <= now < each.end]
	return max(there, key=lambda each: (each.end, each.name), default=None)
