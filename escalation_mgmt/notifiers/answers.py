"""What HTTP answers, and what it means where nothing does: the same for all that we ask something of."""

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from html import escape
from urllib.parse import parse_qsl, quote, quote_plus, urlsplit

import aiohttp

ANSWER_BYTES = 2000  # how much of an answer is read
_SHORTEST_SECRET = 4  # a shorter value would blank out half of an answer
_BUSY = frozenset({407, 408, 425, 429})  # and every 5xx; 407 is a proxy's own (RFC 9110, 15.5.8)


async def first_part(response: aiohttp.ClientResponse) -> str:
	"""The first part of the answer. The status is known by now: an answer that breaks off changes nothing."""
	parts: list[bytes] = []
	size = 0
	try:
		async for chunk in response.content.iter_chunked(ANSWER_BYTES):
			parts.append(chunk)
			size += len(chunk)
			if size >= ANSWER_BYTES:
				break
	except (aiohttp.ClientError, OSError, TimeoutError):
		pass
	return b"".join(parts)[:ANSWER_BYTES].decode("utf-8", "replace")


def secrets(values: Iterable[str], url: str) -> re.Pattern:
	"""What no record may hold of an answer, which may repeat what was asked: values of headers and parameters, also behind `Bearer`,
	and those in the query of `url`; as they are, and as they stand in an address, in JSON and in HTML.
	"""
	given = [*values, *(value for _name, value in parse_qsl(urlsplit(url).query))]
	spelled = {
		spelling
		for value in {*given, *(each.rpartition(" ")[2] for each in given)}
		if len(value) >= _SHORTEST_SECRET
		for spelling in _spellings(value)
	}
	longest_first = sorted(spelled, key=len, reverse=True)
	return re.compile("|".join(map(re.escape, longest_first)) or "(?!)", re.IGNORECASE)


def _spellings(value: str) -> tuple[str, ...]:
	in_json = json.dumps(value)[1:-1]
	in_address = quote(value), quote_plus(value), quote(value, safe="")
	return (value, *in_address, in_json, in_json.replace("/", "\\/"), escape(value))


def is_busy(status: int) -> bool:
	"""Whether it didn't take a request, and may later."""
	return status in _BUSY or status >= 500


def retry_after(value: str | None) -> timedelta | None:
	"""Seconds or a date (RFC 9110, 10.2.3), as a pause from now."""
	value = (value or "").strip()
	if value.isascii() and value.isdigit():
		return timedelta(seconds=int(value[:8]))  # as good as for ever
	try:
		return max(parsedate_to_datetime(value) - datetime.now(UTC), timedelta(0))
	except (TypeError, ValueError, OverflowError):
		return None


class Trouble(Enum):
	"""Why there is no answer. Before the request was sent it was surely not taken, afterwards it may have been."""

	NOT_AN_ADDRESS = auto()
	NO_CONNECTION = auto()
	NO_CONNECTION_IN_TIME = auto()
	PROXY_REFUSED = auto()  # to connect
	NO_ANSWER_IN_TIME = auto()  # it may have been taken
	BROKE_OFF = auto()  # it may have been taken


def trouble(error: Exception) -> Trouble | None:
	"""What an exception of aiohttp's (or of the socket below it) means; None: it is another's."""
	# From the special to the general: to aiohttp a missing connection is a slow answer, too, and both are OSErrors.
	for kind, means in (
		(aiohttp.ConnectionTimeoutError, Trouble.NO_CONNECTION_IN_TIME),
		(TimeoutError, Trouble.NO_ANSWER_IN_TIME),
		(aiohttp.ClientConnectorError, Trouble.NO_CONNECTION),
		(aiohttp.ClientHttpProxyError, Trouble.PROXY_REFUSED),
		(aiohttp.InvalidURL, Trouble.NOT_AN_ADDRESS),
		(aiohttp.ClientError, Trouble.BROKE_OFF),
		(OSError, Trouble.BROKE_OFF),
	):
		if isinstance(error, kind):
			return means
	return None


def by_proxy(error: aiohttp.ClientHttpProxyError) -> str:
	"""What a proxy answered, without the address that it was asked for: that may be a secret."""
	return f"{error.status} {one_line(error.message, 200)}"


def one_line(said: str, most: int) -> str:
	return " ".join(said.split())[:most]


def first_line(error: object, most: int) -> str:
	"""Of what an exception says; its class where it says nothing."""
	return (str(error).strip().splitlines() or [type(error).__name__])[0][:most]
