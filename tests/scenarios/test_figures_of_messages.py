"""What became of pages and whom they woke, against a second calculation in plain Python (scenario 53)."""

import statistics
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import frappe
import pytest
from frappe.desk import query_report
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from escalation_mgmt.utils import rows
from escalation_mgmt.utils.doctypes import ITEM, NOTIFICATION
from escalation_mgmt.views import charts, figures
from tests.scenarios.test_figures import BEGINS, one, stored, whole
from tests.world import World

TECH, LEAD = "tech@x.test", "lead@x.test"
PAGE = {"user": TECH, "method": "SMS", "provider": "", "status": "Delivered", "sent": 60, "purpose": "Page"}
USERS = {TECH: "Tina Tech", LEAD: "Leo Lead", "gone@x.test": "Gus Gone", None: "+49 … 01"}
ZONES = {TECH: "America/New_York", LEAD: "Europe/Berlin", None: "UTC"}
HANDED = ("Sending", "Sent", "Delivered", "Answered", "Not Answered", "Unknown")
MEANS = {
	**{"Sent": "taken", "Delivered": "arrived", "Answered": "arrived", "Not Answered": "unanswered"},
	**{
		"Failed": "failed",
		"Unknown": "unknown",
		"Withdrawn": "withdrawn",
		"Queued": "waiting",
		"Sending": "waiting",
	},
}
PAGES = st.lists(
	st.fixed_dictionaries(
		{
			"user": st.sampled_from((TECH, LEAD, None)),
			"method": st.sampled_from(("SMS", "Phone Call", "Email")),
			"provider": st.sampled_from(("", "Second")),
			"status": st.sampled_from(tuple(MEANS)),
			"sent": st.none() | st.integers(0, 100_000),
			"purpose": st.sampled_from(("Page", "Page", "Page", "Notice")),
		}
	),
	max_size=8,
)
ITEMS = st.lists(
	st.tuples(
		st.integers(0, 60 * 86400), st.none() | st.integers(0, 90_000), st.sampled_from((TECH, LEAD)), PAGES
	),
	max_size=6,
)


def written(generated: list[tuple]) -> list[dict[str, Any]]:
	"""Write these as action items with their messages; returns the messages that are pages, each with its item."""
	frappe.db.delete(NOTIFICATION)
	items = stored(
		[one(BEGINS + timedelta(seconds=opened), taken=taken) for opened, taken, _by, _pages in generated]
	)
	names = frappe.get_all(ITEM, pluck="name", order_by="name")
	found, messages = [], []
	for name, item, (_opened, _taken, by, pages) in zip(names, items, generated, strict=True):
		taken = item["acknowledged_at"]
		frappe.db.set_value(ITEM, name, "acknowledged_user", by if taken else None)
		for page in pages:
			sent = None if page["sent"] is None else item["opened_at"] + timedelta(seconds=page["sent"])
			row = {
				"name": rows.new_name(),
				"action_item": name,
				**{key: page[key] for key in ("user", "method", "provider", "status", "purpose")},
				"recipient": USERS[page["user"]],
				"sent_utc": sent,
				"step": 1,
				"run": 0,
			}
			messages.append(row)
			if page["purpose"] == "Page":
				found.append({**row, "by": by if taken else None, "taken": taken})
	rows.insert_all(NOTIFICATION, messages)
	return found


def last_before(pages: list[dict[str, Any]]) -> list[dict[str, Any]]:
	"""The pages after which whoever they went to acknowledged, before they had another."""
	last: dict[str, dict[str, Any]] = {}
	for page in pages:
		if (
			not page["by"]
			or page["user"] != page["by"]
			or not page["sent_utc"]
			or page["sent_utc"] > page["taken"]
		):
			continue
		key = page["sent_utc"], page["name"]
		if page["action_item"] not in last or key > (
			last[page["action_item"]]["sent_utc"],
			last[page["action_item"]]["name"],
		):
			last[page["action_item"]] = page
	return list(last.values())


@pytest.fixture
def zoned(world: World) -> Iterator[World]:
	users = [user for user in ZONES if user]
	before = {user: frappe.db.get_value("User", user, "time_zone") for user in users}
	for user in users:
		frappe.db.set_value("User", user, "time_zone", ZONES[user])
		frappe.db.delete("Escalation Contact", {"user": user})
	frappe.db.commit()
	yield world
	frappe.db.rollback()
	for user, zone in before.items():
		frappe.db.set_value("User", user, "time_zone", zone)
	frappe.db.commit()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(ITEMS)
def test_53_what_became_of_pages(zoned: World, generated: list[tuple]) -> None:
	pages = written(generated)
	led = last_before(pages)
	found = figures.by_method(figures.read({}))
	assert {(row["method"], row["provider"]) for row in found} == {
		(page["method"], page["provider"]) for page in pages
	}
	for row in found:
		mine = [
			page for page in pages if (page["method"], page["provider"]) == (row["method"], row["provider"])
		]
		states = Counter(MEANS[page["status"]] for page in mine)
		assert {name: row[name] for name in figures.MESSAGES} == {
			name: states[name] for name in figures.MESSAGES
		}
		over = len(mine) - states["withdrawn"] - states["waiting"]
		assert row["pages"] == len(mine)
		assert row["failing"] == (pytest.approx(100 * states["failed"] / over) if over else None)
		times = [whole(page["taken"]) - whole(page["sent_utc"]) for page in led if page in mine]
		assert row["led"] == len(times)
		assert row["median"] == (pytest.approx(statistics.median(times)) if times else None)


def test_the_chart_of_many_providers_has_a_bar_for_each_method() -> None:
	rows = [
		{"method": method, "provider": provider, "arrived": 2, "failed": 1}
		for method in ("Email", "SMS")
		for provider in ("", "First", "Second")
	]
	for shown, labels, arrived in (
		(rows[:2], ["Email", "Email, First"], [2, 2]),
		(rows, ["Email", "SMS"], [6, 6]),
	):
		data = charts.messages(shown, ["arrived", "failed"])["data"]
		assert data["labels"] == labels and data["datasets"][0]["values"] == arrived


def test_a_persons_load_leads_to_the_messages_that_it_counts(zoned: World) -> None:
	refused, waits = {**PAGE, "status": "Failed"}, {**PAGE, "status": "Queued", "sent": None}
	written([(0, 120, TECH, [PAGE, refused, waits, {**PAGE, "user": LEAD}]), (60, None, TECH, [refused])])
	for row in figures.by_person(figures.read({})):
		asked = {"person": row["user"], "outcome": "woke"}
		behind = query_report.run("Escalation History", filters=asked)
		assert len(behind["result"]) == row["pages"] == 1
		assert behind["report_summary"][0]["value"] == str(row["escalations"]) == "1"


def test_a_person_is_called_as_today_and_whoever_is_gone_as_then(zoned: World) -> None:
	gone = {**PAGE, "user": "gone@x.test", "status": "Failed"}
	written([(0, None, TECH, [{**PAGE, "status": "Failed"}, PAGE, gone, {**gone, "status": "Sent"}])])
	frappe.db.set_value(NOTIFICATION, {"user": TECH}, "recipient", "Tina Unmarried")
	called = {TECH: "Tina Tech", "gone@x.test": "Gus Gone"}
	assert {row["user"]: row["name"] for row in figures.by_person(figures.read({}))} == called
	assert {row["user"]: row["name"] for row in figures.refused(figures.read({}), 1)[0]} == called
	behind = query_report.run("Escalation History", filters={"person": "gone@x.test"})
	assert len(behind["result"]) == 2


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(ITEMS)
def test_53_whom_they_wake(zoned: World, generated: list[tuple]) -> None:
	pages = [
		page for page in written(generated) if page["user"] and page["sent_utc"] and page["status"] in HANDED
	]
	found = {row["user"]: row for row in figures.by_person(figures.read({}))}
	assert set(found) == {page["user"] for page in pages}
	for user, row in found.items():
		mine = [page for page in pages if page["user"] == user]
		items = {page["action_item"] for page in mine}
		theirs = [there(page["sent_utc"], ZONES[user]) for page in mine]
		nights = [at for at in theirs if at.hour >= 22 or at.hour < 6]
		taken = {page["action_item"] for page in mine if page["by"] == user}
		assert row == {
			"user": user,
			"name": USERS[user],
			"escalations": len(items),
			"pages": len(mine),
			"calls": sum(page["method"] == "Phone Call" for page in mine),
			"at_night": len(nights),
			"nights": len({(at - timedelta(hours=6)).date() for at in nights}),
			"acknowledged": len(taken),
			"share": pytest.approx(100 * len(taken) / len(items)),
		}


def there(instant: datetime, zone: str) -> datetime:
	return instant.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def test_managers_read_them_as_reports_and_nobody_else_does(zoned: World) -> None:
	written([(0, 120, TECH, [PAGE])])
	frappe.set_user("manager@x.test")
	(method,) = query_report.run("Method Effectiveness", filters={})["result"]
	assert (method["led"], method["median"], method["arrived"]) == (1, 60, 1)
	(person,) = query_report.run("Load on People", filters={})["result"]
	assert (person["name"], person["share"]) == ("Tina Tech", 100)
	frappe.set_user("stranger@x.test")
	for report in ("Method Effectiveness", "Load on People"):
		with pytest.raises(frappe.PermissionError):
			query_report.run(report, filters={})
	frappe.set_user("Administrator")
