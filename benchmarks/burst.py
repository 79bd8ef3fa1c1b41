"""Many escalations fall due at one instant: seconds until the sink has received all of them, against the floor."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from functools import partial
from urllib.parse import urlencode

from benchmarks import flood, floor, site
from benchmarks.dispatchers import Dispatchers
from benchmarks.measure import Figure, Sink, Wrong, at_most, in_rounds, median, sink, spread, wrong

COUNT = 6000
FLOOD = 12_000  # messages; enough that the receiver's figure is steady
GOAL_SECONDS, STRETCH_SECONDS = 3.0, "1.5"
GOAL_SHARE, STRETCH_SHARE = 0.40, "50%"
SLOW = 0.05  # seconds that a slow provider takes
MESSAGES = f"/2010-04-01/Accounts/{site.ACCOUNT}/Messages.json"


def http_post() -> list[Figure]:
	return _compare(f"{COUNT} due at once, HTTP POST", site.HTTP_POST)


def slow() -> list[Figure]:
	return _compare(f"{COUNT} due at once, {SLOW * 1000:g} ms at the provider", site.HTTP_POST, delay=SLOW)


def sms() -> list[Figure]:
	return _compare(f"{COUNT} due at once, SMS", site.SMS)


def two_dispatchers() -> list[Figure]:
	return _compare(f"{COUNT} due at once, two dispatchers", site.HTTP_POST, dispatchers=2)


def _compare(name: str, method: str, *, delay: float = 0.0, dispatchers: int = 1) -> list[Figure]:
	with sink(delay) as receiver:
		site.plan(receiver, method, people=site.MANY)
		with Dispatchers(dispatchers):
			runs = {"ours": partial(_ours, receiver, method), "floor": partial(_floor, receiver, method)}
			try:
				found, void = in_rounds(runs, partial(_capacity, receiver, method), COUNT)
			except Wrong as e:
				return [wrong(name, str(e))]
	if not found["ours"]:
		return [wrong(name, f"all {void} rounds are void")]
	shares = [floor / ours for ours, floor in zip(found["ours"], found["floor"], strict=True)]
	return [
		at_most(name, found["ours"], GOAL_SECONDS, stretch=f"<= {STRETCH_SECONDS}"),
		Figure(name="... the floor in the same rounds, s", value=spread(found["floor"])),
		Figure(
			name="... share of the floor",
			value=f"{median(shares):.0%} ({min(shares):.0%}-{max(shares):.0%})",
			goal=f">= {GOAL_SHARE:.0%}",
			met=median(shares) >= GOAL_SHARE,
			ratio=True,
			stretch=f">= {STRETCH_SHARE}",
		),
	]


def _ours(receiver: Sink, method: str) -> float:
	from escalation_mgmt.utils import clock

	site.plan(receiver, method, people=site.MANY)
	site.waiting(COUNT)
	receiver.forget()
	site.come_to_rest()
	due = site.fall_due()
	return _seconds(receiver, time.monotonic() + (due - clock.now()).total_seconds())


def _floor(receiver: Sink, method: str) -> float:
	path, headers, body = request_by(method)
	floor.prepare(COUNT)
	receiver.forget()
	site.come_to_rest()
	started = time.monotonic()
	floor.run(f"{receiver.url}{path[1:]}", headers, body)
	return _seconds(receiver, started)


def _seconds(receiver: Sink, started: float) -> float:
	"""Until the last one was received. Raises Wrong where they aren't exactly as many as there should be."""
	seen = receiver.wait_for(COUNT, 60)
	if not seen["received"] == seen["distinct"] == COUNT:
		raise Wrong(f"{seen['received']} received, {seen['distinct']} distinct, of {COUNT}")
	return seen["last"] - started


def _capacity(receiver: Sink, method: str) -> float:
	path, headers, body = request_by(method)
	requests = [flood.request(path, body(str(n)), {**headers, "webhook-id": str(n)}) for n in range(FLOOD)]
	return flood.capacity(receiver.port, requests)


def request_by(method: str) -> tuple[str, dict[str, str], Callable[[str], bytes]]:
	"""What the floor sends: the path, the headers, and the body of the message of an id."""
	if method == site.HTTP_POST:
		return "/", {"Content-Type": "application/json"}, lambda id: b'{"ticket": "1"}'
	callback = "https://helpdesk.example.com/api/method/escalation_mgmt.inbound.twilio.message_status?n="
	log_in = base64.b64encode(f"{site.ACCOUNT}:{site.TOKEN}".encode()).decode()
	headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": f"Basic {log_in}"}

	def body(id: str) -> bytes:
		said = {
			"To": "+4915112345601",
			"From": site.NUMBER,
			"Body": "Outage",
			"StatusCallback": callback + id,
		}
		return urlencode(said).encode()

	return MESSAGES, headers, body
