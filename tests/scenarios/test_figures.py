"""What managers are told, against a second calculation: plain Python over generated escalations of known truth (scenario 53)."""

import math
import random
import statistics
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import frappe
import pytest
from frappe.desk import query_report
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from escalation_mgmt.utils import clock, rows
from escalation_mgmt.utils.doctypes import EVENT, ITEM
from escalation_mgmt.views import figures
from escalation_mgmt.views.figures import local_time
from escalation_mgmt.views.report_parts import whole_percent
from tests.world import World

PLANS, TEAMS, PEOPLE = ("Night", "Day"), ("North", "north", "Nörth", None), ("Tina Tech", "Leo Lead")
STATUSES = ("Scheduled", "Escalating", "Snoozed", "Acknowledged", "Resolved", "Exhausted", "Cancelled")
SECONDS = st.integers(-5, 200_000)
ITEMS = st.lists(
	st.fixed_dictionaries(
		{
			"opened": st.integers(0, 60 * 86400),
			"plan": st.sampled_from(PLANS),
			"team": st.sampled_from(TEAMS),
			"status": st.sampled_from(STATUSES),
			"step": st.integers(0, 3),
			"taken": st.none() | SECONDS,
			"by": st.sampled_from(PEOPLE),
			"nobody": st.booleans(),
		}
	),
	max_size=25,
)
FIRST_OF_WEEK = 5  # a Saturday, as date.weekday() counts
BEGINS = datetime(2026, 9, 15, 3, 0, 0)


def stored(generated: list[dict[str, Any]]) -> list[dict[str, Any]]:
	"""Write these as action items, and nothing else; returns them with their instants."""
	frappe.db.delete(EVENT)
	frappe.db.delete(ITEM)
	items, lines = [], []
	for each in generated:
		opened = BEGINS + timedelta(
			seconds=each["opened"], microseconds=random.Random(each["opened"]).randrange(10**6)
		)
		taken = None if each["taken"] is None else opened + timedelta(seconds=each["taken"])
		name = rows.new_name()
		each.update(opened_at=opened, acknowledged_at=taken)
		items.append(
			{
				"name": name,
				"reference_doctype": "HD Ticket",
				"reference_name": "1",
				"ticket_subject": "Outage",
				"clock": "First Response",
				"plan": each["plan"],
				"team": each["team"],
				"status": each["status"],
				"current_step": each["step"],
				"nobody_notified": int(each["nobody"]),
				"opened_utc": opened,
				"acknowledged_utc": taken,
				"acknowledged_by": each["by"] if taken else None,
			}
		)
		line = {"kind": "Created", "action_item": name, "at_utc": opened, "step": 0, "run": 0, "data": "{}"}
		lines.append({"name": rows.new_name(), **line})
	rows.insert_all(ITEM, items)
	rows.insert_all(EVENT, lines)
	return generated


def whole(instant: datetime) -> int:
	return int((instant.replace(microsecond=0) - datetime(1970, 1, 1)).total_seconds())


def truth(items: list[dict[str, Any]]) -> dict[str, Any]:
	"""The figures of these, once more."""
	taken = sorted(
		max(whole(each["acknowledged_at"]) - whole(each["opened_at"]), 0)
		for each in items
		if each["acknowledged_at"]
	)
	left = [each for each in items if each["step"] and not each["acknowledged_at"]]
	over = {name: sum(each["status"] == status for each in left) for name, status in ENDED.items()}
	settled = len(taken) + sum(over.values())
	return {
		"escalations": len(items),
		"ran": len(taken) + len(left),
		"acknowledged": len(taken),
		**over,
		"open": len(left) - sum(over.values()),
		"nobody_notified": sum(each["nobody"] for each in items),
		"failed": sum(each["nobody"] or (each in left and each["status"] == "Exhausted") for each in items),
		"share": pytest.approx(100 * len(taken) / settled) if settled else None,
		"median": pytest.approx(statistics.median(taken)) if taken else None,
		"p90": taken[math.ceil(len(taken) * 0.9) - 1] if taken else None,
	}


ENDED = {"answered": "Resolved", "exhausted": "Exhausted", "cancelled": "Cancelled"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(
	ITEMS,
	st.sampled_from(figures.GROUPS),
	st.sampled_from(("UTC", "Europe/Berlin", "America/Havana", "Asia/Kolkata")),
)
def test_53_each_figure_is_that_of_a_second_calculation(
	figured: World, generated: list[dict[str, Any]], by: str, zone: str
) -> None:
	items = stored(generated)
	with pytest.MonkeyPatch.context() as patch:
		patch.setattr(clock, "zone", lambda: zone)
		patch.setattr(local_time, "get_start_of_week_index", lambda: (FIRST_OF_WEEK + 1) % 7)
		asked = figures.read({})
		assert figures.total(asked) == {"key": None, **truth(items)}
		groups: dict[str | None, list] = {}
		for each in items:
			groups.setdefault(key_of(each, by, zone), []).append(each)
		found, together = figures.response(asked, by)
		assert together == figures.total(asked)
		assert {row["key"]: row for row in found} == {
			key: {"key": key, **truth(of)} for key, of in groups.items()
		}
		assert sum(row["escalations"] for row in found) == len(items), "none twice, none left out"


def key_of(each: dict[str, Any], by: str, zone: str) -> str | None:
	there = each["opened_at"].replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(zone))
	known = {
		"plan": each["plan"],
		"team": each["team"],
		"clock": "First Response",
		"person": each["by"] if each["acknowledged_at"] else None,
		"hour": f"{there:%H}",
		"week": str((there - timedelta(days=(there.weekday() - FIRST_OF_WEEK) % 7)).date()),
		"month": f"{there:%Y-%m}",
	}
	return known.get(by)


@pytest.fixture
def figured(world: World) -> World:
	return world


def test_the_hours_of_the_day_on_which_clocks_go_back(
	figured: World, monkeypatch: pytest.MonkeyPatch
) -> None:
	monkeypatch.setattr(clock, "zone", lambda: "Europe/Berlin")
	for at in (datetime(2026, 10, 25, 0, 59, 59), datetime(2026, 10, 25, 1, 0, 0), datetime(2026, 10, 25, 2)):
		stored([one(at)])
		hour = at.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo("Europe/Berlin")).hour
		(row,), _total = figures.response(figures.read({}), "hour")
		assert row["key"] == f"{hour:02}"
		for asked, count in ((f"{hour:02}", 1), (f"{hour + 1:02}", 0)):
			assert figures.total(figures.read({"hour": asked}))["escalations"] == count
	with pytest.raises(frappe.ValidationError, match="hour"):
		figures.read({"hour": "24"})
	frappe.clear_messages()


def one(at: datetime, **more: Any) -> dict[str, Any]:
	opened = int((at - BEGINS).total_seconds())
	known = {
		"plan": "Night",
		"team": None,
		"status": "Exhausted",
		"step": 1,
		"taken": None,
		"by": "",
		"nobody": False,
	}
	return {"opened": opened, **known, **more}


def test_reports_agree_and_claim_nothing_where_there_is_nothing(figured: World) -> None:
	stored([one(datetime(2026, 10, 1)), one(datetime(2026, 10, 2), plan="Day", status="Scheduled", step=0)])
	answer = query_report.run("Response Performance", filters={})
	shown = {row["label"]: row for row in answer["result"]}
	assert shown["Night"]["share"] == 0 and shown["Night"]["median"] is None
	assert shown["Day"]["share"] is None and shown["Day"]["p90"] is None
	assert answer["chart"] is None or not answer["chart"]["data"]["datasets"]
	said = {each["label"]: each["value"] for each in answer["report_summary"]}
	assert said == {
		each["label"]: each["value"]
		for each in query_report.run("Escalation History", filters={})["report_summary"]
	}
	assert [whole_percent(share) for share in (0, 0.2, 50, 99.7, 100)] == [0, 1, 50, 99, 100]
	assert said["Escalations"] == "2" and said["Median Time to Acknowledge"] == "–"


@pytest.mark.parametrize(("by", "asked"), [("team", "team"), ("plan", "plan"), ("person", "acknowledged_by")])
def test_a_group_leads_to_the_escalations_that_it_counts(figured: World, by: str, asked: str) -> None:
	names = ["North", "north", "+Support", "[VIP] <b>", "=A1"]
	found = [one(datetime(2026, 10, 1), taken=5, by=name, team=name, plan=name) for name in [*names, "North"]]
	stored([*found, one(datetime(2026, 10, 1))])  # in no team, and nobody acknowledged it
	shown = query_report.run("Response Performance", filters={"group_by": by})["result"]
	without = "Night" if by == "plan" else None
	assert {row["key"]: row["escalations"] for row in shown} == {
		**dict.fromkeys([*names, without], 1),
		"North": 2,
	}
	for row in shown:
		key = row["key"] or "–"
		for name in (key, f" {key}"):  # as Desk asks for what begins as a list does
			behind = query_report.run("Escalation History", filters={asked: name})
			assert len(behind["result"]) == row["escalations"], name
			assert behind["report_summary"][0]["value"] == str(row["escalations"])


def test_each_reader_counts_what_they_may_see(figured: World) -> None:
	figured.plan((0, "Email"))
	figured.ticket()
	figured.forward(10)
	figured.expect_email("tech@x.test")
	for user, count in (("manager@x.test", 1), ("stranger@x.test", 0)):
		frappe.set_user(user)
		assert figures.total(figures.read({}))["escalations"] == count, user
		assert sum(row["escalations"] for row in figures.response(figures.read({}), "plan")[0]) == count
	frappe.set_user("Administrator")


def test_years_of_history_are_read_a_page_at_a_time(figured: World) -> None:
	stored([one(BEGINS + timedelta(minutes=n)) for n in range(450)])
	answers = [query_report.run("Escalation History", filters={"page": page}) for page in (None, 2, 3, 9)]
	assert [len(answer["result"]) for answer in answers] == [200, 200, 50, 50]
	assert "201 to 400 of 450" in answers[1]["message"]
	grouped = query_report.run("Escalation History", filters={"group_by": "plan"})
	assert grouped["result"][0]["group"] == "Night (200)" and "groups are of this page" in grouped["message"]
	figured.plan((0, "Email"))
	figured.ticket()
	figured.forward(10)
	figured.expect_email("tech@x.test")
	first, second = (
		query_report.run("Escalation History", filters={"page": page})["chart"] for page in (1, 2)
	)
	assert first["title"] == "Messages of the escalations on this page" and not second
	names = [row["action_item"] for answer in answers[:3] for row in answer["result"]]
	assert len(set(names)) == 450 and names == sorted(names, reverse=True)


def test_a_history_in_groups_has_each_row_below_its_group(figured: World) -> None:
	stored([one(datetime(2026, 10, n), plan="Night" if n % 3 else "Day") for n in range(1, 10)])
	result = query_report.run("Escalation History", filters={"group_by": "plan"})["result"]
	heads = [row["group"] for row in result if not row["indent"]]
	assert heads == ["Night (6)", "Day (3)"] and len(result) == 11
	assert [
		column["fieldname"]
		for column in query_report.run("Escalation History", filters={})["columns"]
		if not column.get("hidden")
	] == [*("status", "subject", "ticket", "step", "method", "person", "sent", "acknowledged_by")]
