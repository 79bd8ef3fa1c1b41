"""The technician's page, /escalations: what it calls, and what serves it.

Made for a phone's home screen: there an iPhone (iOS 16.4 and later) takes notifications from a web page. The page is
small and our own, without Desk. Every function here is for the user who is logged in, one of those who can be paged and no
customer, and for their own devices.
"""

import gzip
import hashlib
import json
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import frappe
from frappe import _
from frappe.sessions import get_csrf_token
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from escalation_mgmt import permissions
from escalation_mgmt.actions import from_message
from escalation_mgmt.actions.acknowledge import acknowledge_by, in_words
from escalation_mgmt.actions.from_message import What
from escalation_mgmt.delivery.single_message import send_single
from escalation_mgmt.engine import Status
from escalation_mgmt.facts import people
from escalation_mgmt.notifiers import egress
from escalation_mgmt.notifiers.base import CannotReach, Sent
from escalation_mgmt.notifiers.push import devices, services, vapid
from escalation_mgmt.notifiers.push.devices import PAGE
from escalation_mgmt.notifiers.push.iphone_push import IphonePushNotifier
from escalation_mgmt.storage import action_items, history
from escalation_mgmt.storage.message_state import Purpose
from escalation_mgmt.utils import clock, installation
from escalation_mgmt.utils.doctypes import ITEM, NOTIFICATION
from escalation_mgmt.utils.error_reports import reported
from escalation_mgmt.utils.identity import is_there
from escalation_mgmt.utils.language import direction
from escalation_mgmt.utils.plain_text import plain
from escalation_mgmt.utils.rate_limit import hourly
from escalation_mgmt.utils.retry import retry_on_conflict
from escalation_mgmt.views import on_a_phone, sent

TESTS_PER_HOUR = 6
DEVICES_PER_HOUR = 20
VIA = "Phone Page"
_SHOWN = (Status.SCHEDULED, Status.ESCALATING, Status.SNOOZED, Status.ACKNOWLEDGED, Status.EXHAUSTED)
_DAYS = 7  # how long an exhausted item is shown
_MOST_ITEMS = 50


# --- what the page calls


@frappe.whitelist(methods=["POST"])
def overview(as_user: str = "") -> dict[str, Any]:
	"""All that the page shows: our public key, the user's devices, the escalations that concern them.

	`as_user`: for whom the page was opened; with another one's session it is refused.
	"""
	_user(as_user)
	more = {"live": installation.is_live(), "now": clock.unix(clock.now())}
	return {"key": _public_key(), "devices": _devices(), "items": _items(), **more}


@frappe.whitelist(methods=["POST"])
@reported("Escalation: add_device broke")
def add_device(
	kind: str,
	endpoint: str,
	label: str = "",
	p256dh: str = "",
	auth: str = "",
	server_key: str = "",
	replaces: str = "",
) -> dict:
	"""Add a device of the present user: a browser's subscription, or an app's FCM token.

	`endpoint`: the subscription's, or the token. `p256dh`, `auth`, `server_key`: of a subscription, base64url.
	`replaces`: the address of one of the user's own devices, which goes.
	Throws in words where the device can't be written to; more than 20 an hour are refused.
	"""
	user = _user()
	hourly("device", frappe.session.user, DEVICES_PER_HOUR)
	endpoint = devices.checked_endpoint(endpoint)
	if kind == devices.WEB_PUSH:
		try:
			services.check(endpoint)
		except egress.Forbidden as e:
			frappe.throw(str(e))
		p256dh, auth = devices.checked_keys(p256dh, auth)
		if server_key not in vapid.key_pairs():
			frappe.throw(_("This device was added with another key than ours. Reload the page."))
	elif kind == devices.FCM:
		p256dh = auth = server_key = ""
	else:
		frappe.throw(_("There is no such kind of device."))
	if replaces:
		devices.forget(user, replaces)
	name = devices.add(user, kind, endpoint, label, p256dh=p256dh, auth=auth, server_key=server_key)
	return {"device": name, "devices": _devices()}


@frappe.whitelist(methods=["POST"])
@reported("Escalation: remove_device broke")
def remove_device(device: str) -> dict[str, Any]:
	"""Remove one of the present user's devices."""
	devices.remove(_user(), device)
	return {"devices": _devices()}


@frappe.whitelist(methods=["POST"])
@reported("Escalation: send_test broke")
def send_test() -> dict[str, Any]:
	"""Send the present user a notification, now, to all of their devices. At most six an hour.

	Returns {"sent": whether a device took it, "message": in words, "devices"}.
	"""
	user = _user()
	if not installation.is_live():
		frappe.throw(_("This site is a copy: it sends nothing."))
	hourly("test", frappe.session.user, TESTS_PER_HOUR)
	notifier = IphonePushNotifier()
	try:
		address = notifier.check_user(user)
	except CannotReach as e:
		return {"sent": False, "message": str(e), "devices": _devices()}
	outcome = send_single(notifier, address, _("Notifications reach this device."), frappe.local.lang)
	return {"sent": isinstance(outcome, Sent), "message": outcome.detail, "devices": _devices()}


@frappe.whitelist(methods=["POST"])
def do(
	action_item: str,
	what: str = What.ACKNOWLEDGE,
	minutes: int = 0,
	position: str = "",
	as_user: str = "",
	kept: float = 0,
) -> dict[str, Any]:
	"""Do from the page what a message offers. Acknowledging is for whoever may read the ticket or was notified, the rest for whom it
	concerns: notified, assigned, or with the right to change the ticket.

	`position`: what the page had shown as coming next. `as_user`: for whom it was opened. `kept`: it was pressed without a network, then (Unix
	time), and counts only where the escalation hasn't begun anew since, and they haven't undone one since.
	"""
	user = _user(as_user)
	item = frappe.get_doc(ITEM, action_item)
	item.check_permission("read")
	if what not in set(What):
		frappe.throw(_("There is no action {0}.").format(plain(what, 140)))
	if what != What.ACKNOWLEDGE and not _concerns(user, item):
		raise frappe.PermissionError(_("You may not do this on this ticket."))
	answered = from_message.answered_by_user(user, item.name, position)
	with _in_their_zone():
		if kept and what == What.ACKNOWLEDGE:
			message = retry_on_conflict(lambda: _acknowledge_kept(user, answered, clock.from_unix(kept)))
		else:
			message = retry_on_conflict(lambda: from_message.do(what, answered, VIA, minutes)).message
	now = clock.unix(clock.now())
	return {"what": what, "item": item.name, "message": message, "items": _items(), "now": now}


def _acknowledge_kept(user: str, answered: list[Any], pressed: datetime) -> str:
	"""Of what they said before by one door and took back by another, the later counts."""
	if any(history.has_undone(each.action_item, user, pressed) for each in answered):
		return _("You took it back after you had pressed this; nothing was changed.")
	return in_words(acknowledge_by(answered, VIA, of_generation=True))


def _concerns(user: str, item: Any) -> bool:
	"""Whether this person was paged about it, or has it; else who may change the ticket."""
	if user == item.acknowledged_user or user in json.loads(item.assignees or "[]"):
		return True
	if frappe.db.exists(NOTIFICATION, {"action_item": item.name, "user": user, "purpose": Purpose.PAGE}):
		return True
	key = item.reference_doctype, item.reference_name
	return is_there(*key, item.ticket_created) and bool(frappe.has_permission(key[0], "write", key[1]))


def _user(as_user: str = "") -> str:
	user = frappe.session.user
	if user == "Guest" or (as_user and as_user != user):
		raise frappe.PermissionError(_("Log in first."))
	permissions.only_for_staff()
	return user


def _in_their_zone() -> AbstractContextManager[None]:
	_language, zone = people.language_and_zone(frappe.session.user)
	return clock.in_zone(zone)


def _public_key() -> str:
	return next(iter(vapid.key_pairs(generate=True)))


def _devices() -> list[dict[str, Any]]:
	found = devices.of(frappe.session.user)
	with _in_their_zone():
		for row in found:
			for column in ("added_at", "last_used_at"):
				row[column] = clock.shown(clock.to_utc(row[column]))
	return found


def _items() -> list[dict[str, Any]]:
	"""Open escalations of which the user was notified, or whose ticket is assigned to them; most urgent first."""
	user = frappe.session.user
	notified = frappe.get_all(
		NOTIFICATION,
		filters={"user": user, "purpose": Purpose.PAGE},
		pluck="action_item",
		distinct=True,
		order_by="action_item desc",
		limit=1000,
	)
	recent = frappe.utils.add_days(clock.now(), -_DAYS)
	found = frappe.get_list(
		ITEM,
		filters={"status": ("in", [str(status) for status in _SHOWN])},
		or_filters=[
			["name", "in", notified or [""]],
			["assignees", "like", f"%{json.dumps(user)}%"],
			["acknowledged_user", "=", user],
		],
		fields=["name", "status", "ended_utc", "acknowledged_user", "acknowledged_by", "reminded", "acks"],
		order_by="opened_utc desc",
		limit=_MOST_ITEMS,
	)
	rows = {
		row.name: row
		for row in found
		if not row.ended_utc or frappe.utils.get_datetime(row.ended_utc) >= recent
	}
	with _in_their_zone():
		cards = on_a_phone.cards(rows, user)
		shown = [_shown(cards[name], row, user) for name, row in rows.items() if name in cards]
	return sorted(shown, key=lambda row: (not row["can_acknowledge"], -row["level"]))


def _shown(card: on_a_phone.Card, row: Any, user: str) -> dict[str, Any]:
	can_acknowledge = action_items.waits_for(row, user)
	answered = from_message.answered_by_user(user, card.item)
	offers = [
		{"what": each.what, "label": each.label, "minutes": each.minutes, "why_not": each.why_not}
		for each in from_message.offered(answered)
		if can_acknowledge or each.what is What.UNDO
	]
	return {
		**asdict(card),
		"status": row.status,
		"can_acknowledge": can_acknowledge,
		"offers": offers,
	}


# --- what serves it

_FILES = Path(__file__).parents[1] / "public" / "phone"
_SCRIPTS = ("kept.js", "cards.js", "page.js", "devices.js")  # in this order
_SERVED = {
	f"{PAGE}.webmanifest": "application/manifest+json",
	f"{PAGE}-worker.js": "text/javascript",
	**{f"{PAGE}/{script}": "text/javascript" for script in _SCRIPTS},
	f"{PAGE}/icon-180.png": "image/png",
	f"{PAGE}/icon-192.png": "image/png",
	f"{PAGE}/icon-512.png": "image/png",
	f"{PAGE}/badge-96.png": "image/png",
}
_HEADERS = {
	"Cache-Control": "no-store",
	"Referrer-Policy": "same-origin",
	"X-Content-Type-Options": "nosniff",
	"X-Frame-Options": "DENY",
	"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self';"
	" img-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; frame-ancestors 'none';"
	" base-uri 'none'",
}


class PhonePage:
	"""A page renderer of Frappe's, registered in hooks.py; it renders /escalations and the few files that it needs."""

	def __init__(self, path: str, http_status_code: int | None = None):
		self.path = path

	def can_render(self) -> bool:
		return self.path == PAGE or self.path in _SERVED

	def render(self) -> Response:
		if self.path in _SERVED:
			return self._file()
		if (
			frappe.get_request_header("Accept") == "application/json"
		):  # the page, which may be older than the session
			session = {"user": "Guest"} if frappe.session.user == "Guest" else _session()
			return Response(json.dumps(session), mimetype="application/json", headers=_HEADERS)
		if frappe.session.user == "Guest":
			return redirect(f"/login?redirect-to={quote('/' + PAGE)}", code=302)
		permissions.only_for_staff()
		return self._page()

	def _page(self) -> Response:
		html = frappe.render_template(
			"escalation_mgmt/templates/phone.html",
			{
				"lang": frappe.local.lang,
				"direction": direction(),
				"user": frappe.session.user,
				"full_name": frappe.db.get_value("User", frappe.session.user, "full_name")
				or frappe.session.user,
				"given": _for_script(_session() | {"words": words()}),
				"scripts": _SCRIPTS,
				"made_of": _made_of(),
			},
		)
		return Response(html, mimetype="text/html", headers=_HEADERS)

	def _file(self) -> Response:
		if self.path.endswith(".webmanifest"):
			content = json.dumps(manifest()).encode()
		else:
			content = (_FILES / self.path.rpartition("/")[2]).read_bytes()
		headers = {"Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff"}
		if self.path.endswith("-worker.js"):
			# A browser must notice a new one; and it serves no page but this.
			headers |= {"Cache-Control": "no-cache", "Service-Worker-Allowed": f"/{PAGE}"}
		if not self.path.endswith(".png"):
			# Here, because what stands before the site compresses no script, as a bench's nginx has it.
			headers["Vary"] = "Accept-Encoding"
			if frappe.request.accept_encodings["gzip"]:
				headers["Content-Encoding"] = "gzip"
				content = gzip.compress(content, mtime=0)
		return Response(content, mimetype=_SERVED[self.path], headers=headers)


def manifest() -> dict[str, Any]:
	"""What a home screen is told (W3C Web Application Manifest). Without it, iOS gives a page no notifications."""
	return {
		"id": f"/{PAGE}",
		"name": _("Escalations"),
		"short_name": _("Escalations"),
		"start_url": f"/{PAGE}",
		"scope": "/",  # the acknowledgement page opens inside as well
		"display": "standalone",
		"background_color": "#14181b",
		"theme_color": "#c0341d",
		"icons": [
			{
				"src": f"/{PAGE}/icon-{size}.png",
				"sizes": f"{size}x{size}",
				"type": "image/png",
				"purpose": purpose,
			}
			for size in (192, 512)
			for purpose in ("any", "maskable")
		],
	}


def _made_of() -> str:
	"""Changes with the scripts, so that no browser runs an old one."""
	read = b"".join((_FILES / script).read_bytes() for script in _SCRIPTS)
	return hashlib.sha256(read).hexdigest()[:12]


def _session() -> dict[str, str]:
	"""Who is logged in, and what a post of theirs needs."""
	return {"user": frappe.session.user, "csrf_token": get_csrf_token()}


def _for_script(value: Any) -> str:
	"""JSON that can stand in a script element: nothing in it ends the element."""
	# As it is written: an Arabic letter is two bytes, and six where it is escaped.
	text = json.dumps(value, ensure_ascii=False)
	return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def words() -> dict[str, str]:
	"""What the page says. Here and not in the script, which has no translations of its own."""
	return (
		on_a_phone.words()
		| sent.words()
		| {
			"on": _("Notifications reach this device."),
			"off": _("This device gets no notifications yet."),
			"allow": _("Allow Notifications"),
			"allowing": _("One moment…"),
			"denied": _(
				"Notifications are forbidden for this page. Allow them in the phone's settings, under Notifications,"
				" and open this page again."
			),
			"dismissed": _("Nothing was allowed. Press the button again and choose Allow."),
			"insecure": _("Notifications need an address that begins with https://. Ask your administrator."),
			"unsupported": _(
				"This browser can't take notifications. Use Safari on an iPhone, or Chrome, Edge or Firefox."
			),
			"failed": _("This device couldn't be added: {0}"),
			"test": _("Send Me a Test"),
			"remove": _("Remove"),
			"this_device": _("this device"),
			"added": _("Added {0}"),
			"last_used": _("last used {0}"),
			"no_devices": _("No device yet."),
			"no_items": _("Nothing is escalating that concerns you."),
			"close": _("Close"),
			"unreachable": _(
				"The server can't be reached. Check the connection, and press the button again."
			),
			"unreachable_device": _("the server or the notification service can't be reached"),
			"too_many": _("That was too often. Wait a minute and try again."),
			"broken": _("That didn't work. Try again, or open the ticket."),
			"acknowledge": _("Acknowledge"),
			"undo": _("Undo"),
			"seconds": _("{0} min {1} s"),
			"offline": _("No connection."),
			"offline_known": _("No connection. Shown is what was last known."),
			"known": _("Last heard of the server: {0}."),
			"waiting": _(
				"No connection: not sent yet, and nobody knows of it. It is kept on this phone, and sent as soon as there is a network and"
				" this page is open."
			),
			"waiting_card": _("Waiting to be sent. Nobody knows yet that you take it."),
			"sent": _("Sent, now that there is a network:"),
			"logged_out": _("You are logged out. Open this page again."),
			"logged_out_waiting": _(
				"You are logged out. What was pressed on this phone has not been sent, and nobody knows of it: log in again, and it is sent."
			),
			"copy": _("This site is a copy: it sends nothing."),
		}
	)
