"""The service account by which Google knows us, and the access tokens that it gives for it."""

import functools
import json
import os
import threading
from typing import Any
from urllib.parse import urlsplit

import frappe
import google.auth.transport.requests
import requests
from frappe import _
from frappe.utils.password import get_decrypted_password
from google.auth.exceptions import GoogleAuthError
from google.oauth2.service_account import Credentials

from escalation_mgmt.notifiers import egress
from escalation_mgmt.notifiers.base import CannotReach
from escalation_mgmt.utils import site_config
from escalation_mgmt.utils.doctypes import SETTINGS
from escalation_mgmt.utils.site_config import Proxy

SECONDS = 10  # for an access token
SCOPES = ["https://www.googleapis.com/auth/firebase.messaging"]
_GOOGLES = "oauth2.googleapis.com"
_NEEDED = ("project_id", "private_key", "client_email", "token_uri")
_exchange = threading.Lock()


class NoToken(Exception):
	"""Google gave no access token; the cause says why."""


def service_account_info() -> dict[str, Any] | None:
	"""The service account, or None where none is given. Raises CannotReach where it is none.

	The site's configuration (`escalation_fcm_service_account`: the JSON, or the path of its file) wins over Escalation
	Settings.
	"""
	given = frappe.conf.get(site_config.FCM_SERVICE_ACCOUNT) or get_decrypted_password(
		SETTINGS, SETTINGS, "fcm_service_account", raise_exception=False
	)
	if not given:
		return None
	if isinstance(given, str) and not given.lstrip().startswith("{") and os.path.isfile(given):
		with open(given) as file:
			given = file.read()
	return checked(given)


def checked(given: str | dict[str, Any]) -> dict[str, Any]:
	"""A service account that can be used. Raises CannotReach, in words that tell what to do."""
	info = _parsed(given)
	parts = urlsplit(info["token_uri"])
	google = parts.scheme == "https" and parts.netloc == _GOOGLES
	if not google and not egress.is_allowed(parts.hostname or "", parts.port or 443, egress.allowed_hosts()):
		raise CannotReach(_("The token_uri of the FCM service account must be at {0}.").format(_GOOGLES))
	_check_pyfcm()
	try:
		credentials(info)
	except (ValueError, GoogleAuthError) as e:
		raise CannotReach(
			_("The private key of the FCM service account is not valid: {0}").format(e)
		) from None
	return info


def _parsed(given: str | dict[str, Any]) -> dict[str, Any]:
	try:
		info = json.loads(given) if isinstance(given, str) else dict(given)
		missing = [field for field in _NEEDED if not info.get(field)]
	except (ValueError, AttributeError, TypeError):
		raise CannotReach(
			_("The FCM service account is not JSON. Paste the whole file that Firebase gave you.")
		) from None
	if info.get("type") != "service_account" or missing:
		raise CannotReach(
			_(
				"This is not the file of a service account ({0} is missing). In Firebase: Project Settings, Service "
				"Accounts, Generate New Private Key."
			).format(", ".join(missing) or "type")
		)
	return info


def _check_pyfcm() -> None:
	try:
		from pyfcm import FCMNotification  # noqa: F401 - only whether it can be
	except ImportError as e:
		raise CannotReach(
			_(
				"FCM is sent by pyfcm, which can't be loaded ({0}). In the bench's folder: env/bin/pip install "
				'"pyfcm>=2.1,<3", then restart the bench.'
			).format(e)
		) from None


def credentials(info: dict[str, Any]) -> Credentials:
	return _kept(json.dumps(info, sort_keys=True))


@functools.lru_cache(maxsize=64)
def _kept(info: str) -> Credentials:
	"""Kept by this process: reading a private key takes 50 ms, and an access token lives for an hour."""
	return Credentials.from_service_account_info(json.loads(info), scopes=SCOPES)


def access_token(ours: Credentials, proxy: Proxy | None) -> str:
	"""A token that is valid, from Google where we have none. In any thread. Raises NoToken."""

	def request(*args: Any, **more: Any) -> Any:
		return transport(*args, **{**more, "timeout": SECONDS})

	with _exchange:  # one, however many threads ask
		if not ours.valid:
			with egress.sync_session(requests.Session(), proxy) as session:
				transport = google.auth.transport.requests.Request(session)
				try:
					ours.refresh(request)
				except Exception as e:
					raise NoToken from e
		return ours.token


def forget_token(ours: Credentials) -> None:
	"""So that the next attempt asks for another."""
	with _exchange:
		ours.token = None
