"""Which address of the internet a request comes from, as the site's own proxy says.

`X-Forwarded-For` grows at its right end: each proxy adds the address that it was called from (nginx's
`$proxy_add_x_forwarded_for`), or begins it anew (`$remote_addr`, as bench sets nginx up). What stands further left is
whatever the caller wrote there. So, of the site's own proxies, the first one's entry counts and nothing to its left.
`frappe.local.request_ip` is the leftmost.
"""

import ipaddress
from collections.abc import Sequence

import frappe

from escalation_mgmt.utils import site_config


def address() -> str:
	"""The address that is counted by: an IPv4 address, or the /64 network of an IPv6 one, for whoever has one address of
	that has all.

	The site's configuration may say how many proxies of its own stand before the site (`escalation_proxies`, 0: none). Where it doesn't,
	it is one, if the request came from a private address: a caller from the internet is no proxy of ours.
	"""
	peer = frappe.request.remote_addr or ""
	forwarded = (frappe.request.headers.get("X-Forwarded-For") or "").split(",")
	configured = site_config.count(site_config.PROXIES)
	proxies = int(not _is_global(peer)) if configured is None else configured
	return _counted(_of_chain([entry.strip() for entry in forwarded if entry.strip()], proxies)) or _counted(
		peer
	)


def _of_chain(chain: Sequence[str], proxies: int) -> str:
	"""What the outermost of our proxies says; empty: it says nothing."""
	return chain[-min(proxies, len(chain))] if chain and proxies > 0 else ""


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
	"""An address, with the port or the brackets that some proxies write; None: it is none."""
	host = text.partition("]")[0].lstrip("[") if text.startswith("[") else text
	if host.count(":") == 1:
		host = host.partition(":")[0]
	try:
		found = ipaddress.ip_address(host.partition("%")[0])
	except ValueError:
		return None
	return getattr(found, "ipv4_mapped", None) or found


def _is_global(text: str) -> bool:
	found = _parsed(text)
	return bool(found and found.is_global)


def _counted(text: str) -> str:
	found = _parsed(text)
	if isinstance(found, ipaddress.IPv6Address):
		return str(ipaddress.ip_network((found, 64), strict=False))
	return str(found or "")
