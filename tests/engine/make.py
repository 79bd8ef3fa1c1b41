"""Plans, tickets and reaches for the engine's tests, in as few words as possible."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest

from escalation_mgmt.engine import (
	ActionItem,
	Actor,
	Context,
	MatchFacts,
	Plan,
	Reach,
	Recipient,
	Refusal,
	Refused,
	StartAt,
	Step,
	Target,
	TargetKind,
	Ticket,
	TicketFilter,
	Unreachable,
	open_item,
)

T0 = datetime(2026, 3, 2, 3, 0)


def minutes(n: float) -> timedelta:
	return timedelta(minutes=n)


def plan(*waits: float, name: str = "Outage", **more) -> Plan:
	"""A plan whose steps wait so many minutes."""
	steps = tuple(
		Step(number=n, wait=minutes(wait), method="Email", target=Target(TargetKind.USER, f"user{n}"))
		for n, wait in enumerate(waits or (0,), 1)
	)
	given = {
		"rank": 10,
		"takes": TicketFilter(doctype="HD Ticket"),
		"start": StartAt.AFTER_WINDOW,
		"window": minutes(15),
	}
	return Plan(name=name, steps=steps, **{**given, **more})


def ticket(priority: str = "High", level: int = 60, **more) -> Ticket:
	return Ticket(doctype="HD Ticket", name="1", facts=MatchFacts(priority=priority, level=level), **more)


def opened(of: Plan, of_ticket: Ticket | None = None, now: datetime = T0, **more) -> ActionItem:
	return open_item("ESC-1", of, of_ticket or ticket(), Context(now), **more).item


def actor(name: str, via: str = "", **more) -> Actor:
	return Actor(name=name, via=via, **more)


@contextmanager
def refused(by: Refusal) -> Iterator[None]:
	"""What is done here is refused, for that reason."""
	with pytest.raises(Refused) as caught:
		yield
	assert caught.value.refusal is by and str(caught.value) == by


def everybody(step: Step) -> Reach:
	return Reach(
		(Recipient(method=step.method, address=f"{step.target.value}@x.test", label=step.target.value),)
	)


def nobody(step: Step) -> Reach:
	return Reach((), (Unreachable(method=step.method, label=step.target.value, reason="no address"),))


def always(_plan: Plan) -> bool:
	return True
