"""The printed account of an escalation: each step with its time, method and person, the history, and nothing that runs."""

import html
import re
from pathlib import Path
from typing import Any

import frappe
import requests

from escalation_mgmt.storage import history
from escalation_mgmt.utils import clock
from escalation_mgmt.utils.doctypes import ITEM
from tests.on_site import PASSWORD
from tests.world import World

FORMAT = "Escalation Account"


def printed(world: World, item: Any, user: str = "manager@x.test") -> requests.Response:
	"""As a browser gets it, from Frappe's own page."""
	frappe.db.commit()
	session = requests.Session()
	session.post(f"{world.url}/api/method/login", data={"usr": user, "pwd": PASSWORD}, timeout=30)
	asked = {"doctype": ITEM, "name": item.name, "format": FORMAT, "no_letterhead": 1}
	return session.get(f"{world.url}/printview", params=asked, timeout=30)


def test_it_says_each_step_with_its_time_method_and_person(world: World) -> None:
	world.contact("tech@x.test", "+4915112345678")
	world.plan((0, "SMS"), (5, "Email", "User", "lead@x.test"), (5, "Phone Call", "User", "second@x.test"))
	ticket = world.ticket("Rack <b>4</b> & 5")
	world.forward(10)
	first = world.now
	world.expect_sms("+4915112345678")
	world.forward(5)
	second = world.now
	world.forward(5)
	world.post(world.expect_email("lead@x.test").links[0])
	item = world.item(ticket)
	world.inbox.take_all()
	answer = printed(world, item)
	assert answer.status_code == 200
	account = answer.text.split('class="escalation-account"', 1)[1]
	steps = account.split('class="steps"', 1)[1].split("</table>", 1)[0]
	for at, method, person in ((first, "SMS", "Tina Tech"), (second, "Email", "Leo Lead")):
		row = next(row for row in steps.split("<tr>") if f"<td>{method}</td>" in row)
		assert clock.shown(at) in row and person in row and "Sent " in row
	missed = next(row for row in steps.split("<tr>") if "<td>Phone Call</td>" in row)
	assert "Sam Second" in missed and "can&#39;t be reached" in missed
	for fact in ("Leo Lead", "Link", "20m", "Outage", "First Response", clock.zone()):
		assert fact in account
	text = html.unescape(account.split('class="history"', 1)[1])
	places = [text.find(f">{each['line']}<") for each in history.of_item(item.name)]
	assert -1 not in places and places == sorted(places), "in its order"
	labels = re.findall(r"<th>([^<]+)</th>", account)
	example = (Path(__file__).parents[2] / "docs/account-example.md").read_text("utf-8")
	head, columns, _lines = (
		[row.strip("| ").split(" | ") for row in table.splitlines()]
		for table in re.findall(r"(?:^\|.*\n)+", example, re.MULTILINE)
	)
	assert columns[0] == labels[-len(columns[0]) :], "the document is what is printed today"
	assert [label for label, *_value in head[2:] if label in labels] == [
		label for label in labels if label in [row[0] for row in head]
	]
	assert not {row[0] for row in head[2:]} - {*labels, "Priority"}
	assert "15112345678" not in account and "lead@x.test" not in account


def test_nothing_in_it_runs_and_strangers_get_none(world: World) -> None:
	world.plan((0, "Email"))
	item = world.item(world.ticket("quiet"))
	hostile = "<img src=x onerror=escalation_canary()>"
	frappe.db.set_value(ITEM, item.name, {"ticket_subject": hostile, "team": hostile}, update_modified=False)
	account = printed(world, item).text
	assert hostile not in account and account.count("&lt;img src=x") >= 3
	assert "No step has run." in account
	assert "quiet" not in (refused := printed(world, item, "stranger@x.test").text)
	assert 'class="escalation-account"' not in refused
