"""The dashboard: what its cards and charts say is what the reports say, of what the reader may see, and nothing where there is nothing."""

import json
from datetime import datetime, timedelta
from typing import Any

import frappe
import pytest
from frappe.desk import query_report
from frappe.desk.doctype.dashboard.dashboard import get_permitted_cards, get_permitted_charts

from escalation_mgmt.utils import clock
from escalation_mgmt.utils.doctypes import ITEM
from escalation_mgmt.views import charts, figures, number_cards
from tests.scenarios.test_figures import one, stored
from tests.world import World

DASHBOARD = "Escalation"
CARDS = {
	"Escalations in 30 Days": number_cards.escalations,
	"Acknowledged in 30 Days": number_cards.acknowledged,
	"Median Time to Acknowledge in 30 Days": number_cards.median,
	"90th Percentile in 30 Days": number_cards.p90,
	"Exhausted in 30 Days": number_cards.exhausted,
	"Nobody Notified in 30 Days": number_cards.nobody_notified,
}


def shown(name: str, **filters: Any) -> dict[str, dict[str, Any]]:
	"""What a chart shows: {label: {dataset: value}}."""
	data = charts.get(name, json.dumps(filters))
	return {
		label: {part["name"]: part["values"][place] for part in data["datasets"]}
		for place, label in enumerate(data.get("labels", ()))
	}


def said(method: Any) -> Any:
	answer = method()
	return answer["value"] if isinstance(answer, dict) else answer


def test_its_cards_and_charts_are_there_and_colours_stay_with_what_they_mean(world: World) -> None:
	there = frappe.get_doc("Dashboard", DASHBOARD)
	assert {
		link.card: frappe.get_attr(frappe.db.get_value("Number Card", link.card, "method"))
		for link in there.cards
	} == CARDS
	assert [link.chart for link in there.charts] == list(charts.DASHBOARD)
	rows = [
		dict.fromkeys(
			(*figures.MESSAGES, "failed", "nobody_notified", "acknowledged", "pages", "at_night"), 1
		)
	]
	rows[0] |= {"answered": 1, "exhausted": 1, "cancelled": 1, "open": 1, "median": 60, "p90": 60}
	rows[0] |= {"key": "A", "name": "A", "method": "SMS", "provider": ""}
	states = [name for name in charts.MESSAGES if name not in ("waiting", "withdrawn")]
	made = (
		charts.outcomes(["A"], rows),
		charts.failures(rows),
		charts.times(["A"], rows),
		charts.people(rows),
		charts.messages(rows, states),
	)
	for link, chart in zip(there.charts, made, strict=True):
		doc = frappe.get_doc("Dashboard Chart", link.chart)
		assert chart and json.loads(doc.custom_options)["colors"] == chart["colors"], link.chart
		assert len(chart["data"]["datasets"]) == len(chart["colors"])
		assert (doc.source, doc.is_standard) == ("Escalation Figures", 1)


def test_it_says_what_the_reports_say(world: World) -> None:
	today = world.now
	stored(
		[
			one(today - timedelta(days=1), plan="Day", status="Acknowledged", taken=90),
			one(today - timedelta(days=2), plan="Day", status="Acknowledged", taken=150),
			one(today - timedelta(days=3), plan="Night"),
			one(today - timedelta(days=3), plan="Night", nobody=True),
			one(today - timedelta(days=4), plan="Day", status="Escalating", nobody=True),
			one(today - timedelta(days=40), plan="Day"),
		]
	)
	assert [said(card) for card in CARDS.values()] == [5, 50, "2m", "2m 30s", 2, 2]
	opened = number_cards.exhausted()
	report = query_report.run(opened["route"][1], filters=opened["route_options"])
	assert len(report["result"]) == 2, "a card opens what it counts"
	listed = number_cards.nobody_notified()["route_options"]
	since = json.loads(listed["opened_utc"])
	assert len(frappe.get_list(ITEM, {"nobody_notified": 1, "opened_utc": since})) == 2
	assert shown("Plans That Fail Most in 30 Days") == {
		"Night": {"Exhausted": 1, "Nobody Notified": 1},
		"Day": {"Exhausted": 0, "Nobody Notified": 1},
	}
	assert list(shown("Plans That Fail Most in 30 Days")) == ["Night", "Day"], "the worst comes first"
	weeks = shown("Escalations by Week")
	assert len(weeks) == charts.WEEKS
	assert sum(sum(week.values()) for week in weeks.values()) == 6
	assert sum(week["Acknowledged"] for week in shown("Escalations by Week", plan="Night").values()) == 0
	times = [week["Median (min)"] for week in shown("Time to Acknowledge by Week").values()]
	assert [each for each in times if each is not None], "and no time in weeks in which nobody acknowledged"
	assert 0 not in times and None in times


def test_filters_that_are_none_are_refused_in_words(world: World) -> None:
	for given in ("[[1]]", "{", "7"):
		with pytest.raises(frappe.ValidationError, match="must be an object in JSON"):
			charts.get("Escalations by Week", given)


def test_it_claims_nothing_where_there_is_nothing(world: World) -> None:
	assert [said(card) for card in CARDS.values()] == [0, "–", "–", "–", 0, 0]
	assert [charts.get(name) for name in charts.DASHBOARD] == [{}] * 5


def test_today_and_its_week_are_those_of_the_sites_clock(
	world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
	monkeypatch.setattr(clock, "zone", lambda: "Pacific/Kiritimati")  # 14 hours ahead
	monkeypatch.setattr("frappe.utils.data.get_first_day_of_the_week", lambda: "Monday")
	world.now = datetime(2026, 11, 29, 12)  # a Sunday; there it is Monday already
	stored([one(datetime(2026, 11, 29, 11)), one(datetime(2026, 11, 29, 9))])
	exhausted = {label: parts["Exhausted"] for label, parts in shown("Escalations by Week").items()}
	assert list(exhausted.items())[-2:] == [("23 Nov", 1), ("30 Nov", 1)]
	assert charts.last_days()["to_date"] == datetime(2026, 11, 30).date()


def test_everyone_sees_their_own_and_managers_whom_it_wakes(world: World) -> None:
	world.plan((0, "Email"))
	world.ticket()
	world.forward(10)
	world.expect_email("tech@x.test")
	for user, count, may in (("manager@x.test", 1, 5), ("tech@x.test", 1, 3), ("stranger@x.test", 0, 3)):
		frappe.set_user(user)
		assert said(number_cards.escalations) == count
		assert len(get_permitted_charts(DASHBOARD)) == may, user
		assert len(get_permitted_cards(DASHBOARD)) == len(CARDS)
		for name in list(charts.DASHBOARD)[3:]:
			if may == 5:
				assert charts.get(name)
			else:
				with pytest.raises(frappe.PermissionError):
					charts.get(name)
	frappe.set_user("Administrator")


def test_a_bar_says_whose_it_is() -> None:
	"""Desk cuts what it has no room for, and people of one crew begin alike."""

	def labels(*names: str) -> list[str]:
		rows = [{"name": name, "pages": 1, "at_night": 0} for name in names]
		return (charts.people(rows) or {})["data"]["labels"]

	assert labels("Technician 11", "Technician 12", "Tina Tech") == ["T. 11", "T. 12", "Tina Tech"]
	assert labels("Ana María Fernández", "oncall@example.com", "") == [
		"A. M. Fernández",
		"oncall@example.com",
		"",
	]
	alike = ("Arnold Schmidtke", "Annemarie Schmidtke", "Beate Schmidtke")
	assert labels(*alike) == [*alike[:2], "B. Schmidtke"], "two that would be one stay as they are"
