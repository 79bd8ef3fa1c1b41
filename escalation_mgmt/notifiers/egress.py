"""The door through which all of our requests go, and which keeps them outside (design rule 13).

The resolver checks every address that a name has, and the connection is made to the address that it
returned: nothing can change between the look and the step. A redirect is never followed. The target that a server gets is what was
entered, to the letter: a signature in it is one of its letters.

Where the site's configuration names a proxy, all goes through it, and it looks at addresses itself. The environment's proxies
don't count: they were named for something else.
"""

import ipaddress
import os
import re
import socket
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp
import requests
from aiohttp.abc import AbstractResolver, ResolveResult
from frappe import _
from yarl import URL

from escalation_mgmt.utils import site_config
from escalation_mgmt.utils.site_config import Proxy

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052
_UNICAST = ipaddress.IPv6Network("2000::/3")  # RFC 4291, 2.4: all that was ever given out for the internet
_WRAPPED = [
	ipaddress.IPv6Network(n) for n in ("2002::/16", "2001::/32", "3fff::/20")
]  # 6to4, Teredo, examples


_NO_TARGET_HOLDS = re.compile(r"[^\x21-\x7e]")  # RFC 9112, 3.2: ASCII, and no blank


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


def allowed_hosts() -> tuple[str, ...]:
	"""Hosts inside that the administrator allowed by name, in the site's own configuration."""
	return site_config.hosts(site_config.ALLOWED_HOSTS)


def proxy() -> Proxy | None:
	"""The proxy that all of our requests go through; None: there is none. Raises Forbidden where what is named can't be one."""
	try:
		return site_config.proxy()
	except site_config.Wrong as e:
		words = str(e)
		raise Forbidden(lambda: words) from None


def proxy_problem() -> str | None:
	"""Why nothing can be requested of anybody, in words that tell what to do; None: it can."""
	try:
		proxy()
	except Forbidden as e:
		return str(e)
	return None


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
	if _hosts_differ(url, host):
		raise Forbidden(lambda: _("{0} can be read in two ways").format(repr(url)))
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


def exact(url: str) -> URL:
	"""The address as it goes over the wire: as it was entered, without the blanks around it. What no request can hold (blanks,
	letters outside ASCII) is percent-encoded; nothing else is, and nothing is decoded. Raises ValueError.
	"""
	return URL(_NO_TARGET_HOLDS.sub(lambda found: quote(found[0]), url.strip()), encoded=True)


def blank_in(url: str) -> str:
	"""What is wrong with an entered address that has a blank or a line break within; empty: nothing is."""
	if re.search(r"\s", url.strip()):
		return _("The address has a blank or a line break in it. Write a blank as %20.")
	return ""


def _hosts_differ(url: str, host: str) -> bool:
	"""Whether the host that was checked isn't the one that would be connected to."""
	if not host.isascii() or any(character.isspace() for character in host):
		return False  # refused for itself
	try:
		connected = exact(url).raw_host or ""
	except ValueError:
		return True
	return connected.lower().rstrip(".") != host.lower().rstrip(".")


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


class Outbound:
	"""A pool of connections to the outside, or through the proxy; made inside its event loop.

	`anywhere`: those who run the site have chosen the host, in its configuration; it may be inside.
	No proxy from the environment and no cookies: what was checked is what is connected to.
	"""

	def __init__(
		self,
		allowed: Iterable[str],
		limit: int,
		*,
		proxy: Proxy | None,
		anywhere: bool = False,
		timeout: aiohttp.ClientTimeout | None = None,
	):
		self._through: dict[str, Any] = {}
		if proxy:
			log_in = aiohttp.BasicAuth(proxy.user, proxy.password, "utf-8") if proxy.user else None
			self._through = {"proxy": proxy.url, "proxy_auth": log_in}
		# Through a proxy only the proxy's own name is looked up here, and it is inside as a rule.
		resolver = None if proxy or anywhere else OutsideResolver(allowed)
		self._session = aiohttp.ClientSession(
			connector=aiohttp.TCPConnector(resolver=resolver, limit=limit, use_dns_cache=resolver is None),
			cookie_jar=aiohttp.DummyCookieJar(),
			trust_env=False,
			**({"timeout": timeout} if timeout else {}),
		)
		# aiohttp sends a GET once more by itself where the connection breaks: one that makes an SMS would be two, and nobody knew.
		self._session._retry_connection = False

	def request(self, method: str, url: str, **more: Any) -> Any:
		"""Ask; an async context manager of the answer, as aiohttp's own. Redirects aren't followed."""
		return self._session.request(method, exact(url), allow_redirects=False, **self._through, **more)

	async def close(self) -> None:
		await self._session.close()


def sync_session(session: requests.Session, proxy: Proxy | None) -> requests.Session:
	"""A session of `requests`, for libraries that are built on it, set to go the same way: the named proxy or none."""
	session.trust_env = False  # its proxies, and log-ins from .netrc
	session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
	if proxy:
		log_in = f"{quote(proxy.user, safe='')}:{quote(proxy.password, safe='')}@" if proxy.user else ""
		through = proxy.url.replace("://", f"://{log_in}", 1)
		session.proxies = {"http": through, "https": through}
	return session
