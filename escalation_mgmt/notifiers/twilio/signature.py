"""Twilio's signature under its callbacks.

Source: https://www.twilio.com/docs/usage/webhooks/webhooks-security
"""

import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from twilio.request_validator import RequestValidator

from escalation_mgmt.notifiers.twilio.account import Account, accounts


def signed_by(path: str, query: str, form: Mapping[str, Any], signature: str) -> frozenset[str]:
	"""The names of those of our accounts from which a request comes (design rule 12); none: from nobody that we know. What is
	done by it has to be theirs: whoever can sign for one account says nothing of what went by another.

	`form` holds what was posted, with repeated names. Compared in constant time, with the address under which
	Twilio knows us, never with the request's own Host header; a second token is taken while the first is changed.
	"""
	return frozenset(ours.name for ours in accounts() if _is_signed(ours, path, query, form, signature))


def _is_signed(ours: Account, path: str, query: str, form: Mapping[str, Any], signature: str) -> bool:
	if not ours.public_url or not signature:
		return False
	url = f"{ours.public_url}{path}" + (f"?{query}" if query else "")
	signed = False
	for token in filter(None, (ours.auth_token, ours.previous_auth_token)):
		validator = RequestValidator(token)
		for address in _with_and_without_port(url):
			computed = validator.compute_signature(address, form)
			signed |= hmac.compare_digest(computed.encode(), signature.encode())
	return signed


def _with_and_without_port(url: str) -> tuple[str, ...]:
	"""Twilio signs the address as it was given, or with its port put in or taken out."""
	parts = urlsplit(url)
	host = parts.hostname or ""
	host = f"[{host}]" if ":" in host else host
	port = parts.port or (443 if parts.scheme == "https" else 80)
	return tuple(
		dict.fromkeys(
			(url, parts._replace(netloc=host).geturl(), parts._replace(netloc=f"{host}:{port}").geturl())
		)
	)
