"""Sending: one function over a batch of messages. The scheduled job, the commands and the dispatcher call it.

Write, then send (design rule 6): an attempt is committed before its provider is called. An attempt that was
never heard of again is unknown; its message goes out once more, marked as a possible duplicate.
"""

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import frappe
from frappe import _
from frappe.translate import print_language

from escalation_mgmt.delivery import messages, tokens
from escalation_mgmt.engine import Event, EventKind, MatchFacts, Plan, Status, Ticket, TicketKey
from escalation_mgmt.facts import plans
from escalation_mgmt.facts.people import Directory, Person
from escalation_mgmt.facts.tickets import Tickets
from escalation_mgmt.notifiers.base import Failed, Message, Notifier, Outcome, Retry, Sent, Unknown
from escalation_mgmt.notifiers.connections import connections_kept
from escalation_mgmt.storage import history, outbox, reply_codes
from escalation_mgmt.storage.message_state import MessageState, Purpose
from escalation_mgmt.utils import clock, fault_points, installation, realtime, rows
from escalation_mgmt.utils.doctypes import ITEM, NOTIFICATION
from escalation_mgmt.utils.error_reports import report_error
from escalation_mgmt.utils.jobs import enqueue_once

HEARD_OF_WITHIN = timedelta(minutes=2)  # an attempt that takes longer is unknown
PAUSES = [timedelta(seconds=s) for s in (10, 30, 90, 300)]  # before each further attempt
ASK_AFTER = timedelta(seconds=10)  # what a provider took isn't in its list at once
NOW = timedelta(0)
LONGEST_PAUSE = timedelta(hours=1)  # a provider may ask for more in vain
FLUSH_SECONDS = 0.2
FLUSH_ATTEMPTS = 4
CLOCK_SECONDS = 0.02  # outcomes that come within this have one time
FRESH_SECONDS = 1.0  # how long the batches of a burst trust people and configuration as one has read them

_COLUMNS = (
	*(
		"name",
		"action_item",
		"status",
		"method",
		"recipient",
		"user",
		"endpoint",
		"address",
		"purpose",
		"about",
	),
	*("step", "run", "attempts", "attempt_id", "possible_duplicate", "token_hash"),
	*("earlier_token_hash", "reply_code", "created_utc"),
)

_TO_BE_ACKNOWLEDGED = (EventKind.EXHAUSTED, EventKind.NOBODY_NOTIFIED, EventKind.REMINDED)
"""Notices with a link that acknowledges."""

_WANTED = {  # a page is for as long as nobody has the item; one of an exhausted item may still be under way
	str(Status.ESCALATING),
	str(Status.EXHAUSTED),
}


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


def deliver_by(method: str, stopped: Callable[[], bool] = lambda: False) -> int:
	"""The same for the messages of one method, or until `stopped`, which is asked after each batch."""
	frappe.db.rollback()
	if not installation.is_live():
		return 0
	attempts = 0
	directory, read_at = Directory(), time.monotonic()
	with connections_kept():
		while not stopped() and (sent := _deliver_some(method, directory)):
			attempts += sent
			if time.monotonic() - read_at > FRESH_SECONDS:
				directory, read_at = Directory(), time.monotonic()
	return attempts


def soon() -> None:
	"""Ask a worker to deliver as soon as this transaction is committed; without one, the next tick does."""
	frappe.db.after_commit.add(lambda: enqueue_once(deliver, "deliver"))


def next_attempt(after: datetime) -> datetime | None:
	"""When the next message falls due that wasn't due at `after` (UTC)."""
	return rows.least(NOTIFICATION, "next_attempt_utc", after)


def methods_due(late: timedelta = NOW) -> list[str]:
	"""The methods of the messages that are due, and have been for so long; those due longest first. Ends the caller's
	transaction."""
	frappe.db.rollback()
	found = frappe.db.sql(
		f"select `method`, min(`next_attempt_utc`) from `tab{NOTIFICATION}` where `next_attempt_utc` <= %s"
		" group by `method` order by 2",
		(clock.now() - late,),
	)
	return [method for method, _since in found]


def _deliver_some(method: str, directory: Directory) -> int:
	notifier, why = directory.notifier(method)
	claimed, taken = _claim(method, notifier)
	fault_points.commit("delivery.claimed")  # the attempts stand in the database before anything is sent
	if not claimed:
		return taken
	recorder = _Recorder()
	ready = []
	by_name = {}
	for row, message, failure in _rendered(claimed, directory):
		by_name[row.name] = row
		if failure:
			recorder.add(row, Failed(failure))
		elif why or not notifier:
			recorder.add(row, Retry(why or ""))  # it may be set up again in a moment
		else:
			ready.append(message)
	if notifier:
		ready = _not_found(notifier, ready, by_name, recorder)
	sending = notifier.send(ready) if ready else iter(())
	while True:
		try:
			message, outcome = next(sending)
		except StopIteration:
			break
		except Exception as e:
			_broke(method, e, [m for m in ready if m.notification in by_name], by_name, recorder)
			break
		fault_points.point("delivery.taken")
		recorder.add(by_name.pop(message.notification), outcome)
	recorder.flush()
	return taken


def _broke(
	method: str, error: Exception, left: list[Message], rows_by_name: dict[str, Any], recorder: "_Recorder"
) -> None:
	"""A notifier must not raise. What it didn't report may have gone out, so it is unknown."""
	report_error(f"Escalation: the notifier of {method} broke")
	for message in left:
		recorder.add(rows_by_name[message.notification], Unknown(str(error)[:300]))


def _not_found(
	notifier: Notifier, ready: list[Message], rows_by_name: dict[str, Any], recorder: "_Recorder"
) -> list[Message]:
	"""Ask the provider about messages that may have arrived (design rule 6); returns those that are to be sent."""
	for message in ready:
		rows_by_name[message.notification].can_ask = type(notifier).find is not Notifier.find
	asked = [
		(message, rows_by_name[message.notification].created_utc)
		for message in ready
		if rows_by_name[message.notification].possible_duplicate
	]
	try:
		found = notifier.find(asked) if asked else None
	except Exception:
		report_error(f"Escalation: {notifier.method} can't say what it sent")
		found = None
	for name, outcome in (found or {}).items():
		if isinstance(outcome, Retry) and rows_by_name[name].attempts > len(PAUSES):
			continue  # it was asked for the last time: the message is sent once more
		row = rows_by_name.pop(name)
		row.possible_duplicate = int(not isinstance(outcome, Sent))  # what is found wasn't sent twice
		recorder.add(row, outcome)
	return [message for message in ready if message.notification in rows_by_name]


def _claim(method: str, notifier: Notifier | None) -> tuple[list[Any], int]:
	"""Claim due messages of one method for one attempt each; also returns how many were looked at.

	What nobody wants any more is withdrawn; what is unknown for the second time ends.
	"""
	frappe.db.rollback()
	if notifier and notifier.takes_replies:
		reply_codes.lock_reply_codes()
	limit = notifier.batch if notifier else 100
	now = clock.now()
	found = frappe.db.sql(
		f"select {', '.join(f'`{column}`' for column in _COLUMNS)} from `tab{NOTIFICATION}`"
		" where `method` = %s and `next_attempt_utc` <= %s order by `next_attempt_utc`, `name`"
		f" limit {int(limit)} for update skip locked",
		(method, now),
		as_dict=True,
	)
	_read_items(found)
	wanted = {row.name for row in found if _still_wanted(row)}
	over = _record_lost([row for row in found if row.status == MessageState.SENDING], wanted, now)
	outbox.take_back([row for row in found if row.name not in wanted | over], now)
	claimed = [row for row in found if row.name in wanted - over]
	for row in claimed:
		row.token, token_hash = tokens.new()
		row.possible_duplicate = int(row.possible_duplicate or row.status == MessageState.SENDING)
		if row.possible_duplicate:  # what may have arrived keeps its link
			row.earlier_token_hash = row.earlier_token_hash or row.token_hash
		row.token_hash = token_hash
		row.attempt_id = rows.new_name()
		row.attempts += 1
	if notifier and notifier.takes_replies:
		reply_codes.give_reply_codes(claimed, now)
	expires = tokens.expires(now)
	rows.update_all(
		NOTIFICATION,
		[
			{
				"name": row.name,
				"status": MessageState.SENDING,
				"attempts": row.attempts,
				"attempt_id": row.attempt_id,
				"next_attempt_utc": now + HEARD_OF_WITHIN,
				"possible_duplicate": row.possible_duplicate,
				"token_hash": row.token_hash,
				"earlier_token_hash": row.earlier_token_hash,
				"token_expires_utc": expires,
				"reply_code": row.reply_code or 0,
			}
			for row in claimed
		],
	)
	return claimed, len(found)


def _record_lost(lost: Sequence[Any], wanted: set[str], now: datetime) -> set[str]:
	"""Record attempts that nobody heard of again; returns those that aren't repeated.

	A repetition isn't repeated once more, and what nobody wants any more isn't either.
	"""
	over = {row.name for row in lost if row.possible_duplicate or row.name not in wanted}
	history.append(
		[
			_line(row, EventKind.UNKNOWN, now, detail=_("The attempt was never heard of again."))
			for row in lost
		]
	)
	rows.update_all(
		NOTIFICATION,
		[{"name": name, "status": MessageState.UNKNOWN, "next_attempt_utc": None} for name in sorted(over)],
	)
	return over


def _read_items(messages: Sequence[Any]) -> None:
	"""Put to each message's row, as `item`, what is asked about its action item; None where that is gone."""
	names = sorted({row.action_item for row in messages})
	found = names and frappe.db.sql(
		"select `name`, `status`, `acks`, `reference_doctype`, `reference_name`, `plan_version`,"
		f" `acknowledged_by`, `assignees`, `ticket_subject`, `priority` from `tab{ITEM}`"
		f" where `name` in ({rows.placeholders(names)})",
		tuple(names),
		as_dict=True,
	)
	items = {item.name: item for item in found}
	for row in messages:
		row.item = items.get(row.action_item)


def _still_wanted(row: Any) -> bool:
	"""Look again before sending (design rules 4 and 5): nobody is paged for an item that somebody has, nor who has
	acknowledged it while others are still asked."""
	if row.purpose != Purpose.PAGE:
		return True
	return bool(
		row.item and row.item.status in _WANTED and outbox.key(row) not in json.loads(row.item.acks or "[]")
	)


def _rendered(claimed: Sequence[Any], directory: Directory) -> Iterator[tuple[Any, Message | None, str]]:
	"""Each claimed row, with its `item`, and its message, or what stands in its way."""
	items = [row.item for row in claimed if row.item]
	try:
		frozen = plans.versions({item.plan_version for item in items})
		facts = Tickets(TicketKey(item.reference_doctype, item.reference_name) for item in items)
		directory.read(row.user for row in claimed if row.user)
	except Exception as e:
		frappe.db.sql("select 1")  # raises where the database itself is away: no message fails for that
		if len(claimed) == 1:
			yield claimed[0], None, _not_rendered(claimed[0], e)
			return
		for row in claimed:  # each by itself, so that one that can't be read stops no other
			yield from _rendered([row], directory)
		return
	for row in claimed:
		try:
			item = row.item
			key = TicketKey(item.reference_doctype, item.reference_name)
			view = messages.TicketView(_ticket(facts, key, item), load=_loader(facts, key))
			yield row, _message(row, item, frozen[item.plan_version], view, directory), ""
		except Exception as e:
			yield row, None, _not_rendered(row, e)


def _not_rendered(row: Any, error: Exception) -> str:
	report_error(f"Escalation: message {row.name} can't be rendered")
	return _("The message can't be rendered: {0}").format(str(error)[:300])


def _ticket(facts: Tickets, key: TicketKey, item: Any) -> Ticket:
	"""The ticket as it is now; where it can't be read, as the action item remembers it."""
	try:
		found = facts[key]
	except Exception:
		found = None
	if found and found.exists:
		return found
	known = MatchFacts(priority=item.priority or "")
	return Ticket(doctype=key.doctype, name=key.name, subject=item.ticket_subject or "", facts=known)


def _loader(facts: Tickets, key: TicketKey) -> Callable[[], Any]:
	return lambda: facts.doc(key)


def _message(row: Any, item: Any, plan: Plan, view: messages.TicketView, directory: Directory) -> Message:
	person = directory.person(row.user) if row.user else None
	language = person.language if isinstance(person, Person) else ""
	step = plan.steps[row.step - 1] if row.purpose == Purpose.PAGE else None
	acknowledges = row.purpose == Purpose.PAGE or row.about in _TO_BE_ACKNOWLEDGED
	link = tokens.link(row.token) if acknowledges else ""
	known = messages.context(view, plan, step, row.recipient, item.name, link)
	with print_language(language or frappe.local.lang):
		if step:
			subject, text, row.wrong = messages.page(plan, step, known)
		else:
			item.assigned_to = ", ".join(_names(json.loads(item.assignees or "[]"), directory))
			subject, text = messages.notice(row.about, known, item)
	return Message(
		notification=row.name,
		attempt=row.attempt_id,
		address=row.address,
		subject=subject,
		text=text,
		link=link,
		endpoint=row.endpoint or "",
		language=language,
		reply_code=str(row.reply_code or ""),
		context=known | {"message": text},
	)


def message_of(name: str) -> Message | None:
	"""A message once more, without its link: what a phone call says when it is answered."""
	row = frappe.db.get_value(NOTIFICATION, name, list(_COLUMNS), as_dict=True)
	if row:
		row.token = ""
		_read_items([row])
		for _row, message, _failure in _rendered([row], Directory()):
			return message
	return None


def _names(users: list[str], directory: Directory) -> list[str]:
	people = [directory.person(user) for user in users]
	return [
		person.name if isinstance(person, Person) else user
		for person, user in zip(people, users, strict=True)
	]


class _Recorder:
	"""Writes outcomes in sets, soon after they are known."""

	def __init__(self) -> None:
		self._known: list[tuple[Any, Outcome, datetime]] = []
		self._flushed = time.monotonic()
		self._read_at = float("-inf")

	def add(self, row: Any, outcome: Outcome) -> None:
		if time.monotonic() - self._read_at > CLOCK_SECONDS:  # the clock is a query
			self._now, self._read_at = clock.now(), time.monotonic()
		self._known.append((row, outcome, self._now))
		if time.monotonic() - self._flushed > FLUSH_SECONDS:
			self.flush()

	def flush(self) -> None:
		"""Write what is known. It is kept until it is committed; a deadlock is tried again."""
		self._flushed = time.monotonic()
		for attempt in range(FLUSH_ATTEMPTS):
			try:
				self._write()
				break
			except (frappe.QueryDeadlockError, frappe.QueryTimeoutError):
				frappe.db.rollback()
				if attempt + 1 == FLUSH_ATTEMPTS:
					raise
		self._known = []

	def _write(self) -> None:
		if not self._known:
			return
		written = [_recorded(row, outcome, at) for row, outcome, at in self._known]
		# Items before messages, as every decision locks them: no deadlock.
		latest = {row.action_item: at for row, _outcome, at in self._known}
		rows.update_all(
			ITEM,
			[{"name": name, "updated_utc": at} for name, at in sorted(latest.items())],
		)
		# Compared by the attempt: what was given up as unknown meanwhile keeps the state that it has now.
		rows.update_all(NOTIFICATION, [state for state, _line in written], where="attempt_id")
		history.append([line for _state, line in written])
		realtime.tell_forms(latest)
		fault_points.commit("delivery.recorded")


def _recorded(row: Any, outcome: Outcome, at: datetime) -> tuple[dict[str, Any], history.Line]:
	"""The new state of a message after an attempt, and the line of history for it."""
	status, kind, next_attempt, sent_at = MessageState.FAILED, EventKind.FAILED, None, None
	duplicate, provider_id = int(row.possible_duplicate), ""
	detail = _without_secrets(row, " ".join(filter(None, (outcome.detail, row.get("wrong")))))
	if isinstance(outcome, Sent):
		status, kind, sent_at = MessageState.SENT, EventKind.SENT, at
		provider_id = outcome.provider_message_id
	elif isinstance(outcome, Retry) and row.attempts <= len(PAUSES):
		status, kind = MessageState.QUEUED, EventKind.RETRY
		pause = PAUSES[row.attempts - 1]
		next_attempt = at + min(max(pause, outcome.after or pause), LONGEST_PAUSE)
	elif isinstance(outcome, Unknown):
		status, kind = MessageState.UNKNOWN, EventKind.UNKNOWN
		if not duplicate:  # once more, and marked
			status, next_attempt, duplicate = (
				MessageState.QUEUED,
				at + (ASK_AFTER if row.get("can_ask") else NOW),
				1,
			)
	state = {
		"name": row.name,
		"was": row.attempt_id,
		"attempt_id": None,
		"status": status,
		"next_attempt_utc": next_attempt,
		"sent_utc": sent_at,
		"possible_duplicate": duplicate,
		"provider_message_id": provider_id or None,
		"detail": detail[:2000],
	}
	more = {"detail": detail[:300]}
	if kind is EventKind.SENT and row.possible_duplicate:
		more["possible_duplicate"] = True
	return state, _line(row, kind, at, **more)


def _without_secrets(row: Any, detail: str) -> str:
	"""What a provider says may repeat what it was sent: history holds no token and no full address (rule 9)."""
	if row.get("token"):
		detail = detail.replace(row.token, "…")
	if row.address and not row.endpoint:  # mail servers change the case as they like
		detail = re.sub(re.escape(row.address), lambda _found: row.recipient, detail, flags=re.IGNORECASE)
	return detail


def _line(row: Any, kind: EventKind, at: datetime, **more: Any) -> history.Line:
	data = {"method": row.method, "to": row.recipient, "about": row.about, **more}
	data = {key: value for key, value in data.items() if value}
	return history.Line(row.action_item, Event(kind, at, row.step, row.run, data), row.name)
