"""The technician's page, /escalations: what it calls, and what serves it.

Made for a phone's home screen: there an iPhone (iOS 16.4 and later) takes notifications from a web page. The page is
small and our own, without Desk. Every function here is for the user who is logged in, one of those who can be paged and no
customer, and for their own devices.
"""

import hashlib
import json
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import frappe
from frappe import _
from frappe.sessions import get_csrf_token
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from escalation_mgmt import permissions
from escalation_mgmt.actions.acknowledge import acknowledge_as
from escalation_mgmt.delivery.single_message import send_single
from escalation_mgmt.engine import ActionItem, Status
from escalation_mgmt.facts import people
from escalation_mgmt.facts.ticket_pages import TicketPages
from escalation_mgmt.notifiers import egress
from escalation_mgmt.notifiers.base import CannotReach, Sent
from escalation_mgmt.notifiers.push import devices, services, vapid
from escalation_mgmt.notifiers.push.devices import PAGE, page_url
from escalation_mgmt.notifiers.push.iphone_push import IphonePushNotifier
from escalation_mgmt.storage import action_items, wording
from escalation_mgmt.storage.message_state import Purpose
from escalation_mgmt.utils import clock, installation
from escalation_mgmt.utils.doctypes import ITEM, NOTIFICATION
from escalation_mgmt.utils.error_reports import reported
from escalation_mgmt.utils.language import direction
from escalation_mgmt.utils.rate_limit import hourly

TESTS_PER_HOUR = 6
DEVICES_PER_HOUR = 20
_SHOWN = (Status.SCHEDULED, Status.ESCALATING, Status.SNOOZED, Status.ACKNOWLEDGED, Status.EXHAUSTED)
_DAYS = 7  # how long an exhausted item is shown
_MOST_ITEMS = 50


# --- what the page calls


@frappe.whitelist(methods=["POST"])
def overview() -> dict[str, Any]:
	"""All that the page shows: our public key, the user's devices, the escalations that concern them."""
	_user()
	return {"key": _public_key(), "devices": _devices(), "items": _items(), "live": installation.is_live()}


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
def acknowledge(action_item: str) -> dict[str, Any]:
	"""Acknowledge from the page. For whoever may read the ticket or was notified."""
	user = _user()
	permissions.only_for_staff()
	item = frappe.get_doc(ITEM, action_item)
	item.check_permission("read")
	done = acknowledge_as(user, item.name, "Phone Page")
	with _in_their_zone():
		message = done.in_words
	return {"taken": done.taken, "message": message, "items": _items()}


def _user() -> str:
	if frappe.session.user == "Guest":
		raise frappe.PermissionError(_("Log in first."))
	permissions.only_for_staff()
	return frappe.session.user


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
		fields=[
			*("name", "status", "reference_doctype", "reference_name", "ticket_subject", "priority"),
			*("ended_utc", "acknowledged_by", "current_step", "step_count"),
			*("acknowledged_user", "reminded", "acks", "clock"),
		],
		order_by="opened_utc desc",
		limit=_MOST_ITEMS,
	)
	items = {stored.item.id: stored.item for stored in action_items.read([row.name for row in found])}
	with _in_their_zone():
		return _shown(found, items, recent)


def _shown(found: list[Any], items: dict[str, ActionItem], recent: Any) -> list[dict[str, Any]]:
	user, pages, shown = frappe.session.user, TicketPages(), []
	for row in found:
		ended = row.pop("ended_utc")
		if ended and frappe.utils.get_datetime(ended) < recent:
			continue
		row["can_acknowledge"] = action_items.waits_for(row, user)
		del row["acknowledged_user"], row["acks"]
		row["url"] = pages.path(row.reference_doctype, row.reference_name, user)
		row["clock"] = _(row.clock)
		row["state"] = _in_words(row)
		row["next"] = _comes_next(items[row.name]) if row.name in items else ""
		shown.append(row)
	return sorted(shown, key=lambda row: not row["can_acknowledge"])


def _comes_next(item: ActionItem) -> str:
	"""What happens if nobody does anything, and when; empty where nothing does."""
	if item.held_at:
		return _("It is held, because the database was restored.")
	if item.paused_at and item.due_at:
		return _("The ticket waits for the customer: the clock stands still.")
	if not item.next_at:
		return ""
	at = clock.shown(item.next_at)
	if item.maintenance:
		return _("Held by a maintenance until {0}.").format(at)
	match item.status:
		case Status.SCHEDULED:
			return _("If nobody answers, it begins at {0}.").format(at)
		case Status.SNOOZED:
			return _("Quiet until {0}, then it goes on.").format(at)
		case Status.ACKNOWLEDGED if not item.reminded:
			return _("If nothing happens, there is a reminder at {0}.").format(at)
		case Status.ACKNOWLEDGED:
			return _("If nothing happens, it goes on at {0}.").format(at)
	if item.in_last_wait:
		return _("No step is left. If nobody acknowledges by {0}, the plan's owner is told.").format(at)
	return _("If nobody acknowledges, the next step runs at {0}.").format(at)


def _in_words(row: Any) -> str:
	if row.status == Status.ACKNOWLEDGED and row.reminded:
		return _("{0} has it, but nothing happens").format(row.acknowledged_by)
	if row.status == Status.ACKNOWLEDGED:
		return _("{0} has it").format(row.acknowledged_by)
	if row.status == Status.ESCALATING:
		return _("Escalating: step {0} of {1}").format(row.current_step or 0, row.step_count or 0)
	return wording.status(row.status)


# --- what serves it

_FILES = Path(__file__).parents[1] / "public" / "phone"
_SERVED = {
	f"{PAGE}.webmanifest": "application/manifest+json",
	f"{PAGE}-worker.js": "text/javascript",
	f"{PAGE}/page.js": "text/javascript",
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
				"given": _for_script({"csrf_token": get_csrf_token(), "words": words(), "page": page_url()}),
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
	"""Changes with the script, so that no browser runs an old one."""
	return hashlib.sha256((_FILES / "page.js").read_bytes()).hexdigest()[:12]


def _for_script(value: Any) -> str:
	"""JSON that can stand in a script element: nothing in it ends the element."""
	return json.dumps(value).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def words() -> dict[str, str]:
	"""What the page says. Here and not in the script, which has no translations of its own."""
	return {
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
		"unreachable": _("The server can't be reached. Check the connection, and press the button again."),
		"unreachable_device": _("the server or the notification service can't be reached"),
		"too_many": _("That was too often. Wait a minute and try again."),
		"broken": _("That didn't work. Try again, or open the ticket."),
		"ticket": _("Ticket {0}"),
		"open": _("Open the Ticket"),
		"acknowledge": _("Acknowledge"),
		"offline": _("No connection. Shown is what was last known."),
		"logged_out": _("You are logged out. Open this page again."),
		"copy": _("This site is a copy: it sends nothing."),
	}
