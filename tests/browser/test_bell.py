"""Desk's notifications as an agent sees them, and where a link from them and from a message leads."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.desk import PATIENCE, Desk, Window, plan_for, put_away
from tests.browser.seen import expect_seen

SECONDS = PATIENCE / 1000
SUBJECT = "Bell: the server room is on fire"
USER = "lead@x.test"


@pytest.fixture(scope="module")
def paged(desk: Desk) -> Iterator[tuple[str, str]]:
	"""A ticket of which the lead was paged, and the link in the message."""
	wants(desk, 1)
	step = {"method": "Email", "whom": "User", "user": USER}
	plan = plan_for(SUBJECT, "Bell", step, last_wait=3600)
	desk.as_administrator("frappe.client.insert", doc=plan)
	doc = {"doctype": "HD Ticket", "subject": SUBJECT, "raised_by": "c@x.test", "priority": "Urgent"}
	with desk.dispatcher():
		ticket = desk.as_administrator("frappe.client.insert", doc=doc)["name"]
		mail = desk.inbox.expect(method="Email", to=USER, contains=SUBJECT, timeout=SECONDS)
	yield str(ticket), mail.links[0]
	put_away(desk, "Bell", [ticket], USER)
	wants(desk, 0)


def wants(desk: Desk, enabled: int) -> None:
	of = {"doctype": "Notification Settings", "name": USER}
	desk.as_administrator("frappe.client.set_value", **of, fieldname="enabled", value=enabled)


def bell(window: Window) -> Locator:
	window.page.locator(".sidebar-notification:visible, .notifications-icon:visible").first.click()
	return window.page.locator(".notifications-list .notification-item", has_text=SUBJECT)


def test_a_page_stands_in_desks_notifications_and_leads_to_the_ticket(
	desk: Desk, paged: tuple[str, str]
) -> None:
	ticket, _link = paged
	with desk.window() as agent:
		agent.log_in(USER)
		agent.open("/app/hd-ticket")
		line = bell(agent)
		expect(line).to_have_count(1)
		expect(line).to_contain_text(f"Step 1 of 1: ticket {ticket} “{SUBJECT}” (Urgent) waits for you")
		expect_seen(line)
		assert re.fullmatch(rf"/helpdesk/tickets/{ticket}", line.get_attribute("href") or "")
		# What Frappe does where a line is renewed while Desk is open: the new one is put before the old one.
		line.evaluate("(old) => old.parentElement.prepend(old.cloneNode(true))")
		expect(line).to_have_count(1)


def test_the_page_behind_a_link_and_the_app_open_the_ticket(desk: Desk, paged: tuple[str, str]) -> None:
	ticket, link = paged
	with desk.window(phone=True) as phone:
		phone.page.goto(link)
		opens = phone.page.get_by_role("link", name="Open the Ticket")
		expect_seen(opens)
		assert opens.get_attribute("href") == f"/helpdesk/tickets/{ticket}"
		phone.log_in(USER)
		phone.page.goto("/escalations")
		card = phone.page.locator("article", has_text=SUBJECT)
		opens = card.get_by_role("link", name=f"Open the Ticket: {SUBJECT}")
		opens.scroll_into_view_if_needed()
		expect_seen(opens)
		assert opens.get_attribute("href") == f"/helpdesk/tickets/{ticket}"
