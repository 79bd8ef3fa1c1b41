"""Our accounts with Twilio and our senders, as Escalation Settings or the configuration say.

A setting of the first is taken from the environment (ESCALATION_TWILIO_AUTH_TOKEN), else from the site's configuration
(escalation_twilio_auth_token), else from Escalation Settings (twilio_auth_token).
"""

import os
import re
import zlib
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import frappe
from frappe import _
from frappe.utils.password import get_decrypted_password

from escalation_mgmt.notifiers import egress, several
from escalation_mgmt.notifiers.several import Kind
from escalation_mgmt.notifiers.twilio import phone_numbers
from escalation_mgmt.utils import public_address, site_config
from escalation_mgmt.utils.doctypes import PROVIDER, SETTINGS

OWN = "Twilio"  # what the first account is called
API = "https://api.twilio.com"
_ACCOUNT = re.compile(r"AC[0-9a-fA-F]{32}")
_SERVICE = re.compile(r"MG[0-9a-fA-F]{32}")


@dataclass(frozen=True, slots=True)
class Account:
	"""What Escalation Settings (or the configuration) say of Twilio."""

	sid: str
	auth_token: str
	previous_auth_token: str
	api_key: str
	api_secret: str
	numbers: tuple[str, ...]  # that we call and write from, E.164
	service: str  # a Messaging Service, which chooses its own senders
	api_url: str
	public_url: str  # of this site, without a slash at its end
	name: str = OWN  # as messages and history call it
	sms: bool = True  # whether SMS go by it, and calls
	calls: bool = True

	@property
	def log_in(self) -> tuple[str, str]:
		return (self.api_key, self.api_secret) if self.api_key else (self.sid, self.auth_token)

	def number_for(self, recipient: str) -> str:
		"""The number that a recipient is always called and written to from, of all that there are."""
		return self.numbers[zlib.crc32(recipient.encode()) % len(self.numbers)]

	def callback(self, function: str, **query: str) -> str:
		"""The address of one of our callbacks, as Twilio calls it."""
		known = f"?{urlencode(query)}" if query else ""
		return f"{self.public_url}/api/method/escalation_mgmt.inbound.twilio.{function}{known}"


def accounts() -> list[Account]:
	"""Every account, in the administrator's order. The first, whose fields stand in Escalation Settings themselves, is first
	unless a row names it; it is left out where nobody has set it up and there are others.
	"""
	found, placed = [], False
	for row in several.rows():
		does = {"sms": bool(row.sms), "calls": bool(row.calls)}
		if row.kind == Kind.TWILIO_ABOVE:
			found.append(replace(account(), **does))
			placed = True
		elif row.kind == Kind.TWILIO:
			found.append(_of_row(row, **does))
	if not placed and ((own := account()).sid or not found):
		found.insert(0, own)
	return found


def of(*, calls: bool) -> list[Account]:
	"""The accounts that calls go by, or SMS."""
	return [each for each in accounts() if (each.calls if calls else each.sms)]


def _of_row(row: Any, **does: bool) -> Account:
	return Account(
		sid=(row.account_sid or "").strip(),
		auth_token=_secret(row, "auth_token"),
		previous_auth_token=_secret(row, "previous_auth_token"),
		api_key=(row.api_key or "").strip(),
		api_secret=_secret(row, "api_secret"),
		numbers=tuple(re.split(r"[,\s]+", row.numbers.strip())) if (row.numbers or "").strip() else (),
		service=(row.messaging_service_sid or "").strip(),
		api_url=(configured("api_url") or API).rstrip("/"),
		public_url=public_address.configured(),
		name=row.title,
		**does,
	)


def _secret(row: Any, field: str) -> str:
	if not row.get(field):
		return ""
	return get_decrypted_password(PROVIDER, row.name, field, raise_exception=False) or ""


def account() -> Account:
	"""The first, whose fields stand in Escalation Settings themselves."""
	return Account(
		sid=setting("account_sid"),
		auth_token=setting("auth_token", secret=True),
		previous_auth_token=setting("previous_auth_token", secret=True),
		api_key=setting("api_key"),
		api_secret=setting("api_secret", secret=True),
		numbers=tuple(re.split(r"[,\s]+", setting("numbers"))) if setting("numbers") else (),
		service=setting("messaging_service_sid"),
		# Only those who run the site may send our credentials elsewhere: no field of Escalation Settings.
		api_url=(configured("api_url") or API).rstrip("/"),
		public_url=public_address.configured(),
	)


def configured(name: str) -> str:
	"""A setting from the environment or the site's configuration."""
	found = os.environ.get(f"ESCALATION_TWILIO_{name.upper()}", "").strip()
	return found or site_config.text(f"{site_config.TWILIO}{name}")


def setting(name: str, *, secret: bool = False) -> str:
	if found := configured(name):
		return found
	if secret:
		return get_decrypted_password(SETTINGS, SETTINGS, f"twilio_{name}", raise_exception=False) or ""
	return str(frappe.get_cached_doc(SETTINGS).get(f"twilio_{name}") or "").strip()


def problem(ours: Account, *, calls: bool) -> str | None:
	"""Why nothing can be sent, in words that tell what to do; None: it can. Looks at the settings only."""
	no_proxy = egress.proxy_problem()
	problems = (
		(no_proxy, no_proxy),
		(not ours.sid, _("Twilio isn't set up. Enter the Account SID in Escalation Settings.")),
		(
			not _ACCOUNT.fullmatch(ours.sid),
			_("The Account SID in Escalation Settings is not one: it is AC and 32 digits or letters a to f."),
		),
		(  # also with an API key: callbacks are signed with it
			not ours.auth_token,
			_("Enter Twilio's Auth Token in Escalation Settings: callbacks are checked with it."),
		),
		(
			ours.api_key and not ours.api_secret,
			_("Enter the secret of Twilio's API key in Escalation Settings, or take the key out."),
		),
		(
			ours.service and not _SERVICE.fullmatch(ours.service),
			_("The Messaging Service SID is not one: it is MG and 32 digits or letters a to f."),
		),
		(
			not ours.numbers and (calls or not ours.service),
			_("Enter at least one of your Twilio numbers in Escalation Settings."),
		),
		(
			not ours.public_url,
			_("Enter the Public Address in Escalation Settings: Twilio calls the site there."),
		),
	)
	return next((words for wrong, words in problems if wrong), None)


def check_settings(doc: Any, prefix: str = "twilio_") -> None:
	"""Refuse what can't be right, when Escalation Settings (or a row of them) are saved; numbers are made canonical. Raises
	ValueError.
	"""
	numbers = re.split(r"[,;\n]+", doc.get(f"{prefix}numbers") or "")
	canonical = [phone_numbers.normalised(number) for number in numbers if number.strip()]
	doc.set(f"{prefix}numbers", "\n".join(dict.fromkeys(canonical)))
	for field, form, words in (
		(f"{prefix}account_sid", _ACCOUNT, _("The Account SID is AC and 32 digits or letters a to f.")),
		(
			f"{prefix}messaging_service_sid",
			_SERVICE,
			_("The Messaging Service SID is MG and 32 digits or letters a to f."),
		),
	):
		value = (doc.get(field) or "").strip()
		doc.set(field, value)
		if value and not form.fullmatch(value):
			raise ValueError(words)
