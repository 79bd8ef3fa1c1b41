"""The buttons in Escalation Settings. For managers only; nothing is sent to anybody."""

from collections.abc import Iterator, Sequence
from typing import Any

import frappe
from frappe import _

from escalation_mgmt.notifiers import CannotReach, several
from escalation_mgmt.notifiers.email import EmailNotifier
from escalation_mgmt.notifiers.push import fcm, vapid
from escalation_mgmt.notifiers.twilio import connection_check
from escalation_mgmt.notifiers.twilio.account import accounts
from escalation_mgmt.notifiers.twilio.base import TwilioProvider
from escalation_mgmt.notifiers.twilio.sms import SmsNotifier
from escalation_mgmt.permissions import only_for_managers
from escalation_mgmt.utils import installation, site_config


@frappe.whitelist(methods=["POST"])
def make_live() -> None:
	"""Let this installation send."""
	only_for_managers()
	if installation.is_live():
		frappe.throw(_("This installation is live already."))
	installation.make_live()
	frappe.msgprint(_("This installation is live: due steps are run and messages are sent."), alert=True)


@frappe.whitelist(methods=["POST"])
def test_twilio() -> dict[str, Any]:
	"""Ask each account with Twilio, and every further provider. Returns {"ok", "said": [sentences]}: with several, what is fine is
	said as well.
	"""
	only_for_managers()
	rows = several.rows()
	wrong, fine = [], []
	for ours in accounts():
		if not ours.sid and rows:
			continue
		found = connection_check.check(ours, sms=ours.sms, calls=ours.calls)
		for words, sentences in zip((wrong, fine), found, strict=True):
			words += [_named(ours.name, each) if rows else each for each in sentences]
	for name, problems in _of_rows(rows):
		wrong += [_named(name, each) for each in problems]
		fine += [] if problems else [_named(name, _("It is ready."))]
	return {"ok": not wrong, "said": wrong + fine if rows else wrong or fine}


def _named(name: str, words: str) -> str:
	return _("{0}: {1}").format(name, words)


def _of_rows(rows: Sequence[Any]) -> Iterator[tuple[str, list[str]]]:
	"""What is wrong with each further provider that isn't Twilio's."""
	providers = [*SmsNotifier().providers, *EmailNotifier().providers]
	others = {
		row.title for row in rows if row.kind in (several.Kind.SMS_SETTINGS, several.Kind.EMAIL_ACCOUNT)
	}
	for provider in providers:
		if provider.name in others and not isinstance(provider, TwilioProvider):
			why = provider.not_ready()
			yield provider.name, [why] if why else provider.refused()


@frappe.whitelist(methods=["POST"])
def test_fcm() -> dict[str, Any]:
	"""Returns {"ok", "said": in words}."""
	only_for_managers()
	try:
		return {"ok": True, "said": fcm.test_connection()}
	except CannotReach as e:
		return {"ok": False, "said": str(e)}


@frappe.whitelist(methods=["POST"])
def make_push_keys() -> str:
	"""Make a new pair of keys for Web Push. Returns the new public key."""
	only_for_managers()
	if site_config.text(site_config.VAPID_PRIVATE_KEY):
		frappe.throw(_("The key stands in the site's configuration file. Change it there."))
	return vapid.rotate()
