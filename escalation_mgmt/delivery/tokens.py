"""The tokens in acknowledgement links: random, kept as a hash, for one message to one person (design rule 11)."""

import hashlib
import secrets
from datetime import datetime, timedelta

import frappe
from frappe.utils import cint

from escalation_mgmt.utils.doctypes import SETTINGS
from escalation_mgmt.utils.public_address import public_url

DEFAULT_HOURS = 72


def new() -> tuple[str, str]:
	"""A token of 256 bits, and the hash that is stored."""
	token = secrets.token_urlsafe(32)
	return token, hashed(token)


def hashed(token: str) -> str:
	return hashlib.sha256(token.encode()).hexdigest()


def expires(now: datetime) -> datetime:
	hours = cint(frappe.get_cached_doc(SETTINGS).link_hours) or DEFAULT_HOURS
	return now + timedelta(hours=hours)


def link(token: str) -> str:
	"""The address that acknowledges, at the configured public address of the site."""
	return public_url(f"/ack/{token}")
