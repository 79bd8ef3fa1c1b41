"""Where people and providers reach this site: the Public Address of Escalation Settings, else what Frappe takes for it."""

import frappe
from frappe.utils import get_url, get_url_to_form

from escalation_mgmt.utils.doctypes import SETTINGS


def configured() -> str:
	"""The Public Address without a slash at its end; empty where none is set."""
	return (frappe.get_cached_doc(SETTINGS).public_url or "").strip().rstrip("/")


def public_url(path: str) -> str:
	"""A path of this site, which begins with a slash, as an address that a phone outside can open."""
	return (configured() or get_url().rstrip("/")) + path


def of_form(doctype: str, name: str) -> str:
	"""The address of a document's form in Desk."""
	return public_url(path_of_form(doctype, name))


def path_of_form(doctype: str, name: str) -> str:
	"""Where a document's form is within this site."""
	return "/" + get_url_to_form(doctype, name).removeprefix(get_url()).lstrip("/")
