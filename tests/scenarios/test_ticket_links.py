"""Every link to a ticket leads where its reader works: agents to Helpdesk's page, customers to its portal, others to Desk."""

from collections.abc import Iterator
from typing import Any

import frappe
import pytest
from frappe.utils import get_url_to_form

from escalation_mgmt.facts import sources
from escalation_mgmt.facts.ticket_pages import TicketPages
from escalation_mgmt.storage import bell
from escalation_mgmt.utils.doctypes import SETTINGS
from tests import on_site
from tests.world import PAGER, World, needs

AGENT, TECHNICIAN, CUSTOMER = "tech@x.test", "desk.only@x.test", "portal.only@x.test"
TICKET = sources.HD_TICKET


def desk(name: Any, doctype: str = TICKET) -> str:
	return "/" + get_url_to_form(doctype, str(name)).split("/", 3)[3]


@pytest.fixture(autouse=True)
def people(world: World) -> Iterator[None]:
	"""Beside an agent: somebody of Desk who is none, and somebody without Desk."""
	if not frappe.db.exists("User", TECHNICIAN):
		on_site.add_person(TECHNICIAN, "Dora Desk", "Escalation Responder", "System Manager")
	if not frappe.db.exists("User", CUSTOMER):
		names = {"email": CUSTOMER, "first_name": "Cus", "send_welcome_email": 0, "user_type": "Website User"}
		frappe.get_doc({"doctype": "User", **names}).insert(ignore_permissions=True)
	frappe.db.commit()
	yield
	frappe.db.rollback()
	for user in (TECHNICIAN, CUSTOMER):
		frappe.delete_doc("User", user, force=True, ignore_permissions=True)
	frappe.db.commit()


def test_each_reader_has_a_page(world: World) -> None:
	pages = TicketPages([AGENT, TECHNICIAN])
	assert pages.path(TICKET, "17", AGENT) == "/helpdesk/tickets/17"
	assert pages.path(TICKET, "17", CUSTOMER) == "/helpdesk/my-tickets/17"
	for nobody_known in (TECHNICIAN, "Administrator", "no.such@x.test", None, ""):
		assert pages.path(TICKET, "17", nobody_known) == desk(17), nobody_known
	assert pages.path(TICKET, "A/B ?#1", AGENT) == "/helpdesk/tickets/A%2FB%20%3F%231"


def test_tickets_of_another_doctype_are_read_in_desk(world: World) -> None:
	needs("Issue")
	for reader in (AGENT, CUSTOMER, None):
		assert TicketPages().path("Issue", "ISS-1", reader) == desk("ISS-1", "Issue")


def test_without_helpdesk_everybody_reads_in_desk(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
	monkeypatch.setattr(frappe, "get_installed_apps", lambda *_a, **_k: ["frappe", "escalation_mgmt"])
	assert TicketPages().path(TICKET, "17", AGENT) == desk(17)


def test_however_a_site_describes_helpdesks_tickets_they_are_read_there(world: World) -> None:
	settings = frappe.get_doc(SETTINGS)
	settings.append("sources", {"reference_doctype": TICKET, "subject_field": "subject"})
	settings.flags.ignore_validate = True
	settings.save()
	assert TicketPages().path(TICKET, "17", AGENT) == "/helpdesk/tickets/17"


def test_who_was_made_inactive_as_an_agent_reads_in_desk(world: World) -> None:
	agent = frappe.db.get_value("HD Agent", {"user": AGENT})
	if not agent:
		agent = frappe.get_doc({"doctype": "HD Agent", "user": AGENT, "agent_name": "Tina"}).insert().name
	frappe.db.set_value("HD Agent", agent, "is_active", 0)
	assert TicketPages().path(TICKET, "17", AGENT) == desk(17)
	frappe.db.set_value("HD Agent", agent, "is_active", 1)
	assert TicketPages().path(TICKET, "17", AGENT) == "/helpdesk/tickets/17"
	frappe.db.rollback()


def test_each_door_leads_its_reader_there(world: World) -> None:
	settings = frappe.get_doc(SETTINGS)
	settings.public_url = "https://desk.example"
	settings.save()
	world.endpoint(payload='{"url": {{ ticket.url | tojson }}}')
	world.plan(
		(0, "Email"),
		(0, "Email", "User", TECHNICIAN),
		(0, "Email", "User", CUSTOMER),
		(0, "Email", "Address", "bare@y.test"),
		(0, "HTTP POST", "Endpoint", PAGER),
		message="Read it: {{ ticket.url }}",
	)
	ticket = world.ticket()
	world.forward(10)
	at = "https://desk.example"
	mails = {to: world.expect_email(to) for to in (AGENT, TECHNICIAN, CUSTOMER, "bare@y.test")}
	assert f"Read it: {at}/helpdesk/tickets/{ticket.name}" in mails[AGENT].text
	assert f"Read it: {at}{desk(ticket.name)}" in mails[TECHNICIAN].text
	assert f"Read it: {at}/helpdesk/my-tickets/{ticket.name}" in mails[CUSTOMER].text
	assert f"Read it: {at}{desk(ticket.name)}" in mails["bare@y.test"].text
	assert world.expect_page().body["url"] == f"{at}{desk(ticket.name)}"


def test_the_page_behind_a_link_leads_there(world: World) -> None:
	world.plan((0, "Email"), (0, "Email", "User", TECHNICIAN), (0, "Email", "Address", "bare@y.test"))
	ticket = world.ticket()
	world.forward(10)
	shown = {to: world.get(world.expect_email(to).links[0]).text for to in (AGENT, TECHNICIAN, "bare@y.test")}
	assert f'href="/helpdesk/tickets/{ticket.name}"' in shown[AGENT]
	assert f'href="{desk(ticket.name)}"' in shown[TECHNICIAN]
	assert "Open the Ticket" not in shown["bare@y.test"]


def test_the_app_leads_there(world: World) -> None:
	world.plan((0, "Email"))
	ticket = world.ticket()
	world.forward(10)
	world.expect_email(AGENT)
	session = world.login(AGENT)
	answer = session.post(f"{world.url}/api/method/escalation_mgmt.web.technician.overview", timeout=30)
	assert answer.ok, answer.text
	(item,) = answer.json()["message"]["items"]
	assert item["url"] == f"/helpdesk/tickets/{ticket.name}"


def test_a_notice_and_the_bell_lead_there(world: World) -> None:
	frappe.db.set_value("Notification Settings", TECHNICIAN, "enabled", 1)
	world.plan((0, "Email", "User", TECHNICIAN))
	ticket = world.ticket()
	world.forward(10)
	world.expect_email(TECHNICIAN)
	assert frappe.db.get_value(bell.LOG, {"for_user": TECHNICIAN, "type": "Alert"}, "link") == desk(
		ticket.name
	)
	world.wait(1)
	world.reply(ticket)
	world.tick()
	assert desk(ticket.name) in world.expect_email(TECHNICIAN, "has been answered").text
