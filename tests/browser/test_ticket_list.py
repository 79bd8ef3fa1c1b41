"""Desk's list of tickets: the escalation in a column of its own, filtered by a click."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.desk import PATIENCE, Desk, Window, plan_for, put_away
from tests.browser.seen import at_every_width, expect_seen

BURNS, OVER, QUIET = "The list burns", "The list has burnt", "The list is quiet"
COLUMN = "[data-filter^='escalation_mgmt_status,']"
AGENT = (
	"second@x.test"  # Desk remembers by what each has filtered: nobody else's test opens the list as this one
)
STEP = {"method": "Email", "whom": "User", "user": "second@x.test"}


@pytest.fixture(scope="module")
def tickets(desk: Desk) -> Iterator[dict[str, str]]:
	"""One that escalates, one that is exhausted, one that no plan takes: {subject: name}."""
	for doc in (
		plan_for(BURNS, "Burning List", STEP, {**STEP, "wait": 3600}),
		plan_for(OVER, "Burnt List", STEP, last_wait=1),
	):
		desk.as_administrator("frappe.client.insert", doc=doc)
	named = {}
	for subject in (QUIET, OVER, BURNS):
		ticket = {
			"doctype": "HD Ticket",
			"subject": subject,
			"priority": "Low",
			"raised_by": "customer@x.test",
		}
		named[subject] = str(desk.as_administrator("frappe.client.insert", doc=ticket)["name"])
	with desk.dispatcher():
		for _message in range(2):
			desk.inbox.expect(
				method="Email", to="second@x.test", contains="The list", timeout=PATIENCE / 1000
			)
		desk.inbox.expect(
			method="Email", to="owner@x.test", contains="Nobody acknowledged", timeout=PATIENCE / 1000
		)
	yield named
	put_away(desk, "Burning List", [named[BURNS]], "second@x.test")
	off = {"doctype": "Escalation Plan", "name": "Burnt List", "fieldname": "enabled", "value": 0}
	desk.as_administrator("frappe.client.set_value", **off)
	for subject in (OVER, QUIET):
		closed = {"doctype": "HD Ticket", "name": named[subject], "fieldname": "status", "value": "Closed"}
		desk.as_administrator("frappe.client.set_value", **closed)
	desk.inbox.take_all()


def row(window: Window, subject: str) -> Locator:
	return window.page.locator(".list-row", has_text=subject)


def test_the_column_says_how_it_stands_at_every_width(desk: Desk, tickets: dict[str, str]) -> None:
	"""Where Desk shows no such column (Frappe 15 on a phone), it stands at the subject."""
	with desk.window() as agent:
		agent.log_in(AGENT)
		agent.open("/app/hd-ticket?subject=%5B%22like%22%2C%22The+list%25%22%5D")
		for _where in at_every_width(agent):
			for subject, says in ((BURNS, r"Escalating 1 of 2\s*\d\d:\d\d"), (OVER, r"Exhausted\s*")):
				mark = row(agent, subject).locator(".escalation-mark:not(:empty)")
				expect(mark).to_have_text(re.compile(says))
				expect(mark).to_have_count(1)
				expect_seen(mark)
				expect(row(agent, subject).locator(f"{COLUMN} .escalation-mark")).to_have_count(1)
			expect(row(agent, QUIET).locator(".escalation-mark:not(:empty)")).to_have_count(0)
			expect(row(agent, QUIET).locator(COLUMN)).to_be_hidden()
			style = agent.page.add_style_tag(content=f"{COLUMN} {{ display: none !important; }}")
			beside = row(agent, BURNS).locator(".list-subject .escalation-mark")
			expect(beside).to_have_text(re.compile(r"Escalating 1 of 2\s*\d\d:\d\d"))
			expect_seen(beside)
			style.evaluate("style => style.remove()")
			expect(beside).to_be_empty()


def test_one_click_filters_by_it(desk: Desk, tickets: dict[str, str]) -> None:
	with desk.window() as agent:
		agent.log_in(AGENT)
		agent.open("/app/hd-ticket?subject=%5B%22like%22%2C%22The+list%25%22%5D")
		expect(row(agent, QUIET)).to_be_visible()
		row(agent, OVER).locator(f"{COLUMN} .escalation-mark").click()
		expect(row(agent, QUIET)).to_have_count(0)
		expect(row(agent, BURNS)).to_have_count(0)
		expect_seen(row(agent, OVER).locator(f"{COLUMN} .escalation-mark"))
		assert "escalation_mgmt_status=Exhausted" in agent.page.url


def test_a_long_list_is_asked_for_in_no_longer_address_than_servers_take(
	desk: Desk, tickets: dict[str, str]
) -> None:
	"""Gunicorn, behind which benches run, takes 4,094 bytes of a request's first line: Desk's list shows 500 tickets, or 2,500."""
	with desk.window() as agent:
		agent.log_in(AGENT)
		agent.open("/app/hd-ticket?subject=%5B%22like%22%2C%22The+list%25%22%5D")
		mark = row(agent, BURNS).locator(f"{COLUMN} .escalation-mark")
		expect(mark).to_have_text(re.compile(r"Escalating"))
		more = "Array.from({length: 500}, (_, n) => ({name: `ISS-2026-${10000 + n}`}))"
		with agent.page.expect_response(
			re.compile(r"escalation_mgmt\.api\.tickets"), timeout=30_000
		) as asked:
			agent.page.evaluate(f"() => {{ cur_list.data = [...cur_list.data, ...{more}]; }}")
		request = asked.value.request
		assert len(f"{request.method} {request.url} HTTP/1.1") < 4094
		assert set(asked.value.json()["message"]) == {tickets[BURNS], tickets[OVER]}


def test_the_form_says_it_once(desk: Desk, tickets: dict[str, str]) -> None:
	"""By our line, which is always true: the list's fields aren't shown beside it."""
	with desk.window() as agent:
		agent.log_in(AGENT)
		agent.open(f"/app/hd-ticket/{tickets[OVER]}")
		expect(agent.page.locator(".escalation-ticket:visible")).to_contain_text("nobody acknowledged")
		for field in ("status", "step", "due"):
			expect(agent.page.locator(f"[data-fieldname='escalation_mgmt_{field}']:visible")).to_have_count(0)
