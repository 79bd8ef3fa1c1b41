"""C9: what comes back to our emails: a person's reply, a mailbox that answers by itself, a mail server's report. None is a ticket.

Frappe fetches the mailbox by POP3, as it does everywhere. A stranger's mail lies in it each time, and becomes a ticket.
"""

import email.policy
import itertools
import pickle
from email.message import EmailMessage
from email.utils import make_msgid
from typing import Any

import frappe
import pytest
from frappe.email.doctype.email_account.email_account import EmailAccount
from frappe.model import base_document

from escalation_mgmt.actions.action import user_as_actor
from escalation_mgmt.actions.unacknowledge import unacknowledge
from escalation_mgmt.inbound import email_answers
from escalation_mgmt.inbound import mailbox as seam
from escalation_mgmt.preflight import readiness
from escalation_mgmt.preflight.finding import Grade
from escalation_mgmt.storage import message_secrets
from tests.world import World

TECH, LEAD = "tech@x.test", "lead@x.test"
pytestmark = pytest.mark.one_database
OURS = "helpdesk@x.test"
ACCOUNT = "Escalation Test"
_HOURS = itertools.count(1)  # a mail of the same subject would join its ticket
WROTE = "On Mon, 30 Nov 2026 at 03:00, Helpdesk <helpdesk@x.test> wrote:"


@pytest.fixture(autouse=True)
def mailbox(world: World) -> Any:
	"""The site's outgoing account fetches mail, too, and makes tickets of it, as most helpdesks' does."""
	host, port = world.providers.pop3_address
	fetched = {
		"enable_incoming": 1, "email_server": host, "incoming_port": port, "use_imap": 0, "use_ssl": 0,
		"append_to": "HD Ticket", "default_incoming": 1, "login_id_is_different": 0,
	}  # fmt: skip
	before = frappe.db.get_value("Email Account", ACCOUNT, list(fetched), as_dict=True)
	frappe.db.set_value("Email Account", ACCOUNT, fetched)
	frappe.clear_document_cache("Email Account", ACCOUNT)
	yield world.providers.mailbox
	frappe.db.rollback()
	world.providers.mailbox.clear()
	frappe.db.set_value("Email Account", ACCOUNT, before)
	frappe.clear_document_cache("Email Account", ACCOUNT)
	frappe.db.commit()


def paged(world: World, *more: tuple) -> tuple[Any, Any]:
	world.contact(TECH)
	world.plan((0, "Email"), *more)
	ticket = world.ticket()
	world.forward(10)
	return ticket, world.expect_email(TECH)


def reply_to(
	mail: Any, text: str, *, sender: str = TECH, quote: bool = True, names: bool = True, **headers: str
) -> EmailMessage:
	"""As mail programs answer: the Message-ID named, what was there quoted below."""
	reply = EmailMessage(policy=email.policy.SMTP)
	reply["From"], reply["To"] = sender, OURS
	reply["Subject"] = f"Re: {mail.subject}"
	reply["Message-ID"] = make_msgid(domain="x.test")
	if names:
		reply["In-Reply-To"] = reply["References"] = mail.id
	for name, value in headers.items():
		del reply[name.replace("_", "-")]
		reply[name.replace("_", "-")] = value
	quoted = "\n".join(f"> {line}" for line in mail.text.splitlines())
	reply.set_content(f"{text}\n\n{WROTE}\n{quoted}\n" if quote else text)
	return reply


def fetch(world: World, *mails: EmailMessage) -> list[str]:
	"""Frappe fetches them, and a stranger's with them. The subjects of the tickets that come of it, but for that one."""
	stranger = EmailMessage(policy=email.policy.SMTP)
	dark = f"My screen has been dark for {next(_HOURS)} hours"
	stranger["From"], stranger["To"], stranger["Subject"] = "stranger@x.test", OURS, dark
	stranger["Message-ID"] = make_msgid(domain="x.test")
	stranger.set_content("What now?")
	for mail in (*mails, stranger):
		world.providers.mailbox.put(mail.as_bytes())
	before = set(frappe.get_all("HD Ticket", pluck="name"))
	frappe.get_doc("Email Account", ACCOUNT).receive()
	frappe.db.commit()
	made = [row for row in frappe.get_all("HD Ticket", fields=["name", "subject"]) if row.name not in before]
	subjects = [row.subject for row in made]
	subjects.remove(dark)
	return subjects


def answered(world: World, contains: str) -> None:
	mail = world.expect_email(TECH, contains)
	assert mail.headers["x-auto-generated"] and mail.headers["auto-submitted"] != "no"


@pytest.mark.parametrize("said", ["ACK", "Acknowledged.", "ack\n\n-- \nTina Tech\nOperations"])
def test_a_reply_acknowledges(world: World, said: str) -> None:
	ticket, mail = paged(world, (30, "Email", "User", LEAD))
	assert fetch(world, reply_to(mail, said)) == []
	item = world.item(ticket)
	assert (item.acknowledged_user, item.acknowledged_via) == (TECH, "Email")
	answered(world, "Acknowledged. The escalation has stopped.")
	assert not frappe.db.exists("Communication", {"reference_doctype": "HD Ticket", "sender": TECH})
	world.forward(60)


def test_a_reply_passes_on(world: World) -> None:
	ticket, mail = paged(world, (30, "Email", "User", LEAD))
	assert fetch(world, reply_to(mail, "pass on")) == []
	answered(world, "Passed on, and not to you again.")
	world.forward()
	world.expect_email(LEAD)
	assert not world.item(ticket).acknowledged_by


@pytest.mark.parametrize("proof", [{"names": False}, {"quote": False}], ids=["quoted", "named"])
def test_either_proof_will_do(world: World, proof: dict) -> None:
	ticket, mail = paged(world)
	assert fetch(world, reply_to(mail, "ack", **proof)) == []
	assert world.item(ticket).acknowledged_user == TECH
	answered(world, "Acknowledged")


def test_a_reply_as_html_and_a_link_that_a_mail_gateway_rewrote(world: World) -> None:
	ticket, mail = paged(world)
	reply = reply_to(mail, "", quote=False, names=False)
	link = mail.links[0].replace(":", "%3A").replace("/", "%2F")
	reply.set_content(
		f'<div>ACK</div><blockquote><a href="https://safe.test/?url={link}&amp;data=1">Acknowledge</a></blockquote>',
		subtype="html",
	)
	assert fetch(world, reply) == []
	assert world.item(ticket).acknowledged_user == TECH
	answered(world, "Acknowledged")


def test_what_isnt_understood_is_said_kept_and_changes_nothing(world: World) -> None:
	ticket, mail = paged(world)
	assert fetch(world, reply_to(mail, "ok, the switch is dead: +49 151 12345601 knows")) == []
	item = world.item(ticket)
	assert not item.acknowledged_by
	(line,) = [line for line in world.lines(item).splitlines() if "ok, the switch is dead" in line]
	assert line.startswith("An answer to the email to Tina Tech: ") and "12345601" not in line
	answered(world, "reply with the one word ACK")


def test_an_answer_of_ours_can_be_answered(world: World) -> None:
	"""Which says how to acknowledge. That it comes back says nothing of the page."""
	ticket, mail = paged(world)
	assert fetch(world, reply_to(mail, "Hm?")) == []
	ours = world.expect_email(TECH, "This wasn't understood.")
	assert fetch(world, report(ours)) == []
	assert [m.status for m in world.messages(world.item(ticket))] == ["Sent"]
	assert fetch(world, reply_to(ours, "ack")) == []
	assert world.item(ticket).acknowledged_user == TECH
	answered(world, "Acknowledged")


def test_a_strangers_mail_doesnt_wait_for_our_answers_nor_for_one_that_breaks(
	world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
	_ticket, mail = paged(world)
	seen, send = [], email_answers.send_single

	def see(*what: Any) -> Any:
		seen.append(frappe.db.count("HD Ticket"))
		if len(seen) == 1:
			raise ValueError
		return send(*what)

	monkeypatch.setattr(email_answers, "send_single", see)
	before = frappe.db.count("HD Ticket")
	assert fetch(world, reply_to(mail, "Hm?"), reply_to(mail, "What?")) == []
	assert seen == [before + 1] * 2
	answered(world, "This wasn't understood.")
	world.expect_error("an answer to an email can't be read, or be answered")


def test_without_proof_it_is_frappes_as_any_mail(world: World) -> None:
	ticket, mail = paged(world)
	guessed = mail.id[:1] + ("0" if mail.id[1] != "0" else "1") + mail.id[2:]
	(message,) = world.messages(world.item(ticket))
	known = message.provider_message_id.strip("<>").partition("@")[0]
	read = [f"<{known}{more}@x.test>" for more in ("", f".{16 * '0'}")]  # by whoever may read the item
	forged = [
		reply_to(mail, "ACK", quote=False, In_Reply_To=which, References=which, Subject=f"Re: {which}")
		for which in (guessed, message.provider_message_id, *read)
	]
	assert len(fetch(world, *forged)) == 4
	assert not world.item(ticket).acknowledged_by


def test_somebody_else_has_no_say_and_hears_nothing(world: World) -> None:
	ticket, mail = paged(world)
	assert fetch(world, reply_to(mail, "ACK", sender="stranger@x.test")) == []
	assert not world.item(ticket).acknowledged_by
	assert "An answer to the email to Tina Tech: ACK" in world.lines(world.item(ticket))


def test_what_somebody_forwards_is_a_ticket(world: World) -> None:
	ticket, mail = paged(world)
	forwarded = reply_to(mail, "ACK", Subject=f"Fwd: {mail.subject}")
	assert fetch(world, forwarded) == [forwarded["Subject"]]
	assert not world.item(ticket).acknowledged_by


def test_a_customer_to_whom_ours_was_shown_is_heard(world: World) -> None:
	"""Somebody forwarded our mail, or answered it with the customer in Cc: what the customer then writes is no answer to us."""
	ticket, mail = paged(world)
	agents = make_msgid(domain="x.test")
	headers = {"In_Reply_To": agents, "References": f"{mail.id} {agents}", "sender": "customer@x.test"}
	later = reply_to(mail, "Still dark", quote=False, Subject="Re: In Cc", **headers)
	shown = reply_to(mail, "ack", names=False, sender="customer@x.test", Subject="Re: Fwd: Shown")
	lost = report(mail, returned=False)  # of somebody else's mail that quotes ours
	assert set(fetch(world, later, shown, lost)) == {each["Subject"] for each in (later, shown, lost)}
	item = world.item(ticket)
	assert not item.acknowledged_by and [m.status for m in world.messages(item)] == ["Sent"]
	assert "An answer to the email" not in world.lines(item)


def test_an_agents_mail_to_a_customer_that_quotes_ours_stays_with_its_ticket(world: World) -> None:
	_ticket, mail = paged(world)
	asked = reply_to(mail, "Why?", quote=False, names=False, sender="customer@x.test", Subject="Why so dark?")
	assert fetch(world, asked) == ["Why so dark?"]
	headers = {"In_Reply_To": asked["Message-ID"], "References": f"{mail.id} {asked['Message-ID']}"}
	said = reply_to(mail, "Somebody is on it, see below.", Subject="Re: Why so dark?", **headers)
	assert fetch(world, said) == []
	assert frappe.db.exists("Communication", {"reference_doctype": "HD Ticket", "sender": TECH})


def test_a_mailbox_that_a_group_hands_on_and_an_address_for_answers(world: World) -> None:
	ticket, mail = paged(world)
	assert fetch(world, reply_to(mail, "ack", Precedence="list", Reply_To="team@x.test")) == []
	assert world.item(ticket).acknowledged_user == TECH
	answered(world, "Acknowledged")


def test_whoever_answers_when_their_address_was_forgotten_hears_that_it_is_over(world: World) -> None:
	_ticket, mail = paged(world)
	message_secrets.forget_addresses([mail.headers["x-escalation-notification"]])
	frappe.db.commit()
	assert fetch(world, reply_to(mail, "The fan is still loud")) == []
	world.expect_email(TECH, "This wasn't understood.")


MACHINES = {
	"away": {"Auto_Submitted": "auto-replied", "Subject": "Out of office until Monday"},
	"exchange": {"X_Autoreply": "yes"},
	"bulk": {"Precedence": "bulk"},
	"nobody": {"Return_Path": "<>"},
}


@pytest.mark.parametrize("headers", MACHINES.values(), ids=MACHINES)
def test_a_mailbox_that_answers_by_itself_changes_nothing(world: World, headers: dict) -> None:
	"""Even where it says the word. Nothing answers it, and history says what it said."""
	ticket, mail = paged(world)
	assert fetch(world, reply_to(mail, "ACK", **headers)) == []
	assert not world.item(ticket).acknowledged_by
	assert "An answer to the email to Tina Tech: ACK" in world.lines(world.item(ticket))


def report(
	mail: Any, *, action: str = "failed", status: str = "5.1.1", whole: bool = True, returned: bool = True
) -> EmailMessage:
	"""As RFC 3464 has it, and Postfix writes it."""
	sent = email.message_from_bytes(mail.raw, policy=email.policy.SMTP)
	came_back = (
		"Content-Type: message/rfc822\r\n\r\n" + sent.as_string()
		if whole
		else "Content-Type: text/rfc822-headers\r\n\r\n" + sent.as_string().partition("\r\n\r\n")[0] + "\r\n"
	)
	if not returned:
		came_back = f"Content-Type: message/rfc822\r\n\r\nSubject: Look\r\n\r\n> {mail.links[0]}\r\n"
	text = f"""From: Mail Delivery System <MAILER-DAEMON@mx.x.test>\r
To: {OURS}\r
Subject: Undelivered Mail Returned to Sender\r
Message-ID: {make_msgid(domain="mx.x.test")}\r
Auto-Submitted: auto-replied\r
MIME-Version: 1.0\r
Content-Type: multipart/report; report-type=delivery-status; boundary="x0x"\r
\r
--x0x\r
Content-Type: text/plain\r
\r
I'm sorry to have to inform you that your message could not be delivered.\r
--x0x\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mx.x.test\r
\r
Final-Recipient: rfc822; {TECH}\r
Action: {action}\r
Status: {status}\r
Diagnostic-Code: smtp; 550 {status} <{TECH}>: no such user here\r
\r
Final-Recipient: rfc822; beside@x.test\r
Action: delayed\r
Status: 4.4.1\r
\r
--x0x\r
{came_back}\r
--x0x--\r
"""
	return email.message_from_string(text, policy=email.policy.SMTP)


@pytest.mark.parametrize("whole", [True, False], ids=["the mail", "its headers"])
def test_a_mail_that_comes_back_goes_on_another_way(world: World, whole: bool) -> None:
	world.contact(TECH, "+4915112345601")
	world.plan((0, "Email"), (30, "SMS"))
	ticket = world.ticket()
	world.forward(10)
	mail = world.expect_email(TECH)
	assert fetch(world, report(mail, whole=whole)) == []
	world.forward()
	world.expect_sms("+4915112345601")
	lines = world.lines(world.item(ticket)).splitlines()
	(failed,) = [line for line in lines if "Email to Tina Tech failed." in line]
	assert "The mail came back: 550 5.1.1" in failed and TECH not in failed


QMAIL = """Hi. This is the qmail-send program at mx.x.test.\r
<tech@x.test>:\r
550 5.1.1 no such user here\r
\r
--- Below this line is a copy of the message.\r
\r
"""
EXIM = """A message that you sent could not be delivered. The following address(es) failed:\r
\r
  tech@x.test\r
    host mx.x.test [192.0.2.1]: 550 5.1.1 no such user here\r
\r
"""


@pytest.mark.parametrize(
	("text", "headers"),
	[
		(QMAIL, "Return-Path: <>"),
		(EXIM, "X-Failed-Recipients: tech@x.test"),
		(EXIM, "Auto-Submitted: auto-replied"),
	],
	ids=["qmail", "exim", "exim, late"],
)
def test_a_report_in_words(world: World, text: str, headers: str) -> None:
	ticket, mail = paged(world)
	said = (
		f"From: MAILER-DAEMON@mx.x.test\r\nTo: {OURS}\r\nSubject: failure notice\r\n{headers}\r\n\r\n{text}"
	)
	returned = email.message_from_bytes(mail.raw, policy=email.policy.SMTP).as_string()
	assert fetch(world, email.message_from_string(said + returned, policy=email.policy.SMTP)) == []
	item = world.item(ticket)
	failed = "X-Failed" in headers or text == QMAIL
	assert world.messages(item)[0].status == ("Failed" if failed else "Sent")
	assert failed == ("The mail came back: 550 5.1.1 no such user here" in world.lines(item))


def test_a_mail_that_is_late_changes_nothing(world: World) -> None:
	ticket, mail = paged(world)
	assert fetch(world, report(mail, action="delayed", status="4.4.1")) == []
	assert [m.status for m in world.messages(world.item(ticket))] == ["Sent"]


def test_a_report_on_a_mail_that_isnt_ours_is_frappes(world: World) -> None:
	_ticket, mail = paged(world)
	returned = report(mail, whole=False).as_string().replace(mail.id, "<somebody@else.test>")
	assert len(fetch(world, email.message_from_string(returned, policy=email.policy.SMTP))) == 1


def test_a_link_that_has_expired_acknowledges_by_reply_no_more(world: World) -> None:
	ticket, mail = paged(world)
	world.wait(60 * 24 * 4)
	assert fetch(world, reply_to(mail, "ACK")) == []
	assert not world.item(ticket).acknowledged_by
	answered(world, "There is nothing to acknowledge any more.")


def test_machines_that_answer_each_other_come_to_an_end(world: World) -> None:
	_ticket, mail = paged(world)
	assert fetch(world, *(reply_to(mail, f"What? {n}") for n in range(15))) == []
	for _answer in range(10):
		answered(world, "This wasn't understood.")


def test_a_mailbox_that_is_fetched_once_more_acknowledges_no_later_course(world: World) -> None:
	"""As after a change of its IMAP server: what was answered before the escalation began anew answers nothing of the new one."""
	ticket, mail = paged(world)
	reply = reply_to(mail, "ACK")
	assert fetch(world, reply) == []
	answered(world, "Acknowledged")
	world.forward(2)
	assert unacknowledge(world.item(ticket).name, user_as_actor(TECH, "Desk")).done
	world.tick()
	assert fetch(world, reply) == []
	assert not world.item(ticket).acknowledged_by


def test_a_mailbox_is_of_our_class_and_of_those_of_the_other_apps_and_can_be_kept_in_the_cache(
	world: World,
) -> None:
	"""Helpdesk has one; Frappe 15 takes the last alone. What is in the cache comes back as what it was."""
	found = frappe.get_doc("Email Account", ACCOUNT)
	theirs = frappe.get_hooks("override_doctype_class")["Email Account"]
	assert isinstance(found, seam.Mailbox)
	for path in theirs:
		assert isinstance(found, frappe.get_attr(path)), path
	assert type(pickle.loads(pickle.dumps(found))) is type(found)
	assert type(frappe.get_cached_doc("Email Account", ACCOUNT)) is type(found)


def test_readiness_says_where_another_app_replaces_what_fetches_mail(
	world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
	"""As Helpdesk does on Frappe 15, installed after ours."""
	said = "What people reply to our emails becomes tickets"
	assert not any(finding.problem.startswith(said) for finding in readiness.findings())
	monkeypatch.setitem(frappe.controllers[frappe.local.site], "Email Account", EmailAccount)
	(finding,) = [finding for finding in readiness.findings() if finding.problem.startswith(said)]
	assert finding.grade == Grade.AMBER


class OfAnotherApp(EmailAccount):
	def get_inbound_mails(self) -> list:
		return super().get_inbound_mails()


def test_frappe_15_which_extends_no_class_keeps_that_of_another_app(
	world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
	"""Helpdesk has one; ours comes before it, and is one class as long as that is."""
	theirs = f"{__name__}.{OfAnotherApp.__name__}"
	hooks = {"override_doctype_class": {"Email Account": [theirs, f"{seam.__name__}.MailboxOfFrappe15"]}}
	monkeypatch.setattr(frappe, "get_hooks", lambda name, *_more: hooks[name])
	monkeypatch.setattr(frappe, "get_installed_apps", lambda *_args, **_options: ["frappe", "tests"])
	assert (seam.MailboxOfFrappe15 is OfAnotherApp) == hasattr(base_document, "_get_extended_class")
	monkeypatch.delattr(base_document, "_get_extended_class", raising=False)
	ours = seam.MailboxOfFrappe15
	assert (
		issubclass(ours, seam.Mailbox) and issubclass(ours, OfAnotherApp) and ours is seam.MailboxOfFrappe15
	)
	assert ours.get_inbound_mails is seam.Mailbox.get_inbound_mails
	hooks["override_doctype_class"]["Email Account"].pop(0)
	assert issubclass(seam.MailboxOfFrappe15, EmailAccount) and not issubclass(
		seam.MailboxOfFrappe15, OfAnotherApp
	)
