"""Plans, tickets and reaches for the engine's tests, in as few words as possible."""

from datetime import datetime, timedelta

from escalation_mgmt.engine import (
	ActionItem,
	MatchFacts,
	Plan,
	Reach,
	Recipient,
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
	return open_item("ESC-1", of, of_ticket or ticket(), now, **more).item


def everybody(step: Step) -> Reach:
	return Reach(
		(Recipient(method=step.method, address=f"{step.target.value}@x.test", label=step.target.value),)
	)


def nobody(step: Step) -> Reach:
	return Reach((), (Unreachable(method=step.method, label=step.target.value, reason="no address"),))


def always(_plan: Plan) -> bool:
	return True
