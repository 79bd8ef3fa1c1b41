"""What HTTP answers, and what it means where nothing does: the same for all that we ask something of."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum, auto

import aiohttp

ANSWER_BYTES = 2000  # how much of an answer is read
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
