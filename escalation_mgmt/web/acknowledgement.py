"""The page behind an acknowledgement link (design rule 11).

Mail scanners, chat previews and browsers open links before people do. So GET shows a page and changes nothing;
the button on it posts. Whoever holds the link may use it: it was sent to one person (or address) only.
"""

import json
from collections.abc import Mapping
from typing import Any

import frappe
from frappe import _
from frappe.sessions import get_csrf_token
from frappe.translate import print_language
from werkzeug.wrappers import Response

from escalation_mgmt.actions.acknowledge import as_they_are
from escalation_mgmt.actions.from_message import What, do, offered
from escalation_mgmt.delivery import tokens
from escalation_mgmt.facts import people
from escalation_mgmt.storage import addressees, message_secrets
from escalation_mgmt.utils import clock, rate_limit, visitor
from escalation_mgmt.utils.doctypes import NOTIFICATION
from escalation_mgmt.utils.error_reports import report_error
from escalation_mgmt.utils.language import direction
from escalation_mgmt.utils.retry import retry_on_conflict
from escalation_mgmt.views import on_a_phone
from escalation_mgmt.web.sheet import Sheet, Shown, sheet_of

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
	"""Shown after what was pressed, if anything was: in the reader's language and zone."""
	with print_language(message.language or frappe.local.lang), clock.in_zone(message.time_zone):
		answered, pressed = message.answered, None
		if frappe.request.method == "POST":
			form = frappe.request.form
			what, minutes = form.get("do", ""), form.get("minutes")
			if what and what not in set(What):
				return _page(
					Sheet(_("That didn't work"), _("Open the link anew, and try again."), status=400)
				)
			pressed = retry_on_conflict(lambda: do(what, answered, "Link", minutes))
		done = (pressed and pressed.acknowledged) or as_they_are(answered)
		cards = on_a_phone.cards(done, answered[0].user or None)
		now = clock.unix(clock.now())
		sheet = sheet_of(Shown(answered[0], done, cards, now, offered(answered), pressed))
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


def _page(sheet: Sheet) -> Response:
	if frappe.get_request_header("Accept") == "application/json":  # the button on a notification
		return Response(
			json.dumps(sheet.as_json()), status=sheet.status, mimetype="application/json", headers=_HEADERS
		)
	token = "" if frappe.session.user == "Guest" else get_csrf_token()
	html = html_of(sheet, on_a_phone.words(), frappe.local.lang, direction(), token)
	return Response(html, status=sheet.status, mimetype="text/html", headers=_HEADERS)


def html_of(sheet: Sheet, words: Mapping[str, str], lang: str, direction: str, csrf_token: str = "") -> str:
	"""The page in a language: `words` are what it says around the sheet, `direction` is `ltr` or `rtl`."""
	known = {"words": words, "lang": lang, "direction": direction, "csrf_token": csrf_token}
	return frappe.render_template("escalation_mgmt/templates/ack.html", {"sheet": sheet, **known})
