"""Our keys for Web Push, and whom a push service may ask about us (RFC 8292, VAPID)."""

from urllib.parse import urlsplit

import frappe
from cryptography.hazmat.primitives.asymmetric import ec
from frappe import _
from frappe.utils.password import get_decrypted_password, set_encrypted_password
from py_vapid import Vapid02, VapidException

from escalation_mgmt.notifiers.base import CannotReach
from escalation_mgmt.notifiers.push import devices
from escalation_mgmt.utils import site_config
from escalation_mgmt.utils.doctypes import SETTINGS


def key_pairs(generate: bool = False) -> dict[str, Vapid02]:
	"""Our key pairs by their public key, the present one first; {} where there is none and none was asked for.

	The site's configuration (`escalation_vapid_private_key`: base64url of the 32 bytes) wins over Escalation
	Settings. The pair before the last rotation still serves the devices that haven't subscribed anew.
	"""
	present = site_config.text(site_config.VAPID_PRIVATE_KEY) or _stored("vapid_private_key")
	if not present and generate:
		_lock()
		present = _stored("vapid_private_key") or _store_new()
	found = {}
	for private in (present, _stored("previous_vapid_private_key")):
		if private:
			try:
				pair = Vapid02.from_raw(private.encode())
			except ValueError as e:
				raise CannotReach(_("The VAPID key is not valid: {0}").format(e)) from None
			found[public_key(pair)] = pair
	return found


def public_key(pair: Vapid02) -> str:
	"""As browsers take it: base64url of the uncompressed point, 65 bytes."""
	numbers = pair.public_key.public_numbers()
	return devices.encoded(b"\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big"))


def rotate() -> str:
	"""Make a new pair; the old one serves until the next rotation. Returns the new public key."""
	_lock()
	if old := _stored("vapid_private_key"):
		_store("previous_vapid_private_key", old)
	_store_new()
	return next(iter(key_pairs()))


def new_pair() -> Vapid02:
	# py-vapid's own way fails where cryptography is new.
	return Vapid02(ec.generate_private_key(ec.SECP256R1()))


def _store_new() -> str:
	pair = new_pair()
	private = devices.encoded(pair.private_key.private_numbers().private_value.to_bytes(32, "big"))
	_store("vapid_private_key", private)
	frappe.db.set_single_value(SETTINGS, "vapid_public_key", public_key(pair))
	return private


def _store(field: str, secret: str) -> None:
	set_encrypted_password(SETTINGS, SETTINGS, secret, field)
	# What the form shows; were it empty, saving the form would delete the secret.
	frappe.db.set_single_value(SETTINGS, field, "*" * 10)


def _stored(field: str) -> str:
	return get_decrypted_password(SETTINGS, SETTINGS, field, raise_exception=False) or ""


def _lock() -> None:
	"""Two first uses at once must not make two pairs: this row is always there."""
	frappe.db.sql(
		"select `value` from `tabSingles` where `doctype` = %s and `field` = 'installation_id' for update",
		(SETTINGS,),
	)


def subject() -> str:
	"""Whom a push service may ask about our messages (RFC 8292, 2.1): mailto: or https:. Apple refuses a made-up one."""
	settings = frappe.get_cached_doc(SETTINGS)
	chosen = (settings.get("vapid_subject") or "").strip()
	if chosen:
		return subject_of(chosen)
	public = urlsplit((settings.public_url or "").strip())
	if public.scheme == "https" and public.hostname:
		return f"https://{public.hostname}"
	email = frappe.db.get_value("Email Account", {"default_outgoing": 1}, "email_id")
	return f"mailto:{email or 'escalation@example.com'}"


def subject_of(chosen: str) -> str:
	"""An email address alone will do."""
	return chosen if chosen.startswith(("mailto:", "https://")) else f"mailto:{chosen}"


def subject_problem(text: str) -> str:
	"""What is wrong with a subject; empty: nothing."""
	try:
		new_pair().sign({"sub": text, "aud": "https://push.example.com"})
	except VapidException:
		return _("Write an email address that somebody reads, such as mailto:helpdesk@example.com.")
	return ""
