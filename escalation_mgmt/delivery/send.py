"""Sending: one function over a batch of messages. The scheduled job, the commands and the dispatcher call it.

Write, then send (design rule 6): an attempt is committed before its provider is called. An attempt that was
never heard of again is unknown; its message goes out once more, marked as a possible duplicate.
"""

import time
from collections.abc import Callable, Sequence
from datetime import datetime

import frappe
from frappe import _

from escalation_mgmt.delivery.attempt import Attempt
from escalation_mgmt.delivery.claim import Lane, claim
from escalation_mgmt.delivery.due import methods_due
from escalation_mgmt.delivery.record import Recorder, may_retry
from escalation_mgmt.delivery.render import rendered
from escalation_mgmt.facts.people import Directory
from escalation_mgmt.notifiers.base import Failed, Message, Notifier, Outcome, Provider, Retry, Sent, Unknown
from escalation_mgmt.notifiers.connections import connections_kept
from escalation_mgmt.utils import fault_points
from escalation_mgmt.utils.error_reports import report_error
from escalation_mgmt.utils.jobs import enqueue_once

FRESH_SECONDS = 1.0  # how long the batches of a burst trust people and configuration as one has read them

OTHERS_SECONDS = 20.0  # that providers before this one may have taken, of the two minutes of a claim

UnderWay = dict[str, tuple[Attempt, Message]]
"""By message: attempts whose outcome isn't known yet, and what they send."""


def deliver() -> int:
	"""Send every message that is due. Returns the number of attempts. Ends the caller's transaction.

	A method that breaks is reported, and stops no other.
	"""
	attempts = 0
	with connections_kept():
		for method in methods_due():
			try:
				attempts += deliver_by(method)
			except Exception:
				frappe.db.rollback()
				report_error(f"Escalation: what goes by {method} can't be sent")
				frappe.db.commit()
	return attempts


def soon() -> None:
	"""Ask a worker to deliver as soon as this transaction is committed; without one, the next tick does."""
	frappe.db.after_commit.add(lambda: enqueue_once(deliver, "deliver"))


def deliver_by(
	method: str, stopped: Callable[[], bool] = lambda: False, lanes: Sequence[Lane] = (Lane.SOUND, Lane.ASIDE)
) -> int:
	"""Send every message of one method that is due, or until `stopped`, which is asked after each batch: those of `lanes`, one
	lane after the other. Returns the number of attempts. Ends the caller's transaction."""
	attempts = 0
	directory, read_at = Directory(), time.monotonic()
	with connections_kept():
		for lane in lanes:
			while not (ended := stopped()) and (looked_at := deliver_batch(method, directory, lane)):
				attempts += looked_at
				if time.monotonic() - read_at > FRESH_SECONDS:
					directory, read_at = Directory(), time.monotonic()
			if ended:
				break
	return attempts


def deliver_batch(method: str, directory: Directory, lane: Lane = Lane.ALL) -> int:
	"""Claim, render, send and record as many messages as the method takes at once; returns how many were looked at."""
	frappe.db.rollback()
	notifier, why = directory.notifier(method)
	if lane is Lane.ASIDE and not (notifier and notifier.to_endpoints):
		return 0
	claimed, looked_at = claim(method, notifier, lane)
	fault_points.commit("delivery.claimed")  # the attempts stand in the database before anything is sent
	if not claimed:
		return looked_at
	recorder = Recorder()
	under_way: UnderWay = {}
	for attempt, message, failure in rendered(claimed, directory):
		if not message:
			recorder.add(attempt, Failed(failure, by_no_provider=True), was_sent=False)
		elif why or not attempt.by:
			recorder.add(
				attempt, Retry(why or attempt.passed_over or _("No provider can send it now."))
			)  # it may be set up again in a moment
		else:
			under_way[attempt.name] = attempt, message
	if notifier:
		_look_for(under_way, notifier, recorder)
		_send_by_each(notifier, under_way, recorder)
	recorder.flush()
	return looked_at


def _send_by_each(notifier: Notifier, under_way: UnderWay, recorder: Recorder) -> None:
	"""Hand over what goes by each provider; last what tries one again that stands still. Whatever a slow one leaves no time for goes
	in a moment: these attempts are claimed for no longer.
	"""
	began = time.monotonic()
	of: dict[Provider, UnderWay] = {}
	for name, each in under_way.items():
		if each[0].by:
			of.setdefault(each[0].by.provider, {})[name] = each
	for provider, these in sorted(of.items(), key=lambda each: any(a.by.tries for a, _m in each[1].values())):
		if time.monotonic() - began < OTHERS_SECONDS:
			_send(these, provider, recorder, notifier.method)
			continue
		for attempt, _message in these.values():
			recorder.add(attempt, Retry(_("Another provider was too slow before.")), was_sent=False)


def _look_for(under_way: UnderWay, notifier: Notifier, recorder: Recorder) -> None:
	"""Ask the providers about messages that may have arrived (design rule 6), each about those that it had. What it has isn't
	sent once more, nor, for now, what it can't be asked about."""
	asked: dict[Provider, list[tuple[Message, datetime]]] = {}
	for attempt, message in under_way.values():
		if attempt.by and (provider := attempt.by.ask):
			asked.setdefault(provider, []).append((message, attempt.created_utc))
	for provider, messages in asked.items():
		try:
			found = provider.find(messages)
		except Exception:
			report_error(f"Escalation: {notifier.method} can't say what it sent")
			found = None
		_take_found(found or {}, under_way, recorder)


def _take_found(found: dict[str, Outcome], under_way: UnderWay, recorder: Recorder) -> None:
	for name, outcome in found.items():
		attempt, _message = under_way[name]
		if isinstance(outcome, Retry) and not may_retry(attempt):
			continue  # it was asked for the last time: the message is sent once more
		del under_way[name]
		for each in attempt.all:
			each.possible_duplicate = int(not isinstance(outcome, Sent))  # what is found wasn't sent twice
		recorder.add(attempt, outcome)


def _send(under_way: UnderWay, provider: Provider, recorder: Recorder, method: str) -> None:
	"""Hand messages over. A provider must not raise: what it didn't report then may have gone out, so it is unknown."""
	if not under_way:
		return
	sending = provider.send([message for _attempt, message in under_way.values()])
	while True:
		try:
			message, outcome = next(sending)
		except StopIteration:
			return
		except Exception as e:
			report_error(f"Escalation: the notifier of {method} broke")
			for attempt, _message in under_way.values():
				recorder.add(attempt, Unknown(str(e)[:300]))
			return
		fault_points.point("delivery.taken")
		attempt, _message = under_way.pop(message.notification)
		recorder.add(attempt, outcome)
