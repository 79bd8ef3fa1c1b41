"""The report: filters, export, and who sees what."""

from datetime import datetime, timedelta

import frappe
import pytest
from frappe.desk import query_report

from escalation_mgmt.escalation_mgmt.report.escalation_history import escalation_history
from escalation_mgmt.storage.message_state import MessageState
from escalation_mgmt.utils import clock
from escalation_mgmt.views import number_cards
from tests.world import World


def story(world: World) -> tuple:
	world.plan((0, "Email"), (5, "Email", "User", "lead@x.test"), title="High")
	world.plan((0, "Email", "User", "stranger@x.test"), title="Urgent", priorities=["Urgent"])
	high, urgent = world.ticket("high"), world.ticket("urgent", priority="Urgent")
	world.forward(10)
	world.forward(5)
	world.expect_email("tech@x.test")
	world.expect_email("lead@x.test")
	link = world.expect_email("stranger@x.test").links[0]
	world.forward(2)
	world.post(link)
	world.tick()
	return high, urgent


def test_filters(world: World) -> None:
	high, urgent = story(world)
	assert len(world.report()) == 3
	assert {row["ticket"] for row in world.report(plan="Urgent")} == {str(urgent.name)}
	assert {row["ticket"] for row in world.report(priority="High")} == {str(high.name)}
	assert [row["person"] for row in world.report(person="lead@x.test")] == ["Leo Lead"]
	assert len(world.report(status="Acknowledged")) == 1
	assert len(world.report(ticket=high.name)) == 2
	today = frappe.utils.today()
	assert len(world.report(from_date=today, to_date=frappe.utils.add_days(today, 1))) == 3
	assert world.report(to_date=frappe.utils.add_days(today, -1)) == []
	row = world.report(plan="Urgent")[0]
	assert row["time_to_acknowledge"] == 17 * 60 and row["acknowledged_via"] == "Link"
	assert (row["acknowledged_at"] - row["created"]).total_seconds() == 17 * 60


def test_a_scheduled_item_is_a_row_of_its_own(world: World) -> None:
	world.plan((0, "Email"))
	world.ticket()
	row = world.report()[0]
	assert row["status"] == "Scheduled" and row["step"] is None


def test_everyone_sees_what_concerns_them(world: World) -> None:
	_high, urgent = story(world)
	for user, count in (("stranger@x.test", 1), ("lead@x.test", 3), ("manager@x.test", 3)):
		frappe.set_user(user)
		assert len(world.report()) == count, user
	frappe.set_user("stranger@x.test")
	assert {row["ticket"] for row in world.report()} == {str(urgent.name)}
	for doctype, count in (
		("Escalation Event", 1),
		("Escalation Notification", 1),
		("Escalation Action Item", 1),
	):
		assert bool(frappe.get_list(doctype)) == bool(count)
	others = frappe.get_all("Escalation Event", filters={"kind": "Created"}, pluck="name", order_by="name")
	assert sum(frappe.get_doc("Escalation Event", name).has_permission("read") for name in others) == 1
	frappe.set_user("Administrator")


def test_it_exports_as_frappes_reports_do(world: World) -> None:
	story(world)
	session = world.login("manager@x.test")
	answer = session.post(
		f"{world.url}/api/method/frappe.desk.query_report.export_query",
		data={
			"report_name": "Escalation History",
			"file_format_type": "CSV",
			"filters": '{"columns": "All"}',
			"visible_idx": "[0,1,2]",
			"csv_delimiter": ",",
			"csv_quoting": 2,
			"csv_decimal_sep": ".",
		},
		timeout=30,
	)
	assert answer.ok, answer.text[:500]
	assert "Tina Tech" in answer.text and "Time to Acknowledge" in answer.text


def test_nobody_acknowledged_is_nothing_and_not_zero(world: World) -> None:
	story(world)
	times = [(row["acknowledged_by"] or "", row["time_to_acknowledge"]) for row in world.report()]
	assert sorted(times, key=str) == [("", None), ("", None), ("Stan Stranger", 17 * 60)]


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
	("zone", "day", "begins", "ends"),
	[
		# Its midnight comes twice, and the first one begins it.
		("America/Havana", "2024-11-03", datetime(2024, 11, 3, 4), datetime(2024, 11, 4, 5)),
		# Its midnight is left out: 01:00 begins it.
		("America/Havana", "2024-03-10", datetime(2024, 3, 10, 5), datetime(2024, 3, 11, 4)),
		("Europe/Berlin", "2026-10-25", datetime(2026, 10, 24, 22), datetime(2026, 10, 25, 23)),
		("Asia/Beirut", "2026-10-24", datetime(2026, 10, 23, 21), datetime(2026, 10, 24, 22)),
		("UTC", "2026-10-25", datetime(2026, 10, 25), datetime(2026, 10, 26)),
	],
)
def test_a_day_is_whole_also_when_it_begins_twice(
	world: World, monkeypatch: pytest.MonkeyPatch, zone: str, day: str, begins: datetime, ends: datetime
) -> None:
	world.plan((0, "Email"))
	item = world.item(world.ticket())
	monkeypatch.setattr(clock, "zone", lambda: zone)
	for at, inside in (
		(begins, True),
		(begins - timedelta(seconds=1), False),
		(begins + HOUR, True),
		(ends - timedelta(seconds=1), True),
		(ends, False),
	):
		frappe.db.set_value("Escalation Action Item", item.name, "opened_utc", at)
		assert bool(world.report(from_date=day, to_date=day)) == inside, at


def test_the_hour_that_comes_twice_stands_in_the_order_in_which_it_happened_the_newest_first(
	world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
	world.plan((0, "Email"))
	first, second = world.item(world.ticket("first")), world.item(world.ticket("second"))
	monkeypatch.setattr(clock, "zone", lambda: "Europe/Berlin")
	# 02:50, and 20 minutes later 02:10.
	for item, at in ((first, datetime(2026, 10, 25, 0, 50)), (second, datetime(2026, 10, 25, 1, 10))):
		frappe.db.set_value("Escalation Action Item", item.name, "opened_utc", at)
	assert [row["action_item"] for row in world.report()] == [second.name, first.name]


def test_what_was_acknowledged_today_counts_from_the_first_midnight(
	world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
	world.plan((0, "Email"))
	item = world.item(world.ticket())
	monkeypatch.setattr(clock, "zone", lambda: "America/Havana")
	world.now = datetime(2026, 11, 1, 15)
	at = datetime(2026, 11, 1, 4, 30)  # 00:30, for the first time
	values = {"opened_utc": at - timedelta(minutes=5), "acknowledged_utc": at}
	frappe.db.set_value("Escalation Action Item", item.name, values)
	assert number_cards.time_to_acknowledge_today() == "5m"


def chart(*states: tuple[str, str]) -> dict[str, str]:
	"""{state as it is shown: its colour}, of messages of these methods and states."""
	shown = escalation_history._chart([{"method": method, "state": state} for method, state in states])
	assert shown
	names = [part["name"] for part in shown["data"]["datasets"]]
	return dict(zip(names, shown["colors"], strict=True))


def test_each_state_has_its_own_colour_whichever_others_there_are() -> None:
	states = [*map(str, MessageState), "Unreachable"]
	everything = chart(*(("Email", state) for state in states))
	assert set(everything) == set(states) and len(set(everything.values())) == len(states)
	for state in states:
		for other in states:
			some = chart(("Email", state), ("SMS", other), ("SMS", other))
			assert some == {name: everything[name] for name in (state, other)}
	assert escalation_history._chart([{"method": None, "state": None}]) is None


def test_the_chart_counts_possible_duplicates_with_their_state(world: World) -> None:
	story(world)
	frappe.db.set_value("Escalation Notification", {"recipient": "Leo Lead"}, "possible_duplicate", 1)
	frappe.db.commit()
	answer = query_report.run("Escalation History", filters={})
	(part,) = answer["chart"]["data"]["datasets"]
	assert (part["name"], part["values"]) == ("Sent", [3])


def test_an_item_that_was_answered_is_said_to_be(world: World) -> None:
	world.plan((0, "Email"))
	ticket = world.ticket()
	world.reply(ticket)
	world.sweep()
	assert world.item(ticket).status == "Resolved"
	assert world.report(status="Resolved")[0]["status"] == "Answered"


def test_two_people_of_one_name_are_two_groups_and_a_renamed_one_is_one(world: World) -> None:
	world.plan((0, "Email"), (0, "Email", "User", "lead@x.test"), (5, "Email"))
	world.ticket()
	world.forward(10)
	frappe.db.set_value(
		"User", "tech@x.test", "full_name", "Leo Lead"
	)  # as the other; what went out before says Tina Tech
	frappe.clear_document_cache("User", "tech@x.test")
	world.forward(5)
	try:
		rows = query_report.run("Escalation History", filters={"group_by": "person"})["result"]
	finally:
		frappe.db.set_value("User", "tech@x.test", "full_name", "Tina Tech")
		frappe.clear_document_cache("User", "tech@x.test")
		frappe.db.commit()
	for to in ("tech@x.test", "lead@x.test", "tech@x.test"):
		world.expect_email(to)
	groups = [row["group"] for row in rows if "group" in row]
	assert groups == ["Leo Lead, lead@x.test (1)", "Leo Lead, tech@x.test (1)"]
	assert [row["person"] for row in rows if row.get("person")] == ["Leo Lead", "Tina Tech", "Leo Lead"]
