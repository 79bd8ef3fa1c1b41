"""How the engine does: is anything overdue, does anybody dispatch? (design rule 14)

Answered from what is due in the database, and from when a dispatcher last looked, by whoever asks: Desk when it starts
and every minute, a command, an outside monitor. So a dispatcher that stopped is noticed by something else than itself.
"""

import asyncio
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from logging import Logger
from statistics import median
from typing import Any

import aiohttp
import frappe
import redis
from frappe import _, _lt

from escalation_mgmt.notifiers import egress
from escalation_mgmt.storage import mark_file, restored, wording
from escalation_mgmt.storage.action_items import NOT_HELD
from escalation_mgmt.storage.acts import DeedState
from escalation_mgmt.storage.message_state import Purpose
from escalation_mgmt.utils import clock, installation
from escalation_mgmt.utils.doctypes import DEED, ITEM, NOTIFICATION, SETTINGS
from escalation_mgmt.utils.language import plural
from escalation_mgmt.utils.masking import masked
from escalation_mgmt.utils.site_config import Proxy

TOLERATED = timedelta(minutes=5)  # a scheduler's tick is up to 240 s; later than this is an alarm
HEARTBEAT_SECONDS = 10
LATELY = timedelta(days=1)
LATEST = 500  # messages, for how late they were
TICK, WORKER, HEARTBEAT = "escalation_last_tick", "escalation_worker", "escalation_heartbeat"  # keys in Redis
_HEARTBEAT_KNOWN = 3600  # seconds
_WORKER_SECONDS = 90  # longer than a batch takes
_NOTICED = 0.05  # seconds; less reads as 0.0 s
_NOTED_EVERY = timedelta(seconds=5)
noted: dict[str, datetime] = {}  # by site: the look that this process has written to Redis last
_calls: dict[str, threading.Thread] = {}  # to the heartbeat address, each site's last
_said: dict[str, str | Exception] = {}  # by site: what its last call came to; empty: it was answered


@dataclass(frozen=True, slots=True)
class Health:
	"""The state at one instant. Lateness in seconds, of what has been due longest; `not_looked`: since a dispatcher last
	looked, where that is longer than tolerated, else (and where nobody knows) 0."""

	mute: bool
	steps_overdue: int
	steps_late: float
	messages_overdue: int
	messages_late: float
	acts_overdue: int
	acts_late: float
	failures_overdue: int
	failures_late: float
	not_looked: float
	parked: int
	reaching_nobody: int
	scheduler_off: bool
	redis_away: bool
	restored: bool  # to an earlier state, and nobody has looked at it yet
	restoring: bool  # it is being read back, as far as can be told
	held: int  # because of that
	mark_trouble: str  # why a restore may not be told

	@property
	def well(self) -> bool:
		return not self.problems

	@property
	def is_overdue(self) -> bool:
		return bool(self.steps_overdue or self.messages_overdue or self.acts_overdue or self.failures_overdue)

	@property
	def problems(self) -> list[str]:
		"""What is wrong, in words that say what to do; [] where nothing is."""
		if self.mute:
			return [_("This site is a copy: nothing is sent. Make it live in Escalation Settings.")]
		return self.after_restore + self.overdue + self.stuck + self.blind

	@property
	def overdue(self) -> list[str]:
		"""Steps, messages, acts on tickets, what follows from failures, and the dispatcher's own look."""
		found = []
		if self.steps_overdue:
			found.append(
				plural(
					self.steps_overdue,
					_lt("{0} step is overdue, by {1}. Is the dispatcher running?"),
					_lt("{0} steps are overdue, the oldest by {1}. Is the dispatcher running?"),
					wording.duration(self.steps_late),
				)
			)
		if self.messages_overdue:
			found.append(
				plural(
					self.messages_overdue,
					_lt("{0} message waits to be sent, for {1}. Is the dispatcher running?"),
					_lt("{0} messages wait to be sent, the oldest for {1}. Is the dispatcher running?"),
					wording.duration(self.messages_late),
				)
			)
		if self.acts_overdue:
			found.append(
				plural(
					self.acts_overdue,
					_lt("{0} act on a ticket waits to be done, for {1}. See the Error Log."),
					_lt("{0} acts on tickets wait to be done, the oldest for {1}. See the Error Log."),
					wording.duration(self.acts_late),
				)
			)
		if self.failures_overdue:
			found.append(
				plural(
					self.failures_overdue,
					_lt("{0} message has failed, and waits for {1} to go another way. See the Error Log."),
					_lt(
						"{0} messages have failed, and wait to go another way, the oldest for {1}. See the Error Log."
					),
					wording.duration(self.failures_late),
				)
			)
		if self.not_looked:
			found.append(
				_("The dispatcher has not looked for {0}. Is it running?").format(
					wording.duration(self.not_looked)
				)
			)
		if found and self.scheduler_off:
			found.append(_("The site's scheduler is off."))
		return found

	@property
	def after_restore(self) -> list[str]:
		if self.restoring:
			return [_("The database is being restored: nothing is run or sent until that is over.")]
		if not (self.restored or self.held):
			return []
		held = plural(
			self.held,
			_lt("{0} escalation from before it is held until somebody has looked at it."),
			_lt("{0} escalations from before it are held until somebody has looked at them."),
		)
		return [_("An earlier state of the database was restored.") + " " + held]

	@property
	def stuck(self) -> list[str]:
		found = []
		if self.parked:
			found.append(
				plural(
					self.parked,
					_lt("{0} escalation can't be processed; it says why."),
					_lt("{0} escalations can't be processed; each says why."),
				)
			)
		if self.reaching_nobody:
			found.append(
				plural(
					self.reaching_nobody,
					_lt("{0} escalation reaches nobody; it says why."),
					_lt("{0} escalations reach nobody; each says why."),
				)
			)
		return found

	@property
	def blind(self) -> list[str]:
		"""What keeps it from knowing, and others from being asked."""
		found = [_("A restore of the database can't be told: {0}").format(self.mark_trouble)]
		found = found if self.mark_trouble else []
		if self.redis_away:
			found.append(
				_("Redis can't be reached: no job is run, and nobody knows when a dispatcher last looked.")
			)
		return found


def health(tolerated: timedelta = TOLERATED) -> Health:
	"""Look at what is due. What is late by less than `tolerated` is not overdue."""
	now = clock.now()
	steps, since = _overdue(ITEM, "due_utc", now - tolerated)
	set_aside, longest = _overdue(ITEM, "parked_due_utc", now - tolerated)
	steps, since = steps + set_aside, min(filter(None, (since, longest)), default=None)
	messages, waiting = _overdue(NOTIFICATION, "next_attempt_utc", now - tolerated)
	acts, ordered = _overdue(
		DEED, "planned_utc", now - tolerated, f"`state` = '{DeedState.QUEUED}'{NOT_HELD}"
	)
	failures, failed = _overdue(NOTIFICATION, "follow_up_utc", now - tolerated, f"1 = 1{NOT_HELD}")
	looked = last_tick()
	return Health(
		mute=not installation.is_live(),
		steps_overdue=steps,
		steps_late=(now - since).total_seconds() if since else 0.0,
		messages_overdue=messages,
		messages_late=(now - waiting).total_seconds() if waiting else 0.0,
		acts_overdue=acts,
		acts_late=(now - ordered).total_seconds() if ordered else 0.0,
		failures_overdue=failures,
		failures_late=(now - failed).total_seconds() if failed else 0.0,
		not_looked=(now - looked).total_seconds() if looked and now - looked > tolerated else 0.0,
		parked=frappe.db.count(ITEM, {"parked": ("is", "set"), "status": ("!=", "Cancelled")}),
		reaching_nobody=frappe.db.count(ITEM, {"stalled": 1}),
		scheduler_off=_scheduler_off(),
		redis_away=_redis_away(),
		restored=restored.is_found(),
		restoring=restored.is_being_read_back(),
		held=restored.count_held(),
		mark_trouble=mark_file.trouble(),
	)


def _redis_away() -> bool:
	try:
		frappe.cache.ping()
	except (redis.exceptions.RedisError, OSError):
		return True
	return False


def _overdue(doctype: str, column: str, before: Any, which: str = "1 = 1") -> tuple[int, Any]:
	"""How many (at most a thousand are counted), and since when. Plain SQL: a filter of Frappe's would count nulls."""
	found = frappe.db.sql(
		f"select `{column}` from `tab{doctype}` where {which} and `{column}` < %s order by `{column}` limit 1000",
		(before,),
	)
	return len(found), found[0][0] if found else None


def _scheduler_off() -> bool:
	from frappe.utils.scheduler import is_scheduler_inactive

	try:
		return bool(is_scheduler_inactive(verbose=False))
	except TypeError:  # an older Frappe
		return bool(is_scheduler_inactive())


def ticked(now: datetime) -> None:
	"""A dispatcher has looked at what is due. Kept in Redis, every few seconds at most; without Redis it is not known."""
	site = frappe.local.site
	if site not in noted or abs(now - noted[site]) >= _NOTED_EVERY:
		noted[site] = now
		with suppress(redis.exceptions.RedisError, OSError):  # no step waits for Redis
			frappe.cache.set_value(TICK, now)


def last_tick() -> datetime | None:
	"""When a dispatcher last looked (UTC), to within a few seconds; None where nobody knows."""
	with suppress(redis.exceptions.RedisError, OSError):
		return frappe.cache.get_value(TICK, expires=True)
	return None


def worker_ticked() -> None:
	"""The background job has looked; each time, because it is forgotten soon."""
	with suppress(redis.exceptions.RedisError, OSError):
		frappe.cache.set_value(WORKER, 1, expires_in_sec=_WORKER_SECONDS)


def worker_looks() -> bool:
	"""Whether a worker has the background job; False where nobody knows."""
	with suppress(redis.exceptions.RedisError, OSError):
		return bool(frappe.cache.get_value(WORKER, expires=True))
	return False


def lateness(now: datetime) -> list[float]:
	"""How late the latest steps of the last day ran, in seconds: of each message, from when it was planned."""
	found = frappe.db.sql(
		f"select `purpose`, `planned_utc`, `created_utc` from `tab{NOTIFICATION}` order by `name` desc limit {LATEST}"
	)
	return [
		(created - planned).total_seconds()
		for purpose, planned, created in found
		if purpose == Purpose.PAGE and planned and created > now - LATELY
	]


def figures() -> list[dict[str, str]]:
	"""How the engine does, in words: [{"label", "value", "tone": a colour or empty}]."""
	now, state = clock.now(), health()
	looked, late = last_tick(), lateness(now)
	since = (now - looked).total_seconds() if looked else 0
	overdue = state.overdue if state.is_overdue else []
	return [
		{
			"label": _("A dispatcher last looked"),
			"value": _("{0} ago").format(wording.duration(since)) if looked else _("not known"),
			"tone": "red" if not looked or state.not_looked else "green",
		},
		{
			"label": _("Overdue"),
			"value": " ".join(overdue) or _("nothing"),
			"tone": "red" if overdue else "green",
		},
		{
			"label": _("How late messages went out in the last 24 hours"),
			"value": _how_late(late),
			"tone": "red" if late and max(late) > TOLERATED.total_seconds() else "",
		},
		*(
			{"label": _("Restored"), "value": problem, "tone": "red" if state.restored else "orange"}
			for problem in state.after_restore
		),
		*({"label": _("Stuck"), "value": problem, "tone": "red"} for problem in state.stuck),
	]


def _how_late(late: list[float]) -> str:
	"""Half of them and the latest, in words: of some that were on time nobody says by how much."""
	if not late:
		return _("none went out")
	if max(late) < _NOTICED:
		return plural(len(late), _lt("on time (of {0})"), _lt("all of them on time (of {0})"))
	if len(late) == 1:
		return _("by {0} (of {1})").format(_seconds(late[0]), 1)
	if median(late) < _NOTICED:
		return _("half of them on time, the latest by {0} (of {1})").format(_seconds(max(late)), len(late))
	said = _("half of them by less than {0}, the latest by {1} (of {2})")
	return said.format(_seconds(median(late)), _seconds(max(late)), len(late))


def _seconds(value: float) -> str:
	return _("{0} s").format(f"{value:.1f}") if value < 60 else wording.duration(value)


def beat(*, wait: bool = False) -> None:
	"""Call the heartbeat address, but only while nothing is overdue, nor a restore found that nobody has looked at: who listens there misses it otherwise.

	It is called on a thread of its own, one at a time, so that an address that never answers holds up no step. `wait`
	for it where the process ends afterwards.
	"""
	url = (frappe.db.get_single_value(SETTINGS, "heartbeat_url") or "").strip()
	state = health() if url else None
	if not state or state.mute or state.is_overdue or state.restored:
		return
	site, log, allowed = frappe.local.site, frappe.logger("escalation_mgmt"), egress.allowed_hosts()
	_note_heartbeat()
	try:
		egress.check_url(url, allowed)
		proxy = egress.proxy()
	except egress.Forbidden as e:  # said here: the thread knows no language
		log.warning(masked(f"the heartbeat address can't be called: {e}"))
		_said[site] = e
		_note_heartbeat()
		return
	if site in _calls and _calls[site].is_alive():
		log.warning("the heartbeat address has yet to answer: it is not called again meanwhile")
		return
	call = threading.Thread(
		target=_call, args=(site, url, allowed, proxy, log), name="escalation-heartbeat", daemon=True
	)
	_calls[site] = call
	call.start()
	if wait:
		call.join(2 * HEARTBEAT_SECONDS)  # a name server that hangs takes longer than the limit
		_note_heartbeat()


def heartbeat_trouble() -> str:
	"""Why the heartbeat address wasn't reached when it was called last; empty where it was, or nobody knows."""
	with suppress(redis.exceptions.RedisError, OSError):
		return frappe.cache.get_value(HEARTBEAT, expires=True) or ""
	return ""


def _note_heartbeat() -> None:
	"""Let other processes know what the call before came to."""
	said = _said.pop(frappe.local.site, None)
	if isinstance(said, Exception):
		said = masked((str(egress.refusal(said) or said) or repr(said))[:200])
	if said is not None:
		with suppress(redis.exceptions.RedisError, OSError):
			frappe.cache.set_value(HEARTBEAT, said, expires_in_sec=_HEARTBEAT_KNOWN)


def _call(site: str, url: str, allowed: Sequence[str], proxy: Proxy | None, log: Logger) -> None:
	"""On a thread that knows no site."""
	try:
		status = asyncio.run(_get(url, allowed, proxy))
		_said[site] = "" if status < 400 else f"HTTP {status}"
	except Exception as e:
		log.warning(masked(f"the heartbeat address can't be called: {e!r}"))
		_said[site] = e


async def _get(url: str, allowed: Sequence[str], proxy: Proxy | None) -> int:
	timeout = aiohttp.ClientTimeout(total=HEARTBEAT_SECONDS)
	pool = egress.Outbound(allowed, 1, proxy=proxy, timeout=timeout)
	try:
		async with pool.request("GET", url) as response:
			response.release()
			return response.status
	finally:
		await pool.close()
