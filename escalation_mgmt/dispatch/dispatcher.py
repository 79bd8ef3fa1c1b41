"""Finds due steps and runs them: claims in sets, one transaction for each set, then hands over to delivery.

Three ways lead here: the scheduled job, `bench --site SITE escalation dispatch`, and a long-running background
job. However many of them run at once, each due step is claimed by one (design rule 1).
"""

import gc
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import frappe

from escalation_mgmt import delivery
from escalation_mgmt.delivery.method_threads import MethodThreads
from escalation_mgmt.delivery.process import Sender
from escalation_mgmt.dispatch import acts, another_way, due, monitor, sweep
from escalation_mgmt.dispatch.evaluation import Snapshot
from escalation_mgmt.engine import Audience, Decision, EventKind, Notice, run_due
from escalation_mgmt.facts.people import Directory
from escalation_mgmt.notifiers.connections import connections_kept
from escalation_mgmt.storage import action_items, decisions, outbox, restored
from escalation_mgmt.utils import clock, fault_points, installation, rows
from escalation_mgmt.utils.after_commit import putting_off
from escalation_mgmt.utils.doctypes import ITEM, SETTINGS
from escalation_mgmt.utils.error_reports import log_error, report_error, reported
from escalation_mgmt.utils.masking import masked

SET = 500  # items claimed at once
PARKED_FOR = timedelta(minutes=5)
SHORTEST_SLEEP, LONGEST_SLEEP = 0.02, 0.25  # seconds; between looks at what is due
SWEEP_EVERY = 60.0  # seconds
BEAT_EVERY = 60.0  # seconds
FRESH_EVERY = 30.0  # seconds; how long a resident dispatcher trusts configuration that it has read
BEHIND = timedelta(seconds=1)  # a sender whose messages wait for longer is helped
JOB_SECONDS = 55 * 60  # how long the background job stays before another takes its place


def tick(send: Callable[[], object] | None = None) -> int:
	"""Run every step that is due, and send: by `send`, or else here and now. Returns the number of items run. Ends the
	caller's transaction.

	A set of which nothing could be written ends it: what others hold is for the next tick. A mute installation (design
	rule 15) runs nothing: what is due waits until an administrator makes it live. What an earlier state of the database
	brings is held first (`storage.restored`).
	"""
	frappe.db.rollback()
	now = clock.now()
	if not restored.may_send(now):
		return 0
	monitor.ticked(now)
	if not due.look(now).is_now:
		return 0
	total = 0
	send = send or delivery.deliver
	with connections_kept(), putting_off() as put_off:
		ran = acted = went = -1
		while ran or acted or went:
			ran = _run_set(now if ran < 0 else clock.now())
			total += max(ran, 0)
			send()
			# Few at a time: what is due and what is to be sent waits for none of them.
			acted = acts.carry_out()
			went = another_way.carry_out()
			put_off.soon()
	return total


def _run_set(now: datetime) -> int:
	"""Returns how many items were run, or set aside."""
	frappe.db.rollback()  # what an older read view shows is not as it is now
	monitor.ticked(now)
	claimed = action_items.claim_due(now, SET)
	if not claimed or not restored.is_sound():
		return 0
	try:
		ran = _run(action_items.load(claimed), now)
		fault_points.commit("dispatcher.set")
		return ran
	except Exception:
		frappe.db.rollback()
		return _run_in_parts([row.name for row in claimed])


def _run(claimed: list[action_items.Stored], now: datetime) -> int:
	snapshot = Snapshot([stored.key for stored in claimed])
	snapshot.items = [stored.item.id for stored in claimed]
	snapshot.directory.read(snapshot.tickets.assignees())
	decided = []
	for stored in claimed:
		if decision := _decide(stored, snapshot, now):
			decided.append((stored, decision))
	snapshot.apply(decided, now)
	return len(decided)


def _decide(stored: action_items.Stored, snapshot: Snapshot, now: datetime) -> Decision | None:
	ticket, enabled = snapshot.ticket(stored), snapshot.enabled(stored.key.doctype).values()
	context = snapshot.context(stored, ticket, now, snapshot.maintenances.of(ticket))
	decision = run_due(stored.item, ticket, enabled, snapshot.condition_met(stored.key), context)
	if decision:
		snapshot.directory.turns.took(decision)
	return decision


def _run_in_parts(names: list[str]) -> int:
	"""A set has failed: its halves, and theirs, until what is bad stands alone and stops no other (design rule 1), nor
	holds them up for long.
	"""
	ran, middle = 0, len(names) // 2
	for part in filter(None, (names[:middle], names[middle:])):
		try:
			now = clock.now()
			claimed = action_items.claim_due(now, len(part), only=part)
			ran += _run(action_items.load(claimed), now) if restored.is_sound() else 0
			fault_points.commit("dispatcher.part")
		except Exception as e:
			frappe.db.rollback()
			frappe.db.sql("select 1")  # raises where the database itself is away: nothing is parked for that
			if len(part) > 1:
				ran += _run_in_parts(part)
			elif not isinstance(e, rows.Conflict | frappe.QueryDeadlockError | frappe.QueryTimeoutError):
				ran += _park(part[0], e)
			# else somebody else has it; the next tick tries again
	return ran


def _park(name: str, error: Exception) -> bool:
	now = clock.now()
	report_error(f"Escalation: {name} can't be processed", reference_doctype=ITEM, reference_name=name)
	first = not frappe.db.get_value(ITEM, name, "parked")
	parked = decisions.park(name, masked(f"{type(error).__name__}: {error}"[:300]), now + PARKED_FOR, now)
	if first and parked:
		_notify_owner_of(name, now)
	fault_points.commit("dispatcher.parked")
	return parked


def _notify_owner_of(name: str, now: datetime) -> None:
	"""Tell the plan's owner of a parked item, where so much of it can be read."""
	frappe.db.savepoint("escalation_mgmt")
	try:
		for stored in action_items.read([name]):
			outbox.queue_notices([(stored.item, Notice(Audience.OWNERS, EventKind.PARKED))], Directory(), now)
	except Exception:
		frappe.db.rollback(save_point="escalation_mgmt")  # why it was parked stands in the Error Log already


@reported("Escalation: the scheduled job failed", job=True)
def scheduled() -> None:
	"""The scheduled job: one tick and one sweep; keeps the background job alive where the site wants one."""
	in_worker = frappe.db.get_single_value(SETTINGS, "dispatch_in_worker")
	if in_worker:
		frappe.enqueue(
			"escalation_mgmt.dispatch.dispatcher.in_worker",
			queue="long",
			timeout=JOB_SECONDS + 300,
			job_id="escalation_mgmt.dispatcher",
			deduplicate=True,
		)
	tick()
	if in_worker and monitor.worker_looks():
		return  # it sweeps as well
	for _batch in sweep.in_batches():
		tick()
	monitor.beat(wait=True)


@reported("Escalation: the background job failed", job=True)
def in_worker() -> None:
	"""The long-running background job. It ends within the hour, and the scheduled job starts it again."""
	until = time.monotonic() + JOB_SECONDS

	def stopped() -> bool:
		monitor.worker_ticked()
		wanted = frappe.db.get_single_value(SETTINGS, "dispatch_in_worker")
		return not wanted or time.monotonic() > until

	run(stopped)


def run(stopped: Callable[[], bool], sender: Sender | None = None) -> None:
	"""Run what falls due, until `stopped`: sleeps until the next due instant, but never long.

	Whatever breaks (the database, Redis) is reported, and the connection is made anew. What is queued is sent by the
	`sender`; where there is none, or no longer, or where it is behind, by threads of this process (as well). Either way a
	provider that is slow keeps no step waiting.
	"""
	site = frappe.local.site
	with MethodThreads(lambda: reconnect(site)) as threads:

		def send() -> None:
			methods = delivery.methods_due()
			if methods and sender and sender.send(methods):
				methods = delivery.methods_due(late=BEHIND)
			threads.send(methods)

		_run_until(stopped, site, send)


def _run_until(stopped: Callable[[], bool], site: str, send: Callable[[], object]) -> None:
	swept = fresh = beaten = float("-inf")
	gc.freeze()  # what has been imported stays: to look through it again and again takes a tenth of a burst
	with putting_off() as put_off:
		while not stopped():
			try:
				if time.monotonic() - fresh > FRESH_EVERY:
					reconnect(site)
					fresh = time.monotonic()
				frappe.local.cache = {}  # what other processes changed must be seen
				tick(send)
				put_off.soon()
				if time.monotonic() - swept > SWEEP_EVERY:
					swept = time.monotonic()
					for _batch in sweep.in_batches():
						tick(send)
						put_off.soon()
						if stopped():
							break
				if time.monotonic() - beaten > BEAT_EVERY:
					beaten = time.monotonic()
					monitor.beat()
				left = pause()
				if put_off and left > SHORTEST_SLEEP:  # nothing is due, nor waits to be sent
					put_off.some()
					continue
				time.sleep(left)
			except Exception:
				log_error("the dispatcher met an error, and goes on")
				time.sleep(1)
				fresh = float("-inf")


def reconnect(site: str) -> None:
	"""Give this thread a fresh connection to the site, and its configuration as it is now."""
	job = getattr(frappe.local, "job", None)  # a background job is asked for it when it ends
	frappe.destroy()
	frappe.init(site)
	frappe.connect()
	if job:
		frappe.local.job = job


def pause() -> float:
	"""How long nothing falls due, in seconds, within the limits of a sleep. Ends the caller's transaction."""
	frappe.db.rollback()
	now = clock.now()
	seen = due.look(now)
	if seen.waits:
		return SHORTEST_SLEEP
	left = (seen.next - now).total_seconds() if seen.next else LONGEST_SLEEP
	if left >= LONGEST_SLEEP or not installation.is_live():
		return LONGEST_SLEEP
	return max(left, SHORTEST_SLEEP)
