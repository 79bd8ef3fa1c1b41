"""Our email says that a machine wrote it, so that no helpdesk makes a ticket of it and nobody who is away answers it."""

from email.message import EmailMessage
from typing import Any

from escalation_mgmt.api import contacts
from tests.world import World

TECH, LEAD = "tech@x.test", "lead@x.test"


def is_a_machines(headers: dict[str, str]) -> bool:
	"""As Helpdesk (X-Auto-Generated), RFC 3834 (Auto-Submitted), Exchange (X-Auto-Response-Suppress) and who follows them read it."""
	mail = EmailMessage()
	for name, value in headers.items():
		mail[name] = value
	automatic = (mail.get("Auto-Submitted") or "no").split(";")[0].strip().lower()
	return (
		bool(mail.get("X-Auto-Generated"))
		and automatic == "auto-generated"
		and mail.get("X-Auto-Response-Suppress") == "All"
	)


def told(mail: Any) -> bool:
	headers = {name: value for name, value in mail.headers.items() if "auto" in name.lower()}
	return is_a_machines(headers) and not {"list-id", "precedence"} & {name.lower() for name in mail.headers}


def test_a_page_a_notice_and_a_test_are_a_machines_mail(world: World) -> None:
	world.contact(TECH)
	world.plan((0, "Email"), (0, "Email", "User", LEAD))
	world.ticket()
	world.forward(10)
	page, other = world.expect_email(TECH), world.expect_email(LEAD)
	world.post(page.links[0])
	world.forward(1)
	notice = world.expect_email(LEAD, "has acknowledged")
	contacts.send_test(TECH, "Email")
	test = world.expect_email(TECH, "This is a test")
	assert [told(mail) for mail in (page, other, notice, test)] == [True] * 4


def test_its_id_stands_in_one_line(world: World) -> None:
	"""Longer than the others may be: not every server finds it in the next."""
	world.plan((0, "Email"))
	world.ticket()
	world.forward(10)
	mail = world.expect_email(TECH)
	lines = [
		line
		for line in mail.raw.splitlines()
		if line.startswith((b"Message-ID:", b"X-Escalation-Message-ID:"))
	]
	assert [line.partition(b": ")[2].decode() for line in lines] == [mail.id] * 2
