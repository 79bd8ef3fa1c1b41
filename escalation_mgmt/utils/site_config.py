"""What the site's configuration file says to this app: every key of ours, what it may hold, and what is wrong with it.

The file is written by hand, so a list may stand there as a text, and a text as a number. What can be understood is taken; the rest
counts as not said, and readiness says so.
"""

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import frappe
from frappe import _
from frappe.utils import cint

ALLOWED_HOSTS = "escalation_allowed_hosts"
PUSH_HOSTS = "escalation_push_hosts"
HTTP_PROXY = "escalation_http_proxy"
PROXIES = "escalation_proxies"
FCM_SERVICE_ACCOUNT = "escalation_fcm_service_account"
FCM_URL = "escalation_fcm_url"
VAPID_PRIVATE_KEY = "escalation_vapid_private_key"
INSTALLATION = "escalation_installation_id"
TWILIO = "escalation_twilio_"
TWILIO_SETTINGS = (
	*("account_sid", "auth_token", "previous_auth_token", "api_key", "api_secret", "numbers"),
	*("messaging_service_sid", "api_url"),
)
_HOST = re.compile(r"(?:\*\.)?[A-Za-z0-9._-]+(?::\d{1,5})?|\[?[0-9A-Fa-f:.]+\]?(?::\d{1,5})?")


@dataclass(frozen=True, slots=True)
class Proxy:
	"""The proxy that all of our requests go through. `user` and `password` may be empty."""

	scheme: str
	host: str
	port: int
	user: str = ""
	password: str = ""

	@property
	def url(self) -> str:
		"""Without the log-in."""
		host = f"[{self.host}]" if ":" in self.host else self.host
		return f"{self.scheme}://{host}:{self.port}"


class Wrong(ValueError):
	"""A key of ours holds what it can't; `str` says what is wrong, and what to write."""


def hosts(key: str) -> tuple[str, ...]:
	"""Hosts that a key names, in small letters: from a list, or from a text with blanks or commas between them."""
	found = (name for name in _named(key) if _HOST.fullmatch(name))
	return tuple(name.replace("[", "").replace("]", "") for name in found)


def text(key: str) -> str:
	"""What a key holds as a text, stripped; a list has a line for each of its parts."""
	found = frappe.conf.get(key)
	if isinstance(found, list):
		found = "\n".join(str(part) for part in found if isinstance(part, str | int))
	return str(found).strip() if isinstance(found, str | int) and not isinstance(found, bool) else ""


def count(key: str) -> int | None:
	"""The whole number that a key holds; None: it holds none."""
	found = frappe.conf.get(key)
	return None if found is None or _count_wrong(found) else cint(found)


def proxy() -> Proxy | None:
	"""The proxy for our own requests, if an administrator has named one. Raises Wrong where what is named can't be one:
	nothing may then go out past it.
	"""
	given = frappe.conf.get(HTTP_PROXY)
	if given in (None, ""):
		return None
	if words := _proxy_wrong(given):
		raise Wrong(_("{0} in the site's configuration {1}").format(HTTP_PROXY, words))
	parts = urlsplit(given.strip())
	return Proxy(
		parts.scheme,
		parts.hostname or "",
		_port(parts),
		unquote(parts.username or ""),
		unquote(parts.password or ""),
	)


def problems() -> list[str]:
	"""What is wrong with the keys of ours that the site's configuration has, in words that name the key; never a value."""
	found = []
	for key, value in sorted(frappe.conf.items()):
		if not str(key).startswith("escalation_"):
			continue
		if key not in KEYS:
			near = difflib.get_close_matches(key, KEYS, n=1, cutoff=0.85)
			if near:
				found.append(
					_("{0} in the site's configuration is read by nobody. Is {1} meant?").format(key, near[0])
				)
		elif value is not None and (words := KEYS[key](value)):
			found.append(_("{0} in the site's configuration {1}").format(key, words))
	return found


def _named(key: str) -> list[str]:
	found = frappe.conf.get(key)
	if isinstance(found, str):
		found = re.split(r"[\s,;]+", found)
	if not isinstance(found, list | tuple):
		return []
	return [part.strip().lower() for part in found if isinstance(part, str) and part.strip()]


def _hosts_wrong(value: Any) -> str:
	if not isinstance(value, str | list):
		return _('must be a list of hosts, such as ["pager.internal:8080"].')
	parts = re.split(r"[\s,;]+", value) if isinstance(value, str) else value
	wrong = [part for part in parts if part != "" and not _is_host(part)]
	if not wrong:
		return ""
	return _("names {0}, which is no host: write its name alone, or name:port.").format(repr(wrong[0])[:80])


def _allowed_wrong(value: Any) -> str:
	if words := _hosts_wrong(value):
		return words
	parts = re.split(r"[\s,;]+", value) if isinstance(value, str) else value
	if any("*" in part for part in parts):
		return _("allows hosts by their whole names, one by one: it takes no *.")
	return ""


def _is_host(part: Any) -> bool:
	return isinstance(part, str) and bool(_HOST.fullmatch(part.strip()))


def _text_wrong(value: Any) -> str:
	return "" if isinstance(value, str) else _("must be a text, in quotation marks.")


def _numbers_wrong(value: Any) -> str:
	parts = value if isinstance(value, list) else [value]
	return "" if all(isinstance(part, str) for part in parts) else _("must be a text, or a list of texts.")


def _count_wrong(value: Any) -> str:
	number = str(value).strip()
	if isinstance(value, bool) or not (number.isascii() and number.isdigit()):
		return _("must be a whole number, 0 or more.")
	return ""


def _account_wrong(value: Any) -> str:
	return "" if isinstance(value, str | dict) else _("must be the service account, or the path of its file.")


def _proxy_wrong(value: Any) -> str:
	try:
		parts = urlsplit(value.strip()) if isinstance(value, str) else SplitResult("", "", "", "", "")
		possible = parts.scheme in ("http", "https") and bool(parts.hostname) and 0 < _port(parts) < 65536
	except ValueError:
		possible = False
	if not possible or parts.path.strip("/") or parts.query or parts.fragment:
		return _(
			"must be the address of a proxy, such as http://proxy.internal:3128. Until it is, nothing is sent."
		)
	return ""


def _port(parts: SplitResult) -> int:
	return parts.port if parts.port is not None else 443 if parts.scheme == "https" else 80


KEYS: dict[str, Callable[[Any], str]] = {
	ALLOWED_HOSTS: _allowed_wrong,
	PUSH_HOSTS: _hosts_wrong,
	HTTP_PROXY: _proxy_wrong,
	PROXIES: _count_wrong,
	FCM_SERVICE_ACCOUNT: _account_wrong,
	FCM_URL: _text_wrong,
	VAPID_PRIVATE_KEY: _text_wrong,
	INSTALLATION: _text_wrong,
	**{f"{TWILIO}{name}": _text_wrong for name in TWILIO_SETTINGS},
	f"{TWILIO}numbers": _numbers_wrong,
}
