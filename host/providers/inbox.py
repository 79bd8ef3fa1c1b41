"""What the providers received, for scenarios and for people: one list, safe to read from any thread.

Messages here were taken by a provider, or came with a bad signature. What a provider refused is not here:
every request and its answer stands in the provider's own `attempts`.
"""

import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

_URL = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
_CLOSES = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
	"""One message, as its receiver would have it."""

	seq: int
	received_at: datetime  # UTC
	received_monotonic: float  # for measuring: no clock change moves it
	method: str  # as a plan names it: "Email", "HTTP POST", ...
	to: str
	sender: str = ""
	id: str = ""  # what the sender calls it: Message-ID, webhook-id
	subject: str = ""
	text: str = ""
	html: str = ""
	links: tuple[str, ...] = ()  # absolute http(s) addresses, in their order, each once
	headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
	raw: bytes = b""  # an email, as it came over
	body: Any = None  # the JSON that an HTTP POST carried
	verified: bool | None = None  # its signature; None: this method has none

	def __str__(self) -> str:
		says = self.subject or self.text or (json.dumps(self.body, ensure_ascii=False) if self.body else "")
		forged = " [BAD SIGNATURE]" if self.verified is False else ""
		return f"#{self.seq} {self.method} to {self.to}{forged}: {' '.join(says.split())[:120]}"

	def contains(self, part: str) -> bool:
		return any(part in said for said in (self.subject, self.text, self.html, *_strings(self.body)))

	def as_json(self) -> dict[str, Any]:
		return {
			"seq": self.seq,
			"received_at": self.received_at.isoformat().replace("+00:00", "Z"),
			"method": self.method,
			"to": self.to,
			"sender": self.sender,
			"id": self.id,
			"subject": self.subject,
			"text": self.text,
			"html": self.html,
			"links": list(self.links),
			"headers": dict(self.headers),
			"body": self.body,
			"verified": self.verified,
		}


class Inbox:
	"""Every message, once: a scenario takes those that it expects, and whatever is left over fails it."""

	def __init__(self) -> None:
		self._changed = threading.Condition()
		self._messages: list[Message] = []
		self._left: dict[int, Message] = {}  # what nobody took yet, oldest first
		self._last = 0

	def add(self, *, method: str, to: str, **parts: Any) -> Message:
		"""Record a message; number, instants and links are found here. For providers."""
		links = find_links(parts.get("text", ""), parts.get("html", ""), parts.get("body"))
		with self._changed:
			self._last += 1
			message = Message(
				seq=self._last,
				received_at=datetime.now(UTC),
				received_monotonic=time.monotonic(),
				method=method,
				to=to,
				links=links,
				**parts,
			)
			self._messages.append(message)
			self._left[message.seq] = message
			self._changed.notify_all()
		return message

	def expect(
		self,
		*,
		method: str | None = None,
		to: str | None = None,
		contains: str | None = None,
		verified: bool | None = None,
		timeout: float = 0,
	) -> Message:
		"""Take the oldest message that fits and that nobody took.

		Raises AssertionError, listing what is there.
		One with a bad signature is taken only where `verified=False` asks for it: nobody should expect a
		forged message by accident.
		"""
		wanted = {"method": method, "to": to, "contains": contains, "verified": verified}
		with self._changed:
			message = self._changed.wait_for(lambda: next(self._fitting(**wanted), None), timeout)
			if message is None:
				raise AssertionError(f"No message {_words(wanted)}. {self._inventory()}")
			del self._left[message.seq]
			return message

	def wait_for(
		self,
		count: int = 1,
		*,
		timeout: float = 10,
		method: str | None = None,
		to: str | None = None,
		contains: str | None = None,
		verified: bool | None = None,
	) -> list[Message]:
		"""Wait until so many messages fit that nobody took, and return them without taking them.

		Raises AssertionError when the time is over.
		"""
		wanted = {"method": method, "to": to, "contains": contains, "verified": verified}
		with self._changed:
			if not self._changed.wait_for(lambda: len(list(self._fitting(**wanted))) >= count, timeout):
				raise AssertionError(
					f"Fewer than {count} messages {_words(wanted)} within {timeout:g} s. {self._inventory()}"
				)
			return list(self._fitting(**wanted))

	def take_all(self) -> list[Message]:
		"""Take everything that is left, forged or not, oldest first."""
		with self._changed:
			left = list(self._left.values())
			self._left.clear()
			return left

	def unexpected(self) -> list[Message]:
		"""What was received and never taken."""
		with self._changed:
			return list(self._left.values())

	def assert_empty(self) -> None:
		"""The end of a scenario: nothing may be left that it didn't expect."""
		with self._changed:
			if self._left:
				raise AssertionError(f"Messages that nobody expected. {self._inventory()}")

	def messages(self, since: int = 0, limit: int | None = None) -> list[Message]:
		"""Those with a higher number, taken or not, oldest first; with a limit, the newest of them."""
		with self._changed:
			found = [message for message in self._messages if message.seq > since]
		return found if limit is None else found[len(found) - limit if limit < len(found) else 0 :]

	def get(self, seq: int) -> Message | None:
		with self._changed:
			return next((message for message in self._messages if message.seq == seq), None)

	def span(self) -> tuple[int, int]:
		"""The number of the oldest message kept (the next one's, if none is), and the last that was given."""
		with self._changed:
			return (self._messages[0].seq if self._messages else self._last + 1), self._last

	def clear(self) -> None:
		"""Forget all messages. Numbers go on, so that a reader who asks "since" misses nothing."""
		with self._changed:
			self._messages.clear()
			self._left.clear()
			self._changed.notify_all()

	def _fitting(
		self, method: str | None, to: str | None, contains: str | None, verified: bool | None
	) -> Iterator[Message]:
		return (
			message
			for message in self._left.values()
			if (method is None or message.method == method)
			and (to is None or message.to.casefold() == to.casefold())
			and (contains is None or message.contains(contains))
			and (message.verified is not False if verified is None else message.verified is verified)
		)

	def _inventory(self) -> str:
		left = list(self._left.values())
		lines = [f"  {message}" for message in left[:50]]
		if len(left) > 50:
			lines.append(f"  ... and {len(left) - 50} more")
		there = "Not taken:\n" + "\n".join(lines) if left else "Nothing is there that wasn't taken."
		return f"{there}\n({len(self._messages) - len(left)} were taken before.)"


def find_links(text: str, html: str, body: Any) -> tuple[str, ...]:
	"""The absolute http(s) addresses in a message, in their order, each once."""
	found: dict[str, None] = {}
	for said in (text, *_hrefs(html), *_strings(body)):
		for match in _URL.findall(said):
			url = _without_punctuation(match)
			try:
				if urlsplit(url).hostname:
					found[url] = None
			except ValueError:
				continue  # "http://[" and the like
	return tuple(found)


def _without_punctuation(url: str) -> str:
	"""An address in a sentence ends before the sentence's own full stop or bracket."""
	while url and (
		url[-1] in ".,;:!?'*" or (url[-1] in _CLOSES and url.count(url[-1]) > url.count(_CLOSES[url[-1]]))
	):
		url = url[:-1]
	return url


def _hrefs(html: str) -> list[str]:
	reader = _Hrefs()
	try:
		reader.feed(html)
		reader.close()
	except AssertionError:
		pass  # what the library raises on a malformed declaration; the links before it are good
	return reader.found


class _Hrefs(HTMLParser):
	def __init__(self) -> None:
		super().__init__(convert_charrefs=True)
		self.found: list[str] = []

	def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
		if tag == "a":
			self.found += [value.strip() for name, value in attrs if name == "href" and value]


def _strings(body: Any) -> Iterator[str]:
	"""Every text in a JSON value, in its order."""
	waiting = [body]  # and no recursion: how deep a body is nested is its sender's choice
	while waiting:
		value = waiting.pop()
		if isinstance(value, str):
			yield value
		elif isinstance(value, dict):
			waiting += reversed([part for pair in value.items() for part in pair])
		elif isinstance(value, list):
			waiting += reversed(value)
		elif value is not None:
			yield json.dumps(value)


def _words(wanted: dict[str, Any]) -> str:
	said = [f"{name} {value!r}" for name, value in wanted.items() if value is not None]
	return f"with {', '.join(said)}" if said else "of any kind"
