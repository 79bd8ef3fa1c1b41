"""What a phone shows of a message, for browsers and for an app."""

import json
import time
from dataclasses import dataclass
from typing import Any

import frappe
from frappe import _
from frappe.translate import print_language
from frappe.utils import cint

from escalation_mgmt.notifiers.base import Message
from escalation_mgmt.notifiers.push import devices, fcm, web_push
from escalation_mgmt.notifiers.push.base import TTL
from escalation_mgmt.utils.doctypes import SETTINGS


@dataclass(frozen=True, slots=True)
class Content:
	"""What a phone shows. `tag`: one notification for each action item; a newer one replaces it."""

	title: str
	body: str
	tag: str
	link: str  # where a tap leads; it acknowledges nothing by itself
	urgent: bool  # asks for an acknowledgement
	button: str
	language: str
	pass_on: str = ""  # the other button; empty: there is none
	unsent: str = ""  # what is said where a button was pressed without a network
	waiting: int = 0  # the number on the app's icon
	quiet: bool = False  # news of an escalation: it wakes nobody
	critical: bool = False  # an app of one's own may sound through silent mode and Focus

	def as_json(self) -> str:
		"""For browsers, in the form of declarative Web Push: Safari 18.4 shows it without our service worker too.

		Source: W3C Push API, "Declarative push message".
		"""
		notification: dict[str, Any] = {
			"title": self.title,
			"body": self.body,
			"tag": self.tag,
			"lang": self.language,
			"navigate": self.link,
			"renotify": self.urgent,
			"requireInteraction": self.urgent,
			"silent": self.quiet,
			"data": {"link": self.link, "acknowledges": self.urgent},
		}
		if self.urgent:
			buttons = {"acknowledge": self.button, "pass_on": self.pass_on}
			notification["data"]["unsent"] = self.unsent
			notification["actions"] = [
				{"action": action, "title": title, "navigate": self.link}
				for action, title in buttons.items()
				if title
			]
		message = {"web_push": 8030, "notification": notification, "app_badge": self.waiting}
		return json.dumps(message, ensure_ascii=False)

	def as_fcm(self) -> dict[str, Any]:
		return fcm.message(
			title=self.title,
			body=self.body,
			item=self.tag,
			urgency=fcm.Urgency(urgent=self.urgent, critical=self.critical, badge=self.waiting),
			data={
				"item": self.tag,
				"link": self.link,
				"acknowledges": "1" if self.urgent else "0",
				"passes_on": "1" if self.pass_on else "0",
			},
			expires=int(time.time() + TTL.total_seconds()),
		)


def content_of(message: Message) -> Content:
	"""The content, cut to what a push service takes."""
	language = message.language or frappe.local.lang or "en"
	with print_language(language):
		button = _("Acknowledge")
		pass_on = _("Somebody Else") if message.link and message.context.get("step") else ""
		unsent = _("No connection: not sent. Press again.")
	title = " ".join(message.subject.split())[:150]
	body = message.text.strip()
	# A message without a link asks for nothing: it is a notice.
	link = message.link or devices.page_url()
	tag = str(message.context.get("item") or message.notification)

	critical = bool(cint(frappe.get_cached_doc(SETTINGS).get("push_critical")))

	def content(body: str) -> Content:
		asks = bool(message.link)
		more = {
			"pass_on": pass_on,
			"unsent": unsent,
			"waiting": message.waiting,
			"critical": critical and asks,
			"quiet": not asks and "item" in message.context,
		}
		return Content(title, body, tag, link, asks, button, language, **more)

	def size(body: str) -> int:
		return len(content(body).as_json().encode())

	bare = size("")
	while size(body) > web_push.LARGEST and len(body) > 1:
		keep = (web_push.LARGEST - bare) / (size(body) - bare)
		body = body[: max(int(len(body) * keep) - 4, 0)].rstrip() + "…"
	return content(body)
