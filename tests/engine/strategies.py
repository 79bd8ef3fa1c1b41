"""Hypothesis strategies: plans as administrators write them, and stranger."""

from dataclasses import replace
from datetime import date, datetime, timedelta

from hypothesis import strategies as st

from escalation_mgmt.engine import (
	ALWAYS,
	EVERYONE,
	AfterMaintenance,
	Calendar,
	CalendarKind,
	Clock,
	Hours,
	InHours,
	Maintenance,
	OnFailure,
	OnlyIf,
	Plan,
	StartAt,
	Step,
	StopRules,
	Target,
	TargetKind,
	TicketFilter,
)

waits = st.sampled_from([0, 0, 1, 60, 90.5, 300, 3600]).map(lambda s: timedelta(seconds=s))


@st.composite
def plans(draw: st.DrawFn) -> Plan:
	targets = st.builds(Target, st.sampled_from(TargetKind), st.sampled_from(["", "a", "b"]))
	methods = st.sampled_from(["Email", "SMS", "HTTP POST"] * 4 + ["Assign the Ticket", "Internal Comment"])
	only_if = st.sampled_from(
		[ALWAYS] * 6 + [OnlyIf(hours=hours) for hours in InHours] + [OnlyIf(condition="x")]
	)
	count = draw(st.integers(1, 6))
	steps = tuple(
		Step(
			number=n,
			wait=draw(waits),
			method=draw(methods),
			target=draw(targets),
			in_working_time=draw(st.booleans()),
			needs=draw(st.sampled_from([1, 1, 1, 2, EVERYONE])),
			second=draw(st.none() | st.none() | targets),
			only_if=draw(only_if),
		)
		for n in range(1, count + 1)
	)
	return Plan(
		name=draw(st.sampled_from(["A", "B", "C"])),
		rank=draw(st.integers(0, 3)),
		takes=TicketFilter(
			doctype="HD Ticket", priorities=draw(st.frozensets(st.sampled_from(["High", "Low", "Urgent"])))
		),
		clock=draw(st.sampled_from([Clock.FIRST_RESPONSE, *Clock])),
		start=draw(st.sampled_from(StartAt)),
		lead=draw(waits),
		percent=draw(st.sampled_from([1, 50, 99])),
		window=draw(waits),
		steps=steps,
		repeats=draw(st.integers(0, 2)),
		repeat_pause=draw(waits),
		last_wait=draw(waits),
		after_maintenance=draw(st.sampled_from(AfterMaintenance)),
		on_failure=draw(st.sampled_from(OnFailure)),
		ack_timeout=draw(waits),
		ack_grace=draw(waits),
		stop=StopRules(on_reply=draw(st.booleans()), on_paused_status=draw(st.booleans())),
		owner="owner@x.test",
		calendar=draw(st.sampled_from(CalendarKind)),
		calendar_name=draw(st.sampled_from(["", "Office"])),
		counts_working_time=draw(st.booleans()),
	)


def plainly(plan: Plan) -> Plan:
	"""The plan with steps that each run, and that all reach people."""
	steps = (
		replace(step, only_if=ALWAYS, second=None, method="Email" if step.act else step.method)
		for step in plan.steps
	)
	return replace(plan, steps=tuple(steps))


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
	times = st.integers(0, 95).map(lambda n: timedelta(minutes=15 * n))
	hours = st.builds(Hours, st.integers(0, 6), times, times)
	return Calendar(
		zone=draw(st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])),
		week=tuple(draw(st.lists(hours, min_size=1, max_size=6))),
		holidays=draw(st.frozensets(st.dates(date(2026, 3, 1), date(2026, 4, 30)), max_size=9)),
	)


@st.composite
def maintenances(draw: st.DrawFn, earliest: datetime, latest: datetime) -> tuple[Maintenance, ...]:
	"""Some, that may overlap or follow at once."""
	starts = draw(st.lists(st.datetimes(earliest, latest), max_size=3))
	lengths = st.sampled_from([60, 600, 86400]).map(lambda s: timedelta(seconds=s))
	return tuple(
		Maintenance(name=f"M{n}", start=start, end=start + draw(lengths)) for n, start in enumerate(starts)
	)
