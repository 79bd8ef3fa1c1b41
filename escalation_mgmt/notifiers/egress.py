"""Keeps our requests outside (design rule 13): which addresses they may go to.

The resolver checks every address that a name has, and the connection is made to the address that it
returned: nothing can change between the look and the step. A redirect is never followed.
"""

import ipaddress
import socket
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

import aiohttp
import frappe
from aiohttp.abc import AbstractResolver, ResolveResult
from frappe import _

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052
_UNICAST = ipaddress.IPv6Network("2000::/3")  # RFC 4291, 2.4: all that was ever given out for the internet
_WRAPPED = [
	ipaddress.IPv6Network(n) for n in ("2002::/16", "2001::/32", "3fff::/20")
]  # 6to4, Teredo, examples


class Forbidden(Exception):
	"""The address is not outside; `str` says which, and why, in the language of whoever asks for it.

	It is put into words only then: an event loop, in which it may be raised, knows no reader.
	"""

	def __init__(self, in_words: Callable[[], str]):
		super().__init__()
		self._in_words = in_words

	def __str__(self) -> str:
		return self._in_words()


def refusal(error: Exception) -> Forbidden | None:
	"""The refusal that an exception of aiohttp's comes from, or is."""
	if isinstance(error, aiohttp.ClientConnectorError):
		error = error.__cause__
	return error if isinstance(error, Forbidden) else None


def allowed_hosts() -> list[str]:
	"""Hosts inside that the administrator allowed by name, in the site's own configuration."""
	return frappe.conf.get("escalation_allowed_hosts") or []


def is_outside(address: str) -> bool:
	"""Whether an IP address is on the public internet, looked at through every way of wrapping an IPv4 one.

	Source: the IANA special-purpose registries, as Python's ipaddress knows them; RFC 4291, 3056, 4380, 6052.
	"""
	ip = ipaddress.ip_address(address.partition("%")[0])
	if isinstance(ip, ipaddress.IPv6Address):
		if ip.ipv4_mapped or ip in _NAT64:
			return is_outside(str(ip.ipv4_mapped or ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
		if ip not in _UNICAST or any(ip in network for network in _WRAPPED):
			return False
	return ip.is_global and not ip.is_multicast


def check_url(url: str, allowed: Iterable[str]) -> None:
	"""Refuse an address that isn't http(s), has log-in data in it, or is an inside address written as a number.

	`allowed` are hosts, or host:port, that the administrator allowed by name. Raises Forbidden.
	"""
	try:
		parts = urlsplit(url)
		host, port = parts.hostname, parts.port
	except ValueError as e:
		why = str(e)
		raise Forbidden(lambda: _("{0} is not an address: {1}").format(repr(url), why)) from None
	if parts.scheme not in ("http", "https") or not host:
		raise Forbidden(
			lambda: _("{0} must begin with http:// or https:// and name a host").format(repr(url))
		)
	if any(character.isspace() for character in host):
		raise Forbidden(lambda: _("{0} has a blank in the host's name").format(repr(url)))
	if not host.isascii():
		# Other dots and digits of Unicode become an address on the way to the connection, past every look at it.
		raise Forbidden(
			lambda: _("{0} has characters outside ASCII; write the name as xn--...").format(repr(host))
		)
	if "%" not in host and ":" not in host:
		try:
			host.encode("idna")
		except UnicodeError:
			raise Forbidden(lambda: _("{0} is not a name that a host can have").format(repr(host))) from None
	if parts.username or parts.password:
		raise Forbidden(lambda: _("log-in data belongs into a header of the endpoint, not into its address"))
	if is_allowed(host, port or (443 if parts.scheme == "https" else 80), allowed):
		return
	try:
		ipaddress.ip_address(host)
	except ValueError:
		return  # a name: the resolver looks at what it stands for when it is connected to
	if not is_outside(host):
		raise _inside(host)


def origin(url: str) -> tuple[str, str, int | None]:
	"""Scheme, host and port: what may know a secret that was entered for this address."""
	try:
		parts = urlsplit(url.strip())
		default = {"http": 80, "https": 443}.get(parts.scheme)
		return parts.scheme, (parts.hostname or "").lower(), parts.port or default
	except ValueError:
		return "", url, None


def is_allowed(host: str, port: int, allowed: Iterable[str]) -> bool:
	return bool({host.lower(), f"{host.lower()}:{port}"} & {name.lower() for name in allowed})


def _inside(host: str) -> Forbidden:
	return Forbidden(
		lambda: _(
			"{0} is not on the public internet; allow it by name in escalation_allowed_hosts if that is meant"
		).format(host)
	)


class OutsideResolver(AbstractResolver):
	"""Resolves names to outside addresses only; refuses a name of which a single address is inside."""

	def __init__(self, allowed: Iterable[str]):
		self._allowed = list(allowed)
		self._resolver = aiohttp.ThreadedResolver()

	async def resolve(
		self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
	) -> list[ResolveResult]:
		found = await self._resolver.resolve(host, port, family)
		if not is_allowed(host, port, self._allowed):
			for address in found:
				if not is_outside(address["host"]):
					raise _inside(host)
		return found

	async def close(self) -> None:
		await self._resolver.close()


def session(allowed: Iterable[str], limit: int) -> aiohttp.ClientSession:
	"""A pool of connections that can only reach the outside; made inside its event loop.

	No proxy from the environment and no cookies: what was checked is what is connected to.
	"""
	return aiohttp.ClientSession(
		connector=aiohttp.TCPConnector(resolver=OutsideResolver(allowed), limit=limit, use_dns_cache=False),
		cookie_jar=aiohttp.DummyCookieJar(),
		trust_env=False,
	)
