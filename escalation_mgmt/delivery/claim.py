"""Claiming: due messages of one method become attempts, which nobody else makes for as long as they may take."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum, auto

from frappe import _

from escalation_mgmt.delivery import routes, tokens
from escalation_mgmt.delivery.attempt import Attempt, read_items
from escalation_mgmt.engine import EventKind
from escalation_mgmt.notifiers.base import Notifier
from escalation_mgmt.storage import history, message_secrets, outbox, quiet_calls, reply_codes, restored
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


def claim(
	method: str, notifier: Notifier | None, circuits: Circuits, lane: Lane = Lane.ALL
) -> tuple[list[Attempt], int]:
	"""Claim due messages of one method for one attempt each; also returns how many were looked at.

	A mute installation claims nothing, nor does one whose database was restored, until what is older is held. Messages that others
	carry are claimed with them, and stand in `carried`: one message goes out for all. What nobody wants any more is withdrawn; what
	is unknown for the second time ends.
	"""
	with_codes = bool(notifier and notifier.takes_replies)
	if with_codes:
		reply_codes.lock_reply_codes()
	now = clock.now()
	aside = circuits.troubled(method) if notifier and notifier.to_endpoints else []
	due = _find_due(method, notifier.batch if notifier else BATCH, now, lane.which(aside))
	if due and not restored.is_sound():
		return [], 0
	carried = _carried_by(due)
	quiet = (
		quiet_calls.wanted_by(sorted({m.action_item for m in due})) if notifier and notifier.rings else set()
	)
	claimed = _sort_out([*due, *carried], now, quiet)
	for attempt in claimed:
		_begin(attempt)
	if notifier:
		going = [attempt for attempt in claimed if not attempt.carried_by]
		routes.Routes(notifier, circuits, now).choose(going)
		_carry_along(claimed)
	if with_codes:
		_give_reply_codes(claimed, now)
	_write(claimed, now)
	return _with_carried(claimed), len(due)


def _find_due(method: str, limit: int, now: datetime, which: tuple[str, tuple[str, ...]]) -> list[Attempt]:
	"""Lock what is due, those due longest first; what another process has locked is passed over."""
	due = outbox.select(
		Attempt,
		f"where `method` = %s and `next_attempt_utc` <= %s{which[0]} order by `next_attempt_utc`, `name`"
		f" limit {int(limit)} for update skip locked",
		(method, now, *which[1]),
	)
	read_items(due)
	return due


def _carried_by(due: Sequence[Attempt]) -> list[Attempt]:
	"""What is still to be sent of what these carry."""
	found = outbox.carried(due, Attempt)
	carried = [message for messages in found.values() for message in messages if message.is_under_way]
	read_items(carried)
	return carried


def _with_carried(claimed: Sequence[Attempt]) -> list[Attempt]:
	carriers = {attempt.name: attempt for attempt in claimed if not attempt.carried_by}
	for attempt in claimed:
		if attempt.carried_by:
			carriers[attempt.carried_by].carried.append(attempt)
	return list(carriers.values())


def _sort_out(due: Sequence[Attempt], now: datetime, quiet: set[tuple[str, str]]) -> list[Attempt]:
	"""End what is unknown for the second time, and withdraw what nobody wants any more; returns the rest. `quiet`: who wants no
	calls about an item.

	Where that ends a message which carried others, they are due by themselves from now on, and claimed next.
	"""
	unwanted = {
		message.name
		for message in due
		if not _still_wanted(message) or (message.action_item, outbox.counted_as(message)) in quiet
	}
	over = _end_lost([message for message in due if message.lost], unwanted, now)
	withdrawn = unwanted - over
	outbox.take_back([message for message in due if message.name in withdrawn], now)
	outbox.hand_on([message for message in due if message.name in over], now)
	gone = over | withdrawn
	return [message for message in due if message.name not in gone and message.carried_by not in gone]


def _still_wanted(message: Attempt) -> bool:
	"""Look again before sending (design rules 4 and 5): nobody is paged for an item that somebody has, but whom they call to
	help; nor who has acknowledged it while others are still asked."""
	if message.purpose != Purpose.PAGE:
		return True
	item = message.item
	if not item or item.has_acknowledged(outbox.counted_as(message)):
		return False
	return item.status in outbox.STILL_ASK or item.is_called_to_help(message.user, message.created_utc)


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
	pages = [attempt for attempt in claimed if attempt.purpose == Purpose.PAGE and not attempt.reply_code]
	codes = reply_codes.codes_for([(page.address, page.action_item) for page in pages], now)
	for page in pages:
		page.reply_code = codes[page.address, page.action_item]


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
