"""What follows where a page has failed for good, at once or by a later receipt: one rule (`follow`).

The page goes by the method's next provider, unless the refusal is the address's own fault. Where none is left, the same person
is paged by another method: the plan's next one that reaches them, else any, those that wake more surely than the failed one
first; each method once in a run. Where none is left, the next step is brought forward; where no step is left, the owners are told. A plan may ask for the next step
first. A page of which nobody knows whether it arrived hasn't failed: nothing follows from it.

A call that was busy or that nobody took has arrived, in a way: it rings again as often as the plan says (`call_again`).
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import frappe

from escalation_mgmt import delivery
from escalation_mgmt.dispatch.evaluation import Snapshot
from escalation_mgmt.engine import (
	NOT_DELIVERED,
	ActionItem,
	Audience,
	EventKind,
	Notice,
	OnFailure,
	Recipient,
	Refused,
	Status,
	bring_forward,
	may_be_undone_until,
)
from escalation_mgmt.facts.people import Directory
from escalation_mgmt.notifiers.base import CannotReach
from escalation_mgmt.storage import (
	action_items,
	failures,
	history,
	message_secrets,
	outbox,
	quiet_calls,
	restored,
)
from escalation_mgmt.storage.circuits import Circuits, Of
from escalation_mgmt.storage.failures import FailedPage, Standing
from escalation_mgmt.storage.message_state import MessageState, Purpose
from escalation_mgmt.utils import clock, fault_points, rows
from escalation_mgmt.utils.doctypes import NOTIFICATION
from escalation_mgmt.utils.error_reports import report_once
from escalation_mgmt.utils.jobs import tick_soon

SET = 25  # items that are seen to at once, well under a second's work
AGAIN_AFTER = timedelta(minutes=5)  # where something is wrong with one
_LATER = (rows.Conflict, frappe.QueryDeadlockError, frappe.QueryTimeoutError)
"""What stands in the way for a moment only: the next tick tries again."""
_MAY_ARRIVE = (  # or has
	MessageState.QUEUED,
	MessageState.SENDING,
	MessageState.SENT,
	MessageState.UNKNOWN,
	MessageState.DELIVERED,
	MessageState.ANSWERED,
	MessageState.NOT_ANSWERED,
)


def carry_out() -> int:
	"""See to failures that delivery has noted, those of a few items. Returns of how many; 0: nothing is left but what others hold.
	Ends the caller's transaction.
	"""
	frappe.db.rollback()
	seen_to, after, now = 0, "", clock.now()
	while seen_to < SET and (waiting := failures.items_waiting(now, SET, after)):
		after = waiting[-1]
		for item in waiting:
			seen_to += _safely(item, now)
		frappe.db.rollback()
	return seen_to


def _safely(item: str, now: datetime) -> bool:
	"""One item in a transaction of its own; what is wrong with it stops no other (design rule 8)."""
	frappe.db.rollback()
	try:
		seen_to = _see_to(item, now)
		fault_points.commit("way")
		return seen_to
	except _LATER:
		frappe.db.rollback()
		return False
	except Exception:
		frappe.db.rollback()
		report_once(f"Escalation: what follows where a message of {item} failed can't be done")
		failures.put_off(item, now, now + AGAIN_AFTER)
		frappe.db.commit()
		return False


def _see_to(item: str, now: datetime) -> bool:
	locked = action_items.lock([item], wait=False)  # items before messages, as every decision locks them
	if not locked:
		return False
	failed = failures.lock_waiting(item, now)
	if failed and not restored.is_sound():
		return False
	stands, until = locked[0].item, may_be_undone_until(locked[0].item)
	# Whoever has it may undo that: then something follows after all.
	later = [each for each in failed if until and now < until and not _is_missed(stands, each)]
	directory, seen_to = Directory(), [each for each in failed if each not in later]
	for message in seen_to:
		follow(message, now, directory)
	failures.settle(seen_to)
	if until and later:
		failures.put_off(item, now, until)
	return bool(failed)


def follow(failed: FailedPage, now: datetime, directory: Directory) -> None:
	"""Do what follows from a page that has failed for good. The caller has locked its item, then it, and commits.

	Nothing does where nobody waits for it any more: somebody has the item, this person has acknowledged and others are
	asked, or the escalation has begun anew since.
	"""
	stored = action_items.lock([failed.action_item])[0]  # as it is now: another failure may have moved it
	if not _is_missed(stored.item, failed):
		return
	if failed.is_under_way:
		_meanwhile(stored.item, failed, directory, now)
		return
	if (left := _by_next_provider(stored.item, failed, directory)) is not None:
		_queue(failed, *left, now)
		return
	step_first = stored.item.plan.on_failure is OnFailure.NEXT_STEP
	if step_first and _next_step(stored, failed, now):
		return
	if way := _next_way(stored.item, failed, directory):
		_queue(failed, way, (), now)
	elif step_first or not _next_step(stored, failed, now):
		_tell_owners(stored.item, directory, now)


def _meanwhile(item: ActionItem, waiting: FailedPage, directory: Directory, now: datetime) -> None:
	"""A page waits because all that it could go by refuse everything: it goes another way to whom it is for, where there is one
	that doesn't; else it goes on waiting.
	"""
	way = _next_way(item, waiting, directory, only_sound=True)
	if waiting.status != MessageState.QUEUED or not way:
		return
	rows.update_all(
		NOTIFICATION, [{"name": waiting.name, "status": MessageState.FAILED, "next_attempt_utc": None}]
	)
	outbox.hand_on([waiting], now)
	history.append([outbox.line(waiting, EventKind.FAILED, now)])
	_queue(waiting, way, (), now)


def _queue(failed: FailedPage, way: Recipient, not_by: Sequence[str], now: datetime) -> None:
	name = outbox.queue_instead(failed, way, now, not_by)
	instead = replace(failed, name=name, method=way.method, recipient=way.label)
	history.append([outbox.line(instead, EventKind.INSTEAD, now, not_by=", ".join(not_by))])
	delivery.soon()


def _by_next_provider(
	item: ActionItem, failed: FailedPage, directory: Directory
) -> tuple[Recipient, list[str]] | None:
	"""To whom, and by none of which providers, it goes once more by the same method; None: no provider is left, or would take it."""
	notifier, why = directory.notifier(failed.method)
	if failed.by_no_provider or why or not notifier or not failed.provider:
		return None
	known = [*(failed.not_by or "").splitlines(), failed.earlier_provider, failed.provider]
	not_by = list(dict.fromkeys(filter(None, known)))
	if all(provider.name in not_by or not provider.is_ready for provider in notifier.providers):
		return None
	if notifier.rings and _wants_quiet(item, failed, quiet_calls.wanted_by([item.id])):
		return None
	if not (address := message_secrets.address_of(failed.name)):
		return None
	return Recipient(
		method=failed.method, address=address, label=failed.recipient, user=failed.user or ""
	), not_by


def call_again(missed: Sequence[FailedPage], now: datetime) -> None:
	"""Let calls of one item that nobody took ring once more, where the plan says so and somebody is still waited for. The caller has
	locked the item, then them, and commits. People who share a phone get one further call, too.
	"""
	item = action_items.lock([missed[0].action_item])[0].item
	rules, until = item.plan.calls, now + item.plan.calls.pause
	if not rules.further:
		return
	quiet = quiet_calls.wanted_by([item.id])
	further, lines = [], []
	for call in missed:
		rang = {"status": ("!=", MessageState.FAILED)}  # what a provider refused didn't
		made = frappe.db.count(NOTIFICATION, {**_of_run(call), **_same_call(call), **rang})
		if made > rules.further or not _is_missed(item, call):
			continue
		if not (address := message_secrets.address_of(call.name)) or _wants_quiet(item, call, quiet):
			continue
		to = Recipient(method=call.method, address=address, label=call.recipient, user=call.user or "")
		further.append((call, to))
		said = {"until": until, "number": made, "most": rules.further}
		lines.append(outbox.line(call, EventKind.CALLS_AGAIN, now, **said))
	outbox.queue_further(further, now, until)
	if item.held_at:
		outbox.hold([item.id])
	history.append(lines)


def _same_call(call: FailedPage) -> dict[str, object]:
	return {
		"step": call.step,
		"method": call.method,
		"user": call.user or ("is", "not set"),
		"recipient": call.recipient,
	}


def _wants_quiet(item: ActionItem, page: FailedPage, quiet: set[tuple[str, str]]) -> bool:
	return (item.id, outbox.counted_as(page)) in quiet


def _is_missed(item: ActionItem, failed: FailedPage) -> bool:
	over = {*item.acks, *item.passed_on_now}
	if not Standing.of(item).follows(failed.generation) or outbox.counted_as(failed) in over:
		return False
	return item.status in outbox.STILL_ASK or outbox.is_called_to_help(
		failed.user, failed.created_utc, item.status, item.acknowledged_at, item.added
	)


def _next_way(
	item: ActionItem, failed: FailedPage, directory: Directory, *, only_sound: bool = False
) -> Recipient | None:
	"""By which method the person is paged next: one that refuses everything comes after all others, or (`only_sound`) not at all."""
	if not failed.user:  # a bare address, or an endpoint
		return None
	person = directory.person(failed.user)
	if isinstance(person, str):
		return None
	tried = _methods_tried(failed)
	later = [step.method for step in item.plan.steps if step.number > failed.step]
	no_calls = _wants_quiet(item, failed, quiet_calls.wanted_by([item.id]))
	methods = dict.fromkeys([*later, *directory.by_urgency(failed.method)])
	circuits = Circuits.read()
	sound = [method for method in methods if _is_sound(method, directory, circuits)]
	others = [] if only_sound else [method for method in methods if method not in sound]
	for method in [*sound, *others]:
		notifier, why = directory.notifier(method)
		if method in tried or why or not notifier or (no_calls and notifier.rings):
			continue
		try:
			address = notifier.address_of(person)
		except CannotReach:
			continue
		return Recipient(method=method, address=address, label=person.name, user=failed.user)
	return None


def _is_sound(method: str, directory: Directory, circuits: Circuits) -> bool:
	"""Whether one of its providers isn't passed over now."""
	notifier, _why = directory.notifier(method)
	return notifier is not None and any(
		provider.is_ready and not circuits.circuit(Of(method, provider.name)).is_open
		for provider in notifier.providers
	)


def _methods_tried(failed: FailedPage) -> set[str]:
	"""By which this person has been paged in this run already."""
	return set(
		frappe.get_all(
			NOTIFICATION,
			filters={**_of_run(failed), "user": failed.user},
			pluck="method",
			order_by="name",
		)
	)


def _of_run(failed: FailedPage) -> dict[str, object]:
	of = {"action_item": failed.action_item, "generation": failed.generation, "run": failed.run}
	return {**of, "purpose": Purpose.PAGE}


def _next_step(stored: action_items.Stored, failed: FailedPage, now: datetime) -> bool:
	"""See to it that the next step runs now; False: none is left for that."""
	item = stored.item
	if item.status is Status.ACKNOWLEDGED:
		return True  # whom somebody called to help wasn't reached: that is no reason to wake others
	if item.in_last_wait or _would_begin_a_futile_run(item, failed):
		return False
	if item.position != outbox.next_of(failed) or (item.due_at and item.due_at <= now):
		return True  # it has run since, or does now: several may fail together
	try:
		decision = bring_forward(item, outbox.next_of(failed), now, why=NOT_DELIVERED)
	except Refused:  # it waits for somebody, or stands still with its clock
		return True
	Snapshot([stored.key]).apply([(stored, decision)], now)
	tick_soon()
	return True


def _would_begin_a_futile_run(item: ActionItem, failed: FailedPage) -> bool:
	"""Whether the next step is a repeat's first, after a run of which nothing arrived: one pass through the plan may go by like
	this, and no more (design rule 7). The repeat comes at its own time.
	"""
	if item.run == failed.run:
		return False
	return not frappe.db.exists(NOTIFICATION, {**_of_run(failed), "status": ("in", _MAY_ARRIVE)})


def _tell_owners(item: ActionItem, directory: Directory, now: datetime) -> None:
	"""No step is left that could be brought forward: once, because more may fail."""
	about = str(EventKind.FAILED)
	if item.status is not Status.ESCALATING or frappe.db.exists(
		NOTIFICATION, {"action_item": item.id, "about": about}
	):
		return
	outbox.queue_notices([(item, Notice(Audience.OWNERS, EventKind.FAILED))], directory, now)
	delivery.soon()
