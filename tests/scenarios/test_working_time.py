"""Scenario 7: working time, by a calendar of ours and by Helpdesk's agreements."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import frappe
import pytest

from escalation_mgmt.engine import TicketKey
from escalation_mgmt.facts import calendars, tickets
from escalation_mgmt.utils import clock
from tests.scenarios.test_plan_form import refused, warnings
from tests.world import World

MON, TUE, FRI = 0, 1, 4
BERLIN = "Europe/Berlin"
LEAD = ("Email", "User", "lead@x.test")
OFFICE = {"calendar": "Escalation Calendar", "escalation_calendar": "Office"}
AGREEMENT = "HD Service Level Agreement"


def at(world: World, weekday: int, time: str, zone: str = BERLIN) -> datetime:
	"""The next instant at which it is that time there; the world's clock stays."""
	now = world.now
	world.wait_for(weekday, time, zone)
	then, world.now = world.now, now
	return then


def date_there(instant: datetime) -> str:
	return str((instant + timedelta(hours=2)).date())  # Berlin is one or two hours ahead, and it is day there


def test_7_from_friday_evening_to_monday_morning(world: World) -> None:
	world.calendar("9:00-18:00")
	world.plan((0, "Email"), (30, *LEAD), start="At Once", **OFFICE)
	world.wait_for(FRI, "17:50", BERLIN)
	ticket = world.ticket()
	world.tick()
	world.expect_email("tech@x.test")
	monday = at(world, MON, "9:20")
	assert world.item(ticket).due_utc == monday
	world.forward(30)
	world.now = monday - timedelta(seconds=1)
	world.tick()
	world.inbox.assert_empty()
	world.now = monday
	world.tick()
	world.expect_email("lead@x.test")


def test_7_the_window_counts_in_working_time_too(world: World) -> None:
	world.calendar("9:00-18:00")
	world.plan((0, "Email"), window=30 * 60, **OFFICE)
	world.wait_for(FRI, "17:50", BERLIN)
	ticket = world.ticket()
	assert world.item(ticket).due_utc == at(world, MON, "9:20")
	world.now = at(world, MON, "9:20")
	world.tick()
	world.expect_email("tech@x.test")


def test_7_a_holiday_in_between_moves_it_on_even_one_that_is_added_while_it_runs(world: World) -> None:
	calendar = world.calendar("9:00-18:00")
	world.plan((0, "Email"), (30, *LEAD), start="At Once", **OFFICE)
	world.wait_for(FRI, "17:40", BERLIN)
	ticket = world.ticket()
	calendar.append("holidays", {"holiday_date": date_there(at(world, MON, "12:00"))})
	calendar.save()
	world.forward(10)
	world.expect_email("tech@x.test")
	tuesday = at(world, TUE, "9:20")
	assert world.item(ticket).due_utc == tuesday
	world.now = tuesday
	world.tick()
	world.expect_email("lead@x.test")


def test_7_a_step_is_held_until_working_time_and_one_at_any_hour_is_not(world: World) -> None:
	world.calendar("9:00-18:00")
	plan = world.plan((0, "Email"), (20, *LEAD), start="At Once", count_working_time=0, **OFFICE)
	plan.steps[1].in_working_time = 1
	plan.save()
	world.wait_for(FRI, "23:00", BERLIN)
	ticket = world.ticket()
	world.tick()
	world.expect_email("tech@x.test")
	world.forward(20)
	item, monday = world.item(ticket), at(world, MON, "9:00")
	assert item.due_utc == monday and item.status == "Escalating"
	assert "Step 2 may go out only in working time: held until" in world.lines(item)
	world.now = monday - timedelta(seconds=1)
	world.tick()
	world.inbox.assert_empty()
	world.forward(seconds=1)
	world.expect_email("lead@x.test")
	assert world.report(ticket=ticket.name)[1]["lateness"] == 0


@pytest.mark.parametrize("gone", ["deleted", "emptied"])
def test_7_without_its_calendar_it_goes_out_at_any_hour_and_says_why(world: World, gone: str) -> None:
	calendar = world.calendar("9:00-18:00")
	plan = world.plan((0, *LEAD), (60, "Email"), start="At Once", **OFFICE)
	plan.steps[0].in_working_time = 1
	plan.save()
	world.wait_for(FRI, "23:00", BERLIN)
	ticket = world.ticket()
	if gone == "deleted":
		plan.update({"calendar": "Around the Clock", "escalation_calendar": None})
		plan.save()
		calendar.delete()
	else:
		frappe.db.delete("Escalation Calendar Hours")
	world.tick()
	world.expect_email("lead@x.test")
	said = "There is no Escalation Calendar Office" if gone == "deleted" else "has no working hours"
	item = world.item(ticket)
	assert said in world.lines(item)
	assert item.due_utc == world.now + timedelta(hours=1)


# --- Helpdesk's agreements


@contextmanager
def agreement(world: World, **more: Any) -> Iterator[Any]:
	"""The site's default agreement, with hours from 8 to 12, changed for as long as this lasts."""
	name = frappe.db.get_value(AGREEMENT, {"default_sla": 1})
	doc = frappe.get_doc(AGREEMENT, name)
	before = doc.as_dict()
	doc.support_and_resolution = []
	for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"):
		doc.append(
			"support_and_resolution", {"workday": day, "start_time": "8:00:00", "end_time": "12:00:00"}
		)
	doc.save()
	frappe.db.commit()
	try:
		yield doc
	finally:
		frappe.db.rollback()
		doc.reload()
		doc.support_and_resolution = []
		for row in before.support_and_resolution:
			doc.append(
				"support_and_resolution",
				{"workday": row.workday, "start_time": row.start_time, "end_time": row.end_time},
			)
		doc.save()
		frappe.db.commit()


@contextmanager
def holiday(of: Any, date: str) -> Iterator[None]:
	row = frappe.get_doc(
		{
			"doctype": "HD Holiday",
			"parent": of.holiday_list,
			"parenttype": "HD Service Holiday List",
			"parentfield": "holidays",
			"holiday_date": date,
			"description": "x",
		}
	)
	row.db_insert()
	frappe.db.commit()
	try:
		yield
	finally:
		frappe.db.delete("HD Holiday", {"name": row.name})
		frappe.db.commit()


@pytest.mark.parametrize("whose", ["named", "the ticket's own"])
def test_7_by_an_agreement_with_its_holidays_in_the_sites_time_zone(world: World, whose: str) -> None:
	with agreement(world) as doc:
		chosen = doc.name if whose == "named" else ""
		world.plan(
			(0, "Email"), (30, *LEAD), start="At Once", calendar="Service Level Agreement", agreement=chosen
		)
		world.wait_for(FRI, "11:50", clock.zone())
		monday, tuesday = (at(world, day, "8:20", clock.zone()) for day in (MON, TUE))
		for due, free in ((monday, None), (tuesday, monday)):
			with holiday(doc, str(clock.to_site(free or tuesday).date())):
				ticket = world.ticket()
				key = TicketKey("HD Ticket", str(ticket.name))
				assert tickets.Tickets([key])[key].agreement
				world.tick()
				world.expect_email("tech@x.test")
				assert world.item(ticket).due_utc == due


# --- what an administrator is told


def test_7_a_calendar_without_working_time_is_refused(world: World) -> None:
	def says(**more: Any) -> str:
		with pytest.raises(frappe.ValidationError) as error:
			world.calendar("9:00-18:00", title="None", **more)
		frappe.db.rollback()
		frappe.clear_messages()
		return str(error.value)

	year = tuple(str(datetime(2030, 1, 1).date() + timedelta(days=n)) for n in range(400))
	assert "None leaves no working time after" in says(holidays=year)
	assert "unknown time zone: Mars/Olympus" in says(time_zone="Mars/Olympus")
	assert says(hours=[])
	night = world.calendar("22:00-6:00", title="Night", time_zone="")
	assert night.time_zone == clock.zone()


def test_7_midnight_is_a_time_like_any_other(world: World) -> None:
	always = world.calendar("0:00-0:00", title="Whole Days")
	always.reload()
	always.save()
	of = calendars.read("Escalation Calendar", "Whole Days")
	friday = at(world, FRI, "0:00")
	assert of.between(friday, friday + timedelta(days=1)) == timedelta(days=1)


def test_7_a_plan_with_a_calendar_that_cannot_be_used_is_refused(world: World) -> None:
	world.calendar("9:00-18:00")
	frappe.db.delete("Escalation Calendar Hours")
	assert "Escalation Calendar Office has no working hours" in refused(world, (0, "Email"), **OFFICE)
	assert "Choose an Escalation Calendar" in refused(world, (0, "Email"), calendar="Escalation Calendar")
	by_agreement = {"calendar": "Service Level Agreement"}
	nosuch = refused(world, (0, "Email"), agreement="Nosuch", **by_agreement)
	assert f"There is no {AGREEMENT} Nosuch" in nosuch
	with agreement(world) as doc:
		frappe.db.delete("HD Service Day", {"parent": doc.name})
		for chosen in (doc.name, ""):
			said = refused(world, (0, "Email"), agreement=chosen, **by_agreement)
			frappe.db.delete("HD Service Day", {"parent": doc.name})
			assert f"{AGREEMENT} {doc.name} has no working hours" in said


def test_7_a_wait_of_years_in_working_time_is_refused(world: World) -> None:
	world.calendar("9:00-18:00")
	assert "must be at most 366 days" in refused(world, (600_000, "Email"), **OFFICE)
	world.plan((500_000, "Email"), title="Slow", **{**OFFICE, "count_working_time": 0})


def test_7_warnings_for_a_step_behind_one_that_is_held_and_for_a_calendar_without_effect(
	world: World,
) -> None:
	world.calendar("9:00-18:00")
	frappe.clear_messages()
	plan = world.plan((0, "Email"), (0, *LEAD), **OFFICE)
	assert warnings() == ""
	plan.steps[0].in_working_time = 1
	plan.save()
	assert "Step 2 may go out at any hour, but comes after step 1" in warnings()
	plan.steps[0].in_working_time = plan.count_working_time = 0
	plan.save()
	assert "The calendar changes nothing" in warnings()
