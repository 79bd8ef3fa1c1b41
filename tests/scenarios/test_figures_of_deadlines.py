"""Whether deadlines were met, before plans were enabled and since, against a second calculation in plain Python (scenario 53)."""

import csv
import io
import json
from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import frappe
import pytest
from frappe.desk import query_report
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from escalation_mgmt.engine import Clock
from escalation_mgmt.escalation_mgmt.report.sla_effect import sla_effect
from escalation_mgmt.facts import deadlines as readable
from escalation_mgmt.facts import plan_times
from escalation_mgmt.facts.plan_times import EVER, Phase, Since
from escalation_mgmt.utils import clock, rows
from escalation_mgmt.utils.doctypes import ENDPOINT, PLAN
from escalation_mgmt.views.figures import deadlines
from tests import on_site
from tests.scenarios.test_figures import one, stored
from tests.world import World

TICKET = "HD Ticket"
BEGINS = datetime(2026, 9, 20)
UTC = ZoneInfo("UTC")
ZONES = ("UTC", "Europe/Berlin", "America/Havana", "Asia/Kolkata")
# Seconds after BEGINS, many of them on the night on which clocks go back in Berlin or Havana.
SECONDS = st.integers(0, 60 * 86400) | st.integers(34 * 86400, 44 * 86400) | st.integers(3024000, 3038400)
LATER = st.none() | st.integers(-90_000, 90_000) | st.integers(-2, 2)
TICKETS = st.lists(
	st.fixed_dictionaries(
		{
			"response_by": st.none() | SECONDS,
			"resolution_by": st.none() | SECONDS,
			"responded": LATER,
			"resolved": LATER,
			"held": st.none() | st.integers(-5000, 5000),
			"category": st.sampled_from(("Open", "Paused", "Resolved")),
			"team": st.sampled_from(("North", "north", None)),
			"merged": st.sampled_from((None, None, None, "1")),
		}
	),
	max_size=20,
)


def logged(generated: list[dict[str, Any]]) -> list[dict[str, Any]]:
	"""Write these as tickets, and nothing else; returns them with their instants, in the site's zone."""
	frappe.db.delete(TICKET)
	found = []
	for number, each in enumerate(generated, 1):
		wall = {name: _at(each[name]) for name in ("response_by", "resolution_by")}
		wall["first_responded_on"] = _near(wall["response_by"], each["responded"])
		wall["resolution_date"] = _near(wall["resolution_by"], each["resolved"])
		wall["on_hold_since"] = _near(wall["resolution_by"], each["held"])
		kept = {
			"name": number,
			"subject": f"Ticket {number}",
			"agent_group": each["team"],
			"merged_with": each["merged"],
		}
		found.append(
			{
				**kept,
				"priority": "High",
				"status_category": each["category"],
				"status": each["category"],
				**wall,
			}
		)
	if found:
		rows.insert_all(TICKET, found)
	return found


def _at(seconds: int | None) -> datetime | None:
	return None if seconds is None else BEGINS + timedelta(seconds=seconds, microseconds=seconds % 1000)


def _near(due: datetime | None, seconds: int | None) -> datetime | None:
	return due + timedelta(seconds=seconds, microseconds=700) if due and seconds is not None else None


def unix(wall: datetime, zone: str) -> int:
	"""Of an hour that came twice the second, of one that never came as if the clock hadn't been changed yet."""
	of = [wall.replace(microsecond=0, tzinfo=ZoneInfo(zone), fold=fold).timestamp() for fold in (0, 1)]
	return int(max(of))


def truth(
	tickets: list[dict[str, Any]], times: dict[Clock, tuple[Since, ...]], zone: str, now: datetime
) -> Counter[tuple[str, str, str, str]]:
	"""How many there are of each month, clock, phase and outcome."""
	counted: Counter[tuple[str, str, str, str]] = Counter()
	for each in tickets:
		for of, by, done in (
			(Clock.FIRST_RESPONSE, each["response_by"], each["first_responded_on"]),
			(Clock.RESOLUTION, each["resolution_by"], each["resolution_date"]),
		):
			if of not in times or by is None or each["merged_with"]:
				continue
			due, closed = unix(by, zone), each["status_category"] == "Resolved"
			held = each["on_hold_since"] if of is Clock.RESOLUTION else None
			if done is not None and (closed or of is Clock.FIRST_RESPONSE):
				became = "met" if unix(done, zone) <= due else "missed"
			elif closed:
				became = "unknown"
			elif due >= int(now.replace(tzinfo=UTC).timestamp()) or (held and unix(held, zone) <= due):
				became = "open"
			else:
				became = "missed"
			phase = [
				s.phase for s in times[of] if s.at == EVER or int(s.at.replace(tzinfo=UTC).timestamp()) <= due
			][-1]
			counted[f"{by:%Y-%m}", str(of), str(phase), became] += 1
	return counted


def shown(found: list[dict[str, Any]]) -> Counter[tuple[str, str, str, str]]:
	counted = Counter(
		{
			(row["month"], row["clock"], row["phase"], name): row[name]
			for row in found
			for name in deadlines.OUTCOMES
			if row[name]
		}
	)
	for row in found:
		settled = row["met"] + row["missed"]
		assert row["share"] == (pytest.approx(100 * row["met"] / settled) if settled else None)
		assert row["deadlines"] == sum(row[name] for name in deadlines.OUTCOMES) > 0
	return counted


@pytest.fixture
def figured(world: World) -> World:
	return world


PHASED = st.lists(st.tuples(SECONDS, st.sampled_from(tuple(Phase))), max_size=4).map(
	lambda found: (
		Since(EVER, Phase.BEFORE),
		*(Since(BEGINS + timedelta(seconds=at), phase) for at, phase in sorted(found)),
	)
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None)
@given(TICKETS, st.sampled_from(ZONES), PHASED, PHASED, SECONDS)
def test_53_deadlines_by_month_are_those_of_a_second_calculation(
	figured: World,
	generated: list[dict[str, Any]],
	zone: str,
	response: tuple[Since, ...],
	resolution: tuple[Since, ...],
	now: int,
) -> None:
	tickets = logged(generated)
	times = {Clock.FIRST_RESPONSE: response, Clock.RESOLUTION: resolution}
	figured.now = BEGINS + timedelta(seconds=now)
	with pytest.MonkeyPatch.context() as patch:
		patch.setattr(clock, "zone", lambda: zone)
		patch.setattr(plan_times, "of_all", lambda of, doctype: times[of])
		asked = deadlines.read({"reference_doctype": TICKET})
		found = deadlines.by_month(asked)
		known = truth(tickets, times, zone, figured.now)
		assert shown(found) == known
		behind = deadlines.tickets(asked, limit=100)
		assert Counter((row["clock"], row["phase"], row["outcome"]) for row in behind) == Counter(
			{
				key: sum(n for (_m, *of), n in known.items() if tuple(of) == key)
				for key in {k[1:] for k in known}
			}
		)
		first, last = BEGINS + timedelta(days=20), BEGINS + timedelta(days=40)
		some = [each for each in tickets if each["response_by"] and first <= each["response_by"] < last]
		part = deadlines.read({"from_date": first.date(), "to_date": "2026-10-29", "clock": "First Response"})
		assert shown(deadlines.by_month(part)) == truth(
			some, {Clock.FIRST_RESPONSE: response}, zone, figured.now
		)


@pytest.mark.parametrize(
	("zone", "change"),
	[
		("Europe/Berlin", datetime(2026, 10, 25, 1)),
		("Europe/Berlin", datetime(2026, 3, 29, 1)),
		("America/Havana", datetime(2026, 11, 1, 5)),
	],
)
def test_the_instant_of_a_deadline_when_clocks_are_changed(
	figured: World, monkeypatch: pytest.MonkeyPatch, zone: str, change: datetime
) -> None:
	monkeypatch.setattr(clock, "zone", lambda: zone)
	first = change.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) - timedelta(hours=3)
	walls = [first + timedelta(minutes=15 * n) for n in range(24)]  # also those that the clock skips
	logged([ticket(wall, responded=None) for wall in walls])
	phases = [Phase.ON, Phase.OFF, Phase.UNKNOWN, Phase.BEFORE]
	begins = change - timedelta(hours=6)
	times = tuple(Since(begins + timedelta(minutes=20 * n) if n else EVER, phases[n % 4]) for n in range(36))
	monkeypatch.setattr(plan_times, "of_all", lambda of, doctype: times)
	found = deadlines.tickets(deadlines.read({"clock": "First Response"}), limit=100)
	split = [since.at for since in times[1:]]
	known = {
		str(n): str(
			phases[sum(int(at.replace(tzinfo=UTC).timestamp()) <= unix(wall, zone) for at in split) % 4]
		)
		for n, wall in enumerate(walls, 1)
	}
	assert {row["ticket"]: row["phase"] for row in found} == known


def moved(plan: Any, days: list[int]) -> None:
	"""Make believe that the plan was made, and then changed as often as it was, on these days after BEGINS."""
	made, *changed = (BEGINS + timedelta(days=day) for day in days)
	versions = frappe.get_all(
		"Version", filters={"docname": plan.name, "ref_doctype": PLAN}, pluck="name", order_by="creation"
	)
	assert len(versions) == len(changed)
	for version, at in zip(versions, changed, strict=True):
		frappe.db.set_value("Version", version, "creation", clock.to_site(at), update_modified=False)
	frappe.db.set_value(PLAN, plan.name, "creation", clock.to_site(made), update_modified=False)


def saved(plan: Any, **values: Any) -> Any:
	doc = frappe.get_doc(PLAN, plan.name)
	doc.update(values)
	doc.save(ignore_version=False)  # as Frappe saves outside of tests
	return doc


def kept(plan: Any, of: Clock = Clock.FIRST_RESPONSE) -> list[tuple[int | None, str]]:
	"""How it stood with a plan, from which day after BEGINS on."""
	found = plan_times.of_plan(plan.name, of, TICKET)
	return [(None if since.at == EVER else (since.at - BEGINS).days, str(since.phase)) for since in found]


def test_when_a_plan_was_enabled_is_what_was_kept_of_it(figured: World) -> None:
	plan = figured.plan((0, "Email"), enabled=0)
	moved(plan, [0])
	assert kept(plan) == [(None, "Before")]
	saved(plan, rank=3)
	saved(plan, enabled=1)
	moved(plan, [0, 1, 5])
	assert kept(plan) == [(None, "Before"), (5, "Enabled")]
	saved(plan, enabled=0)
	saved(plan, enabled=1)
	moved(plan, [0, 1, 5, 8, 10])
	assert kept(plan) == [(None, "Before"), (5, "Enabled"), (8, "Disabled"), (10, "Enabled")], (
		"it was enabled again"
	)
	saved(plan, clock="Resolution")
	moved(plan, [0, 1, 5, 8, 10, 12])
	assert kept(plan)[-1] == (12, "Disabled"), "it guards another clock since"
	assert kept(plan, Clock.RESOLUTION) == [(None, "Before"), (12, "Enabled")]


def test_what_nobody_kept_of_a_plan_is_not_known(figured: World) -> None:
	plan = figured.plan((0, "Email"))
	at_once = frappe.db.get_value(PLAN, plan.name, "enabled_utc")
	assert [s.phase for s in plan_times.of_plan(plan.name, Clock.FIRST_RESPONSE, TICKET)] == [
		"Before",
		"Enabled",
	]
	assert plan_times.of_plan(plan.name, Clock.FIRST_RESPONSE, TICKET)[1].at == at_once, "to the microsecond"
	frappe.db.set_value(
		PLAN, plan.name, {"enabled_utc": BEGINS + timedelta(days=20), "creation": clock.to_site(BEGINS)}
	)
	assert kept(plan) == [(None, "Before"), (0, "Unknown"), (20, "Enabled")], "enabled past its form"
	saved(plan, enabled=0)
	moved(plan, [0, 25])
	statement = {"enabled": 1, "modified": clock.to_site(BEGINS + timedelta(days=40))}
	frappe.db.set_value(PLAN, plan.name, statement, update_modified=False)
	assert kept(plan)[-2:] == [(25, "Unknown"), (40, "Enabled")], (
		"enabled by a statement, some time after it was disabled"
	)
	stored([one(BEGINS - timedelta(days=3), plan=plan.name)])
	assert kept(plan)[0] == (None, "Unknown"), "an older plan had its name"


def test_a_plan_that_is_deleted_counts_by_what_it_opened(figured: World) -> None:
	plan, other = figured.plan((0, "Email")), figured.plan((0, "Email"), title="Other", enabled=0)
	stored([one(BEGINS + timedelta(days=day), plan=plan.name) for day in (4, 9)])
	frappe.db.set_value(PLAN, plan.name, "creation", clock.to_site(BEGINS + timedelta(days=2)))
	frappe.delete_doc(PLAN, plan.name)
	found = plan_times.of_all(Clock.FIRST_RESPONSE, TICKET)
	assert [str(since.phase) for since in found] == [
		"Before",
		"Unknown",
		"Enabled",
		"Unknown",
		"Disabled",
	]
	assert [(since.at - BEGINS).days for since in found[1:4]] == [2, 4, 9]
	assert plan_times.of_all(Clock.RESOLUTION, TICKET) == (Since(EVER, Phase.BEFORE),)
	assert kept(other) == [(None, "Before")]


def ticket(due: datetime, *, late: bool = False, **more: Any) -> dict[str, Any]:
	known = {
		"resolution_by": None,
		"resolved": None,
		"held": None,
		"category": "Open",
		"team": None,
		"merged": None,
	}
	seconds = int((due - BEGINS).total_seconds())
	return {"response_by": seconds, "responded": 60 if late else -60, **known, **more}


@pytest.fixture
def half_a_year(figured: World) -> World:
	"""A plan that was enabled on the 16th of October at noon: before, one of four was answered in time, since then three of four."""
	on_site.add_team("North")
	plan = figured.plan((0, "Email"), enabled=0, team="North")
	saved(plan, enabled=1)
	moved(plan, [0, 26])
	enabled = datetime(2026, 10, 16, 12)
	frappe.db.set_value("Version", {"docname": plan.name}, "creation", clock.to_site(enabled))
	frappe.db.set_value(PLAN, plan.name, "enabled_utc", enabled)
	figured.now = datetime(2026, 12, 1)
	logged(
		[
			ticket(
				clock.to_site(enabled) + timedelta(days=days, seconds=-1 if days < 0 else 0),
				late=bool(n) == (days < 0),
				team=team,
			)
			for days in (-20, -1, 0, 30)
			for n in range(4)
			for team in ("North", "north")
		]
	)
	return figured


def test_a_manager_sees_whether_it_got_better(half_a_year: World) -> None:
	answer = query_report.run("SLA Effect", filters={"plan": "Outage"})
	rows_ = [(row["month"], row["phase_label"], row["met"], row["missed"]) for row in answer["result"]]
	assert rows_ == [
		("2026-09", "Before", 1, 3),
		("2026-10", "Before", 1, 3),
		("2026-10", "Since", 3, 1),
		("2026-11", "Since", 3, 1),
	]
	said = {each["label"]: each["value"] for each in answer["report_summary"]}
	assert said == {
		"First Response, Before": "25 % of 8",
		"First Response, Since": "75 % of 8",
		"First Response, Difference": "+50 points",
	}
	assert "names no cause" in answer["message"] and "first enabled on" in answer["message"]
	chart = answer["chart"]["data"]
	assert chart["labels"] == ["09/26", "10/26", "10/26", "11/26"]
	assert [each["values"] for each in chart["datasets"]] == [[25, 25, None, None], [None, None, 75, 75]]
	behind = query_report.run(
		"SLA Effect", filters={"plan": "Outage", "tickets": "missed", "phase": "Enabled"}
	)["result"]
	assert [(row["outcome_label"], row["late"]) for row in behind] == [("Missed", 60)] * 2
	assert (
		len(query_report.run("SLA Effect", filters={"reference_doctype": TICKET, "tickets": "all"})["result"])
		== 32
	)


def test_nothing_is_said_where_there_is_nothing(half_a_year: World) -> None:
	answer = query_report.run("SLA Effect", filters={"plan": "Outage", "to_date": "2026-10-10"})
	said = {each["label"]: each["value"] for each in answer["report_summary"]}
	assert said == {"First Response, Before": "25 % of 4", "First Response, Since": "–"}
	logged([ticket(datetime(2026, 12, 20), responded=None)])
	(row,) = query_report.run("SLA Effect", filters={})["result"]
	assert (row["open"], row["share"], row["phase_label"]) == (1, None, "Since"), "not due yet"
	answer = query_report.run("SLA Effect", filters={"clock": "Next Response"})
	assert not answer["result"] and "no deadline" in answer["message"]


def test_a_filter_that_is_no_text_is_refused_in_words(half_a_year: World) -> None:
	for typed in (["Resolution"], {"a": 1}):
		with pytest.raises(frappe.ValidationError, match="Choose a clock"):
			sla_effect.execute({"clock": typed})
		assert sla_effect.execute({"tickets": "all", "phase": typed})[1]
	frappe.clear_messages()


def test_each_reader_counts_the_tickets_that_they_may_read(half_a_year: World) -> None:
	frappe.db.set_value(TICKET, "1", "owner", "manager@x.test")
	frappe.db.set_value(TICKET, "1", "raised_by", "manager@x.test")
	counts = {}
	agent = frappe.get_doc("User", "owner@x.test")
	agent.add_roles("Agent")
	try:
		for user in (agent.name, "manager@x.test"):
			frappe.set_user(user)
			answer = query_report.run("SLA Effect", filters={})
			counts[user] = sum(row["deadlines"] for row in answer["result"])
			behind = query_report.run("SLA Effect", filters={"tickets": "all"})["result"]
			assert counts[user] == len(behind) == len(frappe.get_list(TICKET, pluck="name", limit=0))
	finally:
		frappe.set_user("Administrator")
		agent.remove_roles("Agent")
	frappe.set_user("stranger@x.test")
	with pytest.raises(frappe.PermissionError):
		query_report.run("SLA Effect", filters={})
	frappe.set_user("Administrator")
	assert counts == {"owner@x.test": 32, "manager@x.test": 1}
	assert "only those are counted" in answer["message"]


def test_many_tickets_are_read_a_page_at_a_time(half_a_year: World) -> None:
	logged([ticket(BEGINS + timedelta(minutes=n), late=True) for n in range(1201)])
	pages = [
		query_report.run("SLA Effect", filters={"tickets": "missed", "page": page})
		for page in (None, 2, 3, 9)
	]
	assert [len(page["result"]) for page in pages] == [500, 500, 201, 201]
	assert "501 to 1000 of 1201" in pages[1]["message"]
	assert len({row["ticket"] for page in pages[:3] for row in page["result"]}) == 1201


def test_what_was_shared_alone_is_all_that_is_read(figured: World) -> None:
	for name in ("One", "Two"):
		figured.endpoint(name)
	frappe.set_user("stranger@x.test")
	assert readable.readable(ENDPOINT) is None
	frappe.set_user("Administrator")
	assert readable.readable(ENDPOINT) == ""
	frappe.share.add(ENDPOINT, "Two", "stranger@x.test")
	frappe.set_user("stranger@x.test")
	where = readable.readable(ENDPOINT)
	frappe.set_user("Administrator")
	found = frappe.db.sql(f"select `name` from `tab{ENDPOINT}` where {where} and 1 = %s", (1,))
	assert [name for (name,) in found] == ["Two"]


def test_what_is_exported_and_mailed_agrees(half_a_year: World) -> None:
	shown = query_report.run("SLA Effect", filters={"plan": "Outage"})["result"]
	wanted = [[row["month"], row["phase_label"], str(row["met"]), str(row["missed"])] for row in shown]
	mailed = frappe.new_doc("Auto Email Report")
	mailed.update(
		{
			"report": "SLA Effect",
			"report_type": "Script Report",
			"user": "Administrator",
			"format": "CSV",
			"email_to": "owner@x.test",
			"frequency": "Daily",
			"filters": json.dumps({"plan": "Outage", "clock": "", "tickets": ""}),
			"no_of_rows": 100,
		}
	)
	head, *lines = csv.reader(io.StringIO(mailed.get_report_content()))
	places = [head.index(label) for label in ("Month", "Before or Since", "Met", "Missed")]
	assert [[line[place] for place in places] for line in lines if line] == wanted
