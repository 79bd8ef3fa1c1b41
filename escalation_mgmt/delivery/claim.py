"""Claiming: due messages of one method become attempts, which nobody else makes for as long as they may take."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import TypeVar

import frappe
from frappe import _

from escalation_mgmt.delivery import limited, routes, tokens
from escalation_mgmt.delivery.attempt import Attempt, CountedAttempt, read_items
from escalation_mgmt.engine import EventKind
from escalation_mgmt.facts import limits
from escalation_mgmt.notifiers.base import Notifier
from escalation_mgmt.storage import (
	bell,
	claim_lock,
	history,
	message_secrets,
	outbox,
	quiet_calls,
	reply_codes,
	restored,
)
from escalation_mgmt.storage.circuits import Circuits
from escalation_mgmt.storage.message_state import MessageState, Purpose
from escalation_mgmt.utils import clock, rows
from escalation_mgmt.utils.doctypes import NOTIFICATION

HEARD_OF_WITHIN = timedelta(minutes=2)  # an attempt that takes longer is unknown


class Lane(Enum):
	"""Which messages are claimed: an endpoint that stands still is not to slow others."""

	ALL = auto()
	SOUND = auto()  # of endpoints that have taken what they got last
	ASIDE = auto()  # of those that haven't

	def which(self, aside: Sequence[str]) -> tuple[str, tuple[str, ...]]:
		"""A condition in SQL, and its values; `aside`: the endpoints that haven't."""
		if self is Lane.ALL or (self is Lane.SOUND and not aside):
			return "", ()
		if not aside:
			return " and 1 = 0", ()
		is_in = "in" if self is Lane.ASIDE else "not in"
		return f" and `endpoint` {is_in} ({rows.placeholders(aside)})", tuple(aside)


BATCH = 100  # where the method isn't installed, and so says no batch of its own


def claim(method: str, notifier: Notifier | None, lane: Lane = Lane.ALL) -> tuple[list[Attempt], int]:
	"""Claim due messages of one method for one attempt each; also returns how many were looked at.

	A mute installation claims nothing, nor does one whose database was restored, until what is older is held. Messages that others
	carry are claimed with them, and stand in `carried`: one message goes out for all. What nobody wants any more is withdrawn; what
	is unknown for the second time ends; what is above its person's limit is held.
	"""
	limit = limits.of(type(notifier)) if notifier else None
	with_codes = bool(notifier and notifier.takes_replies)
	circuits = Circuits.read()
	# What was read until now is older than what the lock guards; and items are read after their messages are locked, or a page whose
	# step has run meanwhile would seem unwanted.
	frappe.db.rollback()
	if limit or with_codes:
		claim_lock.take()
	now = clock.now()
	aside = circuits.troubled(method) if notifier and notifier.to_endpoints else []
	kind = CountedAttempt if limit else Attempt
	due = _find_due(kind, method, notifier.batch if notifier else BATCH, now, lane.which(aside))
	if not due or not restored.is_sound():
		return [], 0
	looked_at = len(due)
	if limit:
		due += limited.held_too(due, type(notifier), limit, now)
	carried = _carried_by(due, kind)
	quiet = (
		quiet_calls.wanted_by(sorted({m.action_item for m in due})) if notifier and notifier.rings else set()
	)
	claimed = _sort_out([*due, *carried], now, quiet)
	if limit:
		claimed = limited.allotted(claimed, type(notifier), limit, now)
	for attempt in claimed:
		_begin(attempt)
	if notifier:
		going = [attempt for attempt in claimed if not attempt.carried_by]
		routes.Routes(notifier, circuits, now).choose(going)
		_carry_along(claimed)
	if with_codes:
		_give_reply_codes(claimed, now)
	_write(claimed, now)
	return _with_carried(claimed), looked_at


A = TypeVar("A", bound=Attempt)
Which = tuple[str, tuple[str, ...]]
"""A further condition in SQL, and its values."""


def _find_due(kind: type[A], method: str, most: int, now: datetime, which: Which) -> list[A]:
	"""Lock what is due, those due longest first; what another process has locked is passed over. Where there is more than is
	claimed at once, first messages of new items come before later ones of old items, then those of a higher priority.
	"""
	due = _select_due(kind, method, most, now, which)
	if len(due) == most:
		due = _most_urgent(due, kind, method, now, which)
	read_items(due)
	return due


def _select_due(kind: type[A], method: str, most: int, now: datetime, which: Which) -> list[A]:
	return outbox.select(
		kind,
		f"where `method` = %s and `next_attempt_utc` <= %s{which[0]} order by `next_attempt_utc`, `name`"
		f" limit {int(most)} for update skip locked",
		(method, now, *which[1]),
	)


def _most_urgent(due: Sequence[A], kind: type[A], method: str, now: datetime, which: Which) -> list[A]:
	"""As many, with those that are more urgent in place of those that are less."""
	found: list[A] = []
	worst, most = max(message.urgency for message in due), len(due)
	urgency = _next_urgency(method, -1)
	while urgency is not None and urgency < worst and len(found) < most:
		of = f" and `urgency` = {int(urgency)}{which[0]}", which[1]
		found += limited.as_old_as_the_view(_select_due(kind, method, most - len(found), now, of))
		urgency = _next_urgency(method, urgency)
	known = {message.name for message in found}
	rest = sorted((m for m in due if m.name not in known), key=lambda message: message.urgency)
	return (found + rest)[:most]


def _next_urgency(method: str, after: int) -> int | None:
	"""The next less urgent that messages of this method have, or had: one step in an index each."""
	found = frappe.db.sql(
		f"select `urgency` from `tab{NOTIFICATION}` where `method` = %s and `urgency` > %s order by `urgency` limit 1",
		(method, after),
	)
	return found[0][0] if found else None


def _carried_by(due: Sequence[A], kind: type[A]) -> list[A]:
	"""What is still to be sent of what these carry."""
	found = outbox.carried(due, kind)
	carried = [message for messages in found.values() for message in messages if message.is_under_way]
	read_items(carried)
	return carried


def _with_carried(claimed: Sequence[Attempt]) -> list[Attempt]:
	carriers = {attempt.name: attempt for attempt in claimed if not attempt.carried_by}
	for attempt in claimed:
		if attempt.carried_by:
			carriers[attempt.carried_by].carried.append(attempt)
	return list(carriers.values())


def _sort_out(due: Sequence[A], now: datetime, quiet: set[tuple[str, str]]) -> list[A]:
	"""End what is unknown for the second time, and withdraw what nobody wants any more; returns the rest. `quiet`: who wants no
	calls about an item.

	Where that ends a message which carried others, they are due by themselves from now on, and claimed next.
	"""
	unwanted = {
		message.name
		for message in due
		if not message.is_wanted or (message.action_item, outbox.counted_as(message)) in quiet
	}
	over = _end_lost([message for message in due if message.lost], unwanted, now)
	withdrawn = unwanted - over
	outbox.take_back([message for message in due if message.name in withdrawn], now)
	outbox.hand_on([message for message in due if message.name in over], now)
	gone = over | withdrawn
	return [message for message in due if message.name not in gone and message.carried_by not in gone]


def _end_lost(lost: Sequence[Attempt], unwanted: set[str], now: datetime) -> set[str]:
	"""Record attempts that nobody heard of again; returns those that aren't repeated.

	A repetition isn't repeated once more, and what nobody wants any more isn't either.
	"""
	over = {message.name for message in lost if message.possible_duplicate or message.name in unwanted}
	detail = _("The attempt was never heard of again.")
	history.append([outbox.line(message, EventKind.UNKNOWN, now, detail=detail) for message in lost])
	rows.update_all(
		NOTIFICATION,
		[{"name": name, "status": MessageState.UNKNOWN, "next_attempt_utc": None} for name in sorted(over)],
	)
	return over


def _begin(attempt: Attempt) -> None:
	"""Make a due message one attempt more, with an id and a token of its own."""
	attempt.attempts += 1
	attempt.attempt_id = rows.new_name()
	attempt.possible_duplicate = int(attempt.possible_duplicate or attempt.lost)
	if attempt.possible_duplicate:  # what may have arrived keeps its link
		attempt.earlier_token_hash = attempt.earlier_token_hash or attempt.token_hash
	attempt.token, attempt.token_hash = tokens.new()


def _carry_along(claimed: Sequence[Attempt]) -> None:
	"""One message goes out for those that others carry: by the same provider."""
	carriers = {attempt.name: attempt for attempt in claimed}
	for attempt in claimed:
		if attempt.carried_by:
			carrier = carriers[attempt.carried_by]
			attempt.by, attempt.provider = carrier.by, carrier.provider
			attempt.passed_over = carrier.passed_over
			attempt.earlier_provider = carrier.earlier_provider


def _give_reply_codes(claimed: Sequence[Attempt], now: datetime) -> None:
	"""A page has its item's code at that address, those of a bundle one of their own."""
	pages = [attempt for attempt in claimed if attempt.purpose == Purpose.PAGE and not attempt.reply_code]
	wanted = {page.name: (page.address, limited.bundle_of(page) or page.action_item) for page in pages}
	codes = reply_codes.codes_for(list(wanted.values()), now)
	for page in pages:
		page.reply_code = codes[wanted[page.name]]


def _write(claimed: Sequence[Attempt], now: datetime) -> None:
	"""Write the attempts down; uncommitted, nobody may be handed them."""
	expires = tokens.expires(now)
	rows.update_all(
		NOTIFICATION,
		[
			{
				"name": attempt.name,
				"status": MessageState.SENDING,
				"attempts": attempt.attempts,
				"attempt_id": attempt.attempt_id,
				"next_attempt_utc": None if attempt.carried_by else now + HEARD_OF_WITHIN,
				"possible_duplicate": attempt.possible_duplicate,
				"provider": attempt.provider,
				"earlier_provider": attempt.earlier_provider,
				**limited.columns_of(attempt, now),
			}
			for attempt in claimed
		],
	)
	message_secrets.write(
		[
			{
				"name": attempt.name,
				"token_hash": attempt.token_hash,
				"earlier_token_hash": attempt.earlier_token_hash,
				"token_expires_utc": expires,
				"reply_code": attempt.reply_code or 0,
			}
			for attempt in claimed
		]
	)
	# Until now nobody was told, by Desk's bell neither.
	bell.renew_soon(
		each.action_item for each in claimed if each.about == EventKind.ACKNOWLEDGED and each.user
	)
