"""The page behind an acknowledgement link (design rule 11).

Mail scanners, chat previews and browsers open links before people do. So GET shows a page and changes nothing;
the button on it posts. Whoever holds the link may use it: it was sent to one person (or address) only.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any

import frappe
from frappe import _
from frappe.sessions import get_csrf_token
from frappe.translate import print_language
from werkzeug.wrappers import Response

from escalation_mgmt.actions.acknowledge import Acknowledgement, acknowledge_by, as_they_are
from escalation_mgmt.delivery import tokens
from escalation_mgmt.engine import can_acknowledge
from escalation_mgmt.facts import people
from escalation_mgmt.facts.ticket_pages import TicketPages
from escalation_mgmt.storage import addressees, message_secrets
from escalation_mgmt.utils import clock, rate_limit, visitor
from escalation_mgmt.utils.doctypes import ITEM, NOTIFICATION
from escalation_mgmt.utils.error_reports import report_error
from escalation_mgmt.utils.identity import is_there
from escalation_mgmt.utils.language import direction
from escalation_mgmt.utils.retry import retry_on_conflict

PREFIX = "ack/"
TRIES_PER_MINUTE = 60  # of links that aren't valid, from one address of the internet
USES_PER_MINUTE = (
	120  # of one valid link: scanners and previews open it, too. Pressing the button is counted apart
)

_HEADERS = {
	"Cache-Control": "no-store",
	"Referrer-Policy": "no-referrer",  # the address is the secret
	"X-Robots-Tag": "noindex, nofollow",
	"X-Frame-Options": "DENY",
	"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self';"
	" frame-ancestors 'none'; base-uri 'none'",
}


@dataclass(frozen=True, slots=True)
class Line:
	"""One of several tickets that a link stands for. `state`: how it stands, where it doesn't wait for an acknowledgement."""

	ticket: str
	subject: str
	state: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
	"""What the page says."""

	title: str
	text: str
	status: int = 200
	tone: str = "plain"  # plain, urgent or good
	ticket: str = ""
	subject: str = ""
	button: str = ""
	items: tuple["Line", ...] = ()  # of a bundle, in place of ticket and subject
	open: str = ""  # the page on which whoever the link went to reads the ticket, after they log in


class AckPage:
	"""A page renderer of Frappe's, registered in hooks.py; it renders what lies under /ack/."""

	def __init__(self, path: str, http_status_code: int | None = None):
		self.path = path

	def can_render(self) -> bool:
		return self.path.startswith(PREFIX)

	def render(self) -> Response:
		"""A valid link is looked up before anything is counted, so that nobody else's tries can shut it out."""
		try:
			message = _message(self.path.removeprefix(PREFIX))
			if message and not _used_too_often(message):
				return _answer(message)
			return _too_many() if message else _not_valid()
		except Exception:
			frappe.db.rollback()
			report_error(
				"Escalation: the page behind a link broke"
			)  # Frappe's own report would hold the token
			frappe.db.commit()
			return _page(Sheet(_("That didn't work"), _("Try again, or open the ticket."), status=500))


def _answer(message: Any) -> Response:
	with print_language(message.language or frappe.local.lang), clock.in_zone(message.time_zone):
		if frappe.request.method == "POST":
			done = retry_on_conflict(lambda: acknowledge_by(message.answered, "Link"))
		else:
			done = as_they_are(message.answered)
		if len(message.answered) > 1:
			sheet = _sheet_of_several(done)
		else:
			(alone,) = message.answered
			sheet = _sheet(alone, done[alone.action_item]) if done else None
		return _page(sheet) if sheet else _not_valid()


def _used_too_often(message: Any) -> bool:
	presses = "press" if frappe.request.method == "POST" else "open"
	return not rate_limit.within(f"link:{presses}", message.name, USES_PER_MINUTE, 60)


def _not_valid() -> Response:
	"""Wrong, altered, expired, of somebody who has left or of what is gone: all look alike, so that nobody learns anything
	by trying."""
	if not rate_limit.within("ack", visitor.address(), TRIES_PER_MINUTE, 60):
		return _too_many()
	return _page(
		Sheet(
			_("This link is not valid"),
			_("It may have expired. Open the ticket in the helpdesk to acknowledge it there."),
			status=404,
		)
	)


def _too_many() -> Response:
	return _page(Sheet(_("Too many requests"), _("Wait a minute and try again."), status=429))


def _message(token: str) -> Any:
	"""The message that a token was sent with, if it is still valid. The token itself is stored nowhere."""
	secret = message_secrets.of_token(tokens.hashed(token))
	if not secret or not secret.token_expires_utc or secret.token_expires_utc <= clock.now():
		return None
	message = frappe.db.get_value(
		NOTIFICATION, secret.name, ["name", "action_item", "recipient", "user"], as_dict=True
	)
	if not message:
		return None
	message.address = secret.address
	message.answered = addressees.who_answers(message)
	if not message.answered:
		return None
	message.language, message.time_zone = people.language_and_zone(message.answered[0].user)
	return message


def _sheet(message: Any, done: Acknowledgement) -> Sheet | None:
	"""What is said of how it stands; None: the action item is gone."""
	columns = ["reference_doctype", "reference_name", "ticket_created", "ticket_subject"]
	item = frappe.db.get_value(ITEM, message.action_item, columns, as_dict=True)
	if not item:
		return None
	ticket = {
		"ticket": item.reference_name,
		"subject": item.ticket_subject,
		"open": _page_of(item, message.user),
	}
	if done.renewed:
		return Sheet(
			_("Noted"), _("You are still on it. The escalation waits for you."), tone="good", **ticket
		)
	if done.waits:
		return Sheet(_("Acknowledged"), done.in_words, tone="good", **ticket)
	if done.taken:
		text = _("The escalation has stopped. The ticket is waiting for your answer.")
		return Sheet(_("Acknowledged"), text, tone="good", **ticket)
	if can_acknowledge(done.status):
		if done.completes:
			text = _("Press the button to take it. The escalation stops, and the others are told.")
		else:
			text = _("Press the button, and you aren't asked again.") + " " + done.so_far
		return Sheet(_("Not acknowledged yet"), text, tone="urgent", button=_("Acknowledge"), **ticket)
	if done.asks(message.user or "", message.recipient):
		text = _("You acknowledged it, and nothing has happened since. Else the escalation goes on.")
		return Sheet(_("Are you still on it?"), text, tone="urgent", button=_("I Am Still on It"), **ticket)
	if done.by and done.at:
		at = clock.shown(done.at)
		text = _("By {0}, {1}.").format(done.by, at)
		return Sheet(_("Already acknowledged"), text, tone="good", **ticket)
	return Sheet(_("Nothing to do any more"), done.in_words, **ticket)


def _sheet_of_several(done: dict[str, Acknowledgement]) -> Sheet | None:
	"""The same of a bundle, whose one button is for all that is open. Who has what stands in its line."""
	columns = ["name", "reference_name", "ticket_subject"]
	of = {"name": ("in", list(done))}
	items = {item.name: item for item in frappe.get_all(ITEM, filters=of, fields=columns, order_by="name")}
	found = [(items[name], each) for name, each in done.items() if name in items]
	if not found:
		return None
	lines = tuple(_line(item, each) for item, each in found)
	waiting = sum(can_acknowledge(each.status) and not each.waits for _item, each in found)
	if taken := sum(each.taken for _item, each in found):
		text = _(
			"{0} of {1} escalations have stopped for you. Their tickets are waiting for your answer."
		).format(taken, len(found))
		return Sheet(_("Acknowledged"), text, tone="good", items=lines)
	if waiting:
		text = _(
			"Press the button to take all that are open. Their escalations stop, and the others are told."
		)
		button = _("Acknowledge All {0}").format(waiting)
		return Sheet(_("Not acknowledged yet"), text, tone="urgent", button=button, items=lines)
	return Sheet(_("Nothing to do any more"), _("Somebody has each of these, or it is over."), items=lines)


def _line(item: Any, done: Acknowledgement) -> Line:
	subject = item.ticket_subject or ""
	if done.taken or (can_acknowledge(done.status) and not done.waits):
		return Line(item.reference_name, subject, _("Acknowledged") if done.taken else "")
	return Line(item.reference_name, subject, done.in_words)


def _page_of(item: Any, reader: str | None) -> str:
	"""Where the ticket is read; empty for a bare address, behind which nobody can log in, and where the ticket is gone."""
	key = item.reference_doctype, item.reference_name
	if not reader or not is_there(*key, item.ticket_created):
		return ""
	return TicketPages().path(*key, reader)


def _page(sheet: Sheet) -> Response:
	if frappe.get_request_header("Accept") == "application/json":  # the button on a notification
		return Response(
			json.dumps(asdict(sheet)), status=sheet.status, mimetype="application/json", headers=_HEADERS
		)
	guest = frappe.session.user == "Guest"
	html = frappe.render_template(
		"escalation_mgmt/templates/ack.html",
		{
			"sheet": sheet,
			"csrf_token": "" if guest else get_csrf_token(),
			"lang": frappe.local.lang,
			"direction": direction(),
		},
	)
	return Response(html, status=sheet.status, mimetype="text/html", headers=_HEADERS)
