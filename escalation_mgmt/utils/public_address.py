"""Where people and providers reach this site: the Public Address of Escalation Settings, else what Frappe takes for it."""

from urllib.parse import urlsplit

import frappe
from frappe import _
from frappe.utils import get_url, get_url_to_form

from escalation_mgmt.utils.doctypes import SETTINGS


def configured() -> str:
	"""The Public Address without a slash at its end; empty where none is set."""
	return (frappe.get_cached_doc(SETTINGS).public_url or "").strip().rstrip("/")


def problem(address: str) -> str:
	"""Why this can't be the Public Address, in words; empty where it can. It may be inside: a phone may be, too."""
	try:
		parts = urlsplit(address)
		possible = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
	except ValueError:
		possible = False
	if not possible or any(character.isspace() for character in address):
		return _("The public address must begin with https:// (or http://) and name a host.")
	if parts.username or parts.password or parts.query or parts.fragment:
		return _("The public address is the site's own: without a log-in, without ? or # and what follows.")
	return ""


def public_url(path: str) -> str:
	"""A path of this site, which begins with a slash, as an address that a phone outside can open."""
	return (configured() or get_url().rstrip("/")) + path


def path_of_form(doctype: str, name: str) -> str:
	"""Where a document's form is within this site."""
	return "/" + get_url_to_form(doctype, name).removeprefix(get_url()).lstrip("/")
