"""Our working time is Helpdesk's: deadlines, paused time and first responses under any agreement with any holidays."""

from datetime import date, datetime, timedelta
from typing import Any

import frappe
from frappe.utils import get_datetime
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from escalation_mgmt.engine import CalendarKind, Clock, StartAt, WorkingTime, window_end
from escalation_mgmt.facts import calendars, tickets
from escalation_mgmt.utils import clock
from tests.engine.make import plan
from tests.world import World

# No clock of any zone changes in these weeks: Helpdesk counts hours of the wall, we count hours that pass.
FIRST, LAST = date(2026, 6, 1), date(2026, 8, 30)
HOUR = 3600

hours = st.tuples(st.integers(0, 94), st.integers(1, 95)).filter(lambda pair: pair[0] < pair[1])
weeks = st.dictionaries(st.sampled_from(calendars.WEEKDAYS), hours, min_size=1)
holidays = st.sets(st.dates(FIRST, LAST), max_size=10)
begins = st.datetimes(datetime(2026, 6, 1), datetime(2026, 6, 20)).map(lambda at: at.replace(microsecond=0))
seconds = st.integers(1, 40 * HOUR)


def wall(quarters: int) -> str:
	return f"{quarters // 4:02}:{quarters % 4 * 15:02}:00"


def agreement(week: dict[str, tuple[int, int]], free: set[date], response: int, resolution: int) -> Any:
	"""As somebody would save it; only its list of holidays has to be."""
	name = "Any Holidays"
	if frappe.db.exists("HD Service Holiday List", name):
		listed = frappe.get_doc("HD Service Holiday List", name)
	else:
		listed = frappe.new_doc("HD Service Holiday List")
		listed.update({"holiday_list_name": name, "from_date": FIRST, "to_date": LAST})
	listed.set("holidays", [{"holiday_date": day, "description": "Free"} for day in sorted(free)])
	listed.save()
	found = frappe.new_doc("HD Service Level Agreement")
	found.update(
		{
			"service_level": "Any",
			"holiday_list": listed.name,
			"apply_sla_for_resolution": 1,
			"priorities": [
				{
					"priority": priority,
					"response_time": response,
					"resolution_time": resolution,
					"default_priority": int(priority == "High"),
				}
				for priority in frappe.get_all("HD Ticket Priority", pluck="name", order_by="name")
			],
			"support_and_resolution": [
				{"workday": day, "start_time": wall(start), "end_time": wall(end)}
				for day, (start, end) in week.items()
			],
		}
	)
	found.name = "Any"
	for row in found.support_and_resolution:  # as they are read from the database
		row.start_time, row.end_time = (
			frappe.utils.to_timedelta(str(at)) for at in (row.start_time, row.end_time)
		)
	return found


def under(of: Any, begun: datetime, held: float = 0) -> Any:
	ticket = frappe.new_doc("HD Ticket")
	ticket.update(
		{"subject": "x", "priority": "High", "raised_by": "customer@x.test", "total_hold_time": held}
	)
	ticket.creation = ticket.service_level_agreement_creation = begun
	of.apply(ticket)
	return ticket


def elapsed(of: Any, since: datetime, until: datetime) -> timedelta:
	"""What Helpdesk counts, be it the real one or the stand-in."""
	count = getattr(of, "calc_elapsed_time", None) or of.working_seconds
	return timedelta(seconds=count(since, until))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(weeks, holidays, begins, st.tuples(seconds, seconds, st.integers(0, 20 * HOUR)), st.integers(1, 99))
def test_deadlines_are_what_helpdesk_computes(
	world: World,
	week: dict[str, tuple[int, int]],
	free: set[date],
	begun: datetime,
	lasts: tuple[int, int, int],
	percent: int,
) -> None:
	response, resolution, held = lasts
	of = agreement(week, free, response, resolution)
	ticket = under(of, begun, held)
	calendar, facts = calendars.of_doc(of), tickets.of_doc(ticket)
	start = clock.to_utc(begun)
	assert facts.created_at == start and facts.held == timedelta(seconds=held)
	assert facts.response_by == calendar.add(start, timedelta(seconds=response))
	assert facts.resolution_by == calendar.add(start, timedelta(seconds=resolution + held))
	by_agreement = {
		"calendar": CalendarKind.AGREEMENT,
		"counts_working_time": True,
		"clock": Clock.RESOLUTION,
	}
	due = window_end(
		plan(start=StartAt.AT_PERCENT, percent=percent, **by_agreement), facts, start, WorkingTime(calendar)
	)
	# Where a pause ends with the day, the next begins with the following morning: no working time lies between.
	wanted = timedelta(seconds=resolution) * percent / 100 + timedelta(seconds=held)
	assert calendar.between(start, due) == wanted
	before = window_end(
		plan(start=StartAt.BEFORE_DEADLINE, lead=timedelta(seconds=60), **by_agreement),
		facts,
		start,
		WorkingTime(calendar),
	)
	assert calendar.between(before, facts.resolution_by) == timedelta(seconds=min(60, resolution))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(weeks, holidays, begins, st.integers(0, 30 * 24 * HOUR))
def test_paused_time_and_first_responses_are_what_helpdesk_counts(
	world: World, week: dict[str, tuple[int, int]], free: set[date], since: datetime, lasted: int
) -> None:
	of, until = agreement(week, free, HOUR, HOUR), since + timedelta(seconds=lasted)
	ours = calendars.of_doc(of).between(clock.to_utc(since), clock.to_utc(until))
	assert ours == elapsed(of, since, until)


def test_a_ticket_that_waits_two_hours_is_due_by_so_much_later(world: World) -> None:
	"""Saved as people do it: Helpdesk notes the pause itself, in the working time of the ticket's agreement."""
	ticket = world.ticket()
	if not ticket.resolution_by:
		return
	before, hour = get_datetime(ticket.resolution_by), timedelta(hours=1)
	world.change(ticket, status="Replied")
	frappe.db.set_value(
		"HD Ticket", ticket.name, "on_hold_since", get_datetime(ticket.on_hold_since) - 2 * hour
	)
	frappe.db.commit()
	world.change(ticket, status="Open")
	facts = tickets.Tickets([tickets.of_doc(ticket).key])[tickets.of_doc(ticket).key]
	of = frappe.get_doc("HD Service Level Agreement", ticket.sla)
	calendar = calendars.of_doc(of)
	assert facts.resolution_by == calendar.add(clock.to_utc(before), facts.held)
