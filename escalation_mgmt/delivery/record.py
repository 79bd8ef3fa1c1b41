"""Recording: what became of attempts, as their messages' new states and in history."""

import re
import time
from datetime import datetime, timedelta
from typing import Any

import frappe
from frappe import _

from escalation_mgmt.delivery.attempt import Attempt
from escalation_mgmt.delivery.routes import Route
from escalation_mgmt.engine import EventKind
from escalation_mgmt.notifiers.base import Failed, Outcome, Retry, Sent, Unknown
from escalation_mgmt.storage import circuits, failures, history, outbox
from escalation_mgmt.storage.circuits import Trial
from escalation_mgmt.storage.message_state import MessageState, Purpose
from escalation_mgmt.utils import clock, fault_points, realtime, rows
from escalation_mgmt.utils.doctypes import ITEM, NOTIFICATION
from escalation_mgmt.utils.jobs import tick_soon
from escalation_mgmt.utils.masking import masked
from escalation_mgmt.utils.plain_text import cell

PAUSES = [timedelta(seconds=s) for s in (10, 30, 90, 300)]  # before each further attempt
ASK_AFTER = timedelta(seconds=10)  # what a provider took isn't in its list at once
AT_ONCE = timedelta(0)
LONGEST_DETAIL = 2000  # characters of what a provider says
LONGEST_PAUSE = timedelta(hours=1)  # a provider may ask for more in vain
FLUSH_SECONDS = 0.2
FLUSH_ATTEMPTS = 4
CLOCK_SECONDS = 0.02  # outcomes that come within this have one time


class Recorder:
	"""Writes outcomes in sets, soon after they are known."""

	def __init__(self) -> None:
		self._known: list[tuple[Attempt, Outcome, datetime]] = []
		self._trials: list[Trial] = []
		self._flushed = time.monotonic()
		self._read_at = float("-inf")

	def add(self, attempt: Attempt, outcome: Outcome, *, was_sent: bool = True) -> None:
		"""`was_sent`: the provider has said this, or should have."""
		if time.monotonic() - self._read_at > CLOCK_SECONDS:  # the clock is a query
			self._now, self._read_at = clock.now(), time.monotonic()
		self._known += [(each, outcome, self._now) for each in attempt.all]
		if was_sent and attempt.by and (trial := _trial(attempt, attempt.by, outcome, self._now)):
			self._trials.append(trial)
		if time.monotonic() - self._flushed > FLUSH_SECONDS:
			self.flush()

	def flush(self) -> None:
		"""Write what is known. It is kept until it is committed; a deadlock is tried again."""
		self._flushed = time.monotonic()
		for tried in range(FLUSH_ATTEMPTS):
			try:
				self._write()
				break
			except (frappe.QueryDeadlockError, frappe.QueryTimeoutError):
				frappe.db.rollback()
				if tried + 1 == FLUSH_ATTEMPTS:
					raise
		self._known = []
		if self._trials:
			circuits.record(self._trials)
			self._trials = []

	def _write(self) -> None:
		if not self._known:
			return
		# Items before messages, as every decision locks them: no deadlock.
		latest = {attempt.action_item: at for attempt, _outcome, at in self._known}
		rows.update_all(
			ITEM,
			[{"name": name, "updated_utc": at} for name, at in sorted(latest.items())],
		)
		past = self._note_what_follows()
		written = [
			self._recorded(attempt, outcome, at, stale=attempt.name in past)
			for attempt, outcome, at in self._known
		]
		# Compared by the attempt: what was given up as unknown meanwhile keeps the state that it has now.
		rows.update_all(NOTIFICATION, [state for state, _line in written], where="attempt_id")
		self._hand_on()
		history.append([line for _state, line in written])
		realtime.tell_forms(latest)
		fault_points.commit("delivery.recorded")

	def _hand_on(self) -> None:
		"""What goes on of a message that goes no more itself, goes by itself: of what one outcome is for, one may have been tried more
		often than another, be marked already, or be a notice.
		"""
		carriers = {attempt.name: attempt for attempt, _outcome, _at in self._known if attempt.carried}
		left: dict[str, datetime] = {}
		for attempt, outcome, at in self._known:
			carrier = carriers.get(attempt.carried_by or "")
			pause = _what_follows(attempt, outcome)[2]
			if carrier and pause is not None and _what_follows(carrier, outcome)[2] is None:
				left[carrier.name] = max(at + pause, left.get(carrier.name, at))
		if not left:
			return
		which = f"where `name` in ({rows.placeholders(left)}) order by `name` for update"
		for gone in outbox.select(outbox.StoredMessage, which, sorted(left)):
			if not gone.is_under_way:  # nobody has claimed it anew meanwhile
				outbox.hand_on([gone], left[gone.name])

	def _note_what_follows(self) -> set[str]:
		"""Note of pages that have failed for good that something follows (`dispatch.another_way`), in this transaction: so it isn't
		lost. Returns those from which nothing does because the escalation has begun anew.
		"""
		failed = [
			(attempt, outcome, at)
			for attempt, outcome, at in self._known
			if attempt.purpose == Purpose.PAGE
			and (
				_what_follows(attempt, outcome)[0] == MessageState.FAILED
				or (attempt.passed_over and attempt.user)  # a person may be reached another way meanwhile
			)
		]
		standing = failures.standings({attempt.action_item for attempt, _outcome, _at in failed})
		notes, past = [], set()
		for attempt, outcome, at in failed:
			now = standing.get(attempt.action_item)
			if now and now.follows(attempt.generation):
				note = {"name": attempt.name, "was": attempt.attempt_id, "follow_up_utc": at}
				by_no_provider = isinstance(outcome, Failed) and outcome.by_no_provider
				notes.append(note | {"by_no_provider": int(by_no_provider)})
			elif now and now.is_past(attempt.generation) and not attempt.passed_over:
				past.add(attempt.name)
		if notes:
			failures.note(notes)
			tick_soon()
		return past

	def _recorded(
		self, attempt: Attempt, outcome: Outcome, at: datetime, *, stale: bool = False
	) -> tuple[dict[str, Any], history.Line]:
		"""The new state of a message after an attempt, and the line of history for it."""
		status, kind, pause = _what_follows(attempt, outcome)
		sent = isinstance(outcome, Sent)
		together = _("In one message with another's, to the same address.") if attempt.carried_by else ""
		said = " ".join(filter(None, (together, outcome.detail, attempt.wrong)))
		detail = cell(_without_secrets(attempt, said[: 2 * LONGEST_DETAIL]), LONGEST_DETAIL)
		state = {
			"name": attempt.name,
			"was": attempt.attempt_id,
			"attempt_id": None,
			"status": status,
			"next_attempt_utc": None if pause is None or attempt.carried_by else at + pause,
			"sent_utc": at if sent else None,
			"possible_duplicate": int(attempt.possible_duplicate or isinstance(outcome, Unknown)),
			"provider_message_id": _provider_id(attempt, outcome),
			"detail": detail,
			"not_by": _not_by(attempt) if _goes_on_by_next(attempt, outcome) else attempt.not_by,
		}
		repeated = bool(sent and attempt.possible_duplicate)
		provider = attempt.provider if attempt.by and attempt.by.named else None
		more = {"possible_duplicate": repeated, "stale": stale, "provider": provider}
		return state, outbox.line(attempt, kind, at, detail=detail[:300], **more)


def _trial(attempt: Attempt, by: Route, outcome: Outcome, at: datetime) -> Trial | None:
	"""What an outcome tells of the provider; None: nothing that isn't known. Where it is the address's own fault, the provider has
	done what it is for.
	"""
	refused = not isinstance(outcome, Sent) and not (isinstance(outcome, Failed) and outcome.by_no_provider)
	if not refused and not by.troubled:
		return None
	# Other people's histories quote it.
	why = _without_secrets(attempt, outcome.detail[:LONGEST_DETAIL], called="…")
	return Trial(by.circuit, at, refused, by.tries, why)


def _provider_id(attempt: Attempt, outcome: Outcome) -> str | None:
	"""The provider's id of a message that it took; that of one which carries others stands with it alone."""
	if not isinstance(outcome, Sent) or attempt.carried_by:
		return None
	return cell(outcome.provider_message_id, 140) or None


def may_retry(attempt: Attempt) -> bool:
	"""Whether a further attempt may follow one that certainly failed."""
	return attempt.attempts <= len(PAUSES)


def _what_follows(attempt: Attempt, outcome: Outcome) -> tuple[MessageState, EventKind, timedelta | None]:
	"""The message's new state, what history says, and the pause before the next attempt; None: there is none."""
	match outcome:
		case Sent():
			return MessageState.SENT, EventKind.SENT, None
		case Retry() if may_retry(attempt) and attempt.by and attempt.by.elsewhere:
			return MessageState.QUEUED, EventKind.RETRY, AT_ONCE  # by the next provider
		case Failed() if _goes_on_by_next(attempt, outcome):
			return MessageState.QUEUED, EventKind.RETRY, AT_ONCE
		case Retry(after=asked_for) if may_retry(attempt):
			pause = PAUSES[attempt.attempts - 1]
			return MessageState.QUEUED, EventKind.RETRY, min(max(pause, asked_for or pause), LONGEST_PAUSE)
		case Unknown() if not attempt.possible_duplicate:  # once more, and marked
			can_ask = attempt.by and attempt.by.provider.can_be_asked
			return MessageState.QUEUED, EventKind.UNKNOWN, ASK_AFTER if can_ask else AT_ONCE
		case Unknown():
			return MessageState.UNKNOWN, EventKind.UNKNOWN, None
	return MessageState.FAILED, EventKind.FAILED, None


def _goes_on_by_next(attempt: Attempt, outcome: Outcome) -> bool:
	"""Whether it is a notice that one provider has refused for good, and another may take. What follows from a page's refusal is
	`another_way`'s; a notice wakes nobody, and goes no other way.
	"""
	refused = isinstance(outcome, Failed) and not outcome.by_no_provider
	return bool(refused and attempt.purpose == Purpose.NOTICE and attempt.by and attempt.by.elsewhere)


def _not_by(attempt: Attempt) -> str:
	return "\n".join(filter(None, (attempt.not_by, attempt.provider)))


def _without_secrets(attempt: Attempt, detail: str, called: str = "") -> str:
	"""What a provider says may repeat what it was sent: history holds no token and no full address (rule 9), but what its recipient is
	`called`; empty: as the message has it.
	"""
	if attempt.token:
		detail = detail.replace(attempt.token, "…")
	if attempt.address and not attempt.endpoint:  # mail servers change the case as they like
		called = called or attempt.recipient
		detail = re.sub(re.escape(attempt.address), lambda _found: called, detail, flags=re.IGNORECASE)
	return masked(detail)  # in other spellings, too, and whatever else it knows
