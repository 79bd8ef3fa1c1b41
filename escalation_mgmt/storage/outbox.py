"""Messages that wait to be sent: queued with the decision that asks for them, withdrawn with the one that ends it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, TypeVar

import frappe

from escalation_mgmt.engine import (
	ActionItem,
	Audience,
	Event,
	EventKind,
	Named,
	Notice,
	Page,
	Recipient,
	Status,
)
from escalation_mgmt.facts.people import Directory
from escalation_mgmt.facts.sources import MOST_URGENT
from escalation_mgmt.storage import bell, history, message_secrets
from escalation_mgmt.storage.audiences import of_notice, pages_had
from escalation_mgmt.storage.message_state import MessageState, Purpose
from escalation_mgmt.storage.notice_quota import MOST, WITHIN, NoticeQuota
from escalation_mgmt.utils import clock, rows
from escalation_mgmt.utils.doctypes import EVENT, NOTIFICATION

NEXT = ("generation", "next_run", "next_group")
"""The position of its item when a page was queued: what comes next unless something happens."""


LATER = 2 * MOST_URGENT
"""In a message's `urgency`, added to its ticket's rank: it is not the first about its item. The less, the sooner it is claimed."""

STILL_ASK = (Status.ESCALATING, Status.EXHAUSTED)
"""Pages are for as long as nobody has the item; one of an exhausted item may still be under way."""


@dataclass(slots=True)
class StoredMessage:
	"""A message as it was read: what its line of history needs. Who wants more of it adds fields, each named as its column.

	State and purpose are the database's text, which equals its enum.
	"""

	name: str  # our id of the message, the same in every attempt
	action_item: str
	status: MessageState
	method: str
	recipient: str  # whom it goes to, as history may show it: a name, a masked address
	user: str | None  # None: it goes to a bare address or an endpoint
	about: str | None  # of a notice: the kind of event that it tells of
	step: int  # of the item when it was queued, and the run
	run: int
	possible_duplicate: int  # 1: an earlier attempt may have arrived
	carried_by: (
		str | None
	)  # the message that goes to the same address for this one too; None: it goes by itself
	carries: int  # 1: it goes for others, too
	provider: str | None  # by which its latest attempt went; None: by the method's only one
	earlier_provider: str | None  # by which an attempt went that may have arrived

	@property
	def is_under_way(self) -> bool:
		return self.status in UNDER_WAY


@dataclass(slots=True)
class _Withdrawn(StoredMessage):
	planned_utc: datetime | None  # when its step was due, or when a further call is


UNDER_WAY = (MessageState.QUEUED, MessageState.SENDING)

SECRET = "secret"
"""Marks a field of a message, in its metadata, that `message_secrets` has."""

M = TypeVar("M", bound=StoredMessage)


def select(kind: type[M], which: str, values: Sequence[Any]) -> list[M]:
	"""Read messages; `which` is what follows `from` in SQL. Fields marked `SECRET` are read from where secrets are."""
	asked = [field for field in fields(kind) if field.init]
	columns = [field.name for field in asked if SECRET not in field.metadata]
	secret = [field.name for field in asked if SECRET in field.metadata]
	named = ", ".join(f"`{column}`" for column in columns)
	found = frappe.db.sql(f"select {named} from `tab{NOTIFICATION}` {which}", tuple(values))
	at = columns.index("name")
	secrets = message_secrets.read([row[at] for row in found], secret) if secret else {}
	unknown = [None] * len(secret)
	return [
		kind(
			**dict(zip(columns, row, strict=True)),
			**dict(zip(secret, secrets.get(row[at], unknown), strict=True)),
		)
		for row in found
	]


def went_by(message: Any) -> frozenset[str]:
	"""The providers that may tell something of a message; "" is the method's only one."""
	return frozenset((message.provider or "", message.earlier_provider or message.provider or ""))


def counted_as(message: Any) -> str:
	"""Under which an acknowledgement by whom a message goes to is counted, as the engine counts it."""
	return message.user or message.recipient


def is_called_to_help(
	user: str | None, queued: datetime, status: str, acknowledged: datetime | None, added: Collection[str]
) -> bool:
	"""Whether a page to this user that was queued then asks them to help whoever has the item, of which the rest is."""
	if status != Status.ACKNOWLEDGED or not acknowledged:
		return False
	return user in added and queued >= acknowledged


def line(message: StoredMessage, kind: EventKind, at: datetime, **more: Any) -> history.Line:
	"""A message's line in the history of its item, without what says nothing."""
	data = {"method": message.method, "to": message.recipient, "about": message.about, **more}
	data = {name: value for name, value in data.items() if value}
	people = {"to": ((message.user or "", message.recipient),)}
	event = Event(kind, at, message.step, message.run, data, people)
	return history.Line(message.action_item, event, message.name)


def queue(pages: Sequence[tuple[ActionItem, Page]], now: datetime) -> None:
	"""Queue the pages of action items: [(the item as it is after the decision, page)]."""
	_insert(
		[
			_row(item.id, page.recipient, now, _rank(item) + (0 if _is_first(item, page) else LATER))
			| message_secrets.noted(page.note)
			| {
				"purpose": Purpose.PAGE,
				"step": page.step.number,
				"run": page.run,
				"planned_utc": page.planned_at,
			}
			| dict(zip(NEXT, item.position, strict=True))
			for item, page in pages
		],
	)


def _rank(item: ActionItem) -> int:
	"""Of an item's priority: the less, the more urgent."""
	return MOST_URGENT - min(max(item.facts.level, 0), MOST_URGENT)


def _is_first(item: ActionItem, page: Page) -> bool:
	return page.run == 0 and page.step.number <= len(item.plan.groups[0])


def next_of(page: Any) -> tuple[int, int, int]:
	"""What was to come next when this page was queued: (generation, run, group), as `bring_forward` wants it."""
	return page.generation, page.next_run, page.next_group


def queue_instead(failed: Any, recipient: Recipient, now: datetime, not_by: Collection[str] = ()) -> str:
	"""Queue a page once more by another way, in place of one that didn't arrive; `not_by`: the providers that have failed
	already. Returns its name.
	"""
	row = _once_more(failed, recipient, now, now)
	row |= {"not_by": "\n".join(not_by) or None, "urgency": failed.urgency}
	name = row["name"]
	_insert([row])
	return name


def queue_further(missed: Sequence[tuple[Any, Recipient]], now: datetime, at: datetime) -> None:
	"""Queue pages once more in the same way, at a later instant: [(the one that nobody took, to whom)]."""
	_insert([_once_more(page, recipient, now, at) for page, recipient in missed])


def _once_more(missed: Any, recipient: Recipient, now: datetime, at: datetime) -> dict[str, Any]:
	return (
		_row(missed.action_item, recipient, now, missed.urgency % LATER + LATER)
		| message_secrets.note_of(missed.name)
		| {
			"purpose": Purpose.PAGE,
			"step": missed.step,
			"run": missed.run,
			**{column: getattr(missed, column) for column in NEXT},
			"planned_utc": at,
			"next_attempt_utc": at,
			"instead_of": missed.name,
		}
	)


def withdraw(items: Sequence[str], now: datetime, of: str = "") -> None:
	"""Take back what no provider has been handed yet; record what is on its way (design rule 5).

	`of`: only what goes to this user, or to the address of this label.
	"""
	if not items:
		return
	pages = _open_pages(items)
	if of:
		pages = [page for page in pages if counted_as(page) == of]
	# A retry waits in Queued, and is taken back like a first attempt.
	queued = [page for page in pages if page.status == MessageState.QUEUED]
	flying = [page for page in pages if page.status == MessageState.SENDING]
	take_back(queued, now)
	rows.update_all(NOTIFICATION, [{"name": page.name, "in_flight": 1} for page in flying])
	history.append([line(page, EventKind.IN_FLIGHT, now) for page in flying])


def _open_pages(items: Sequence[str]) -> list[StoredMessage]:
	"""The pages of these items that are still attempted, locked."""
	return select(
		StoredMessage,
		f"where `action_item` in ({rows.placeholders(items)}) and `purpose` = %s and (`next_attempt_utc` is not null"
		" or `held_attempt_utc` is not null"
		f" or (`carried_by` is not null and `status` in ({rows.placeholders(UNDER_WAY)}))) order by `name` for update",
		(*items, Purpose.PAGE, *UNDER_WAY),
	)


def carried(carriers: Iterable[StoredMessage], kind: type[M]) -> dict[str, list[M]]:
	"""The messages that these carry, locked: {carrier: those that share its address and its fate}."""
	names = [message.name for message in carriers if message.carries]  # looked for only where there are any
	found: dict[str, list[M]] = {}
	if names:
		which = f"where `carried_by` in ({rows.placeholders(names)}) order by `name` for update"
		for message in select(kind, which, names):
			found.setdefault(message.carried_by or "", []).append(message)
	return found


def hand_on(gone: Iterable[StoredMessage], now: datetime) -> None:
	"""What messages carried that aren't sent any more goes by itself: of those that one message was to be, the first that is still
	waited for has its message now, for the rest as well."""
	states = []
	for messages in carried(gone, StoredMessage).values():
		waiting = [message for message in messages if message.is_under_way]
		for message in waiting:
			first = message is waiting[0]
			states.append(
				{
					"name": message.name,
					"carried_by": None if first else waiting[0].name,
					"carries": int(first and len(waiting) > 1),
					"next_attempt_utc": now if first else None,
				}
			)
	rows.update_all(NOTIFICATION, states)


def take_back(queued: Sequence[StoredMessage], now: datetime) -> None:
	"""Withdraw queued messages. One that may have arrived by an earlier attempt stays unknown."""
	if not queued:
		return
	states = [
		{
			"name": message.name,
			"status": MessageState.UNKNOWN if message.possible_duplicate else MessageState.WITHDRAWN,
			"next_attempt_utc": None,
			"held_utc": None,
		}
		for message in queued
	]
	rows.update_all(NOTIFICATION, states)
	history.append([line(message, EventKind.WITHDRAWN, now) for message in queued])
	hand_on(queued, now)


def queue_again(item: str, since: datetime, now: datetime) -> None:
	"""Send what was withdrawn of an item since that instant after all: each by itself, at its time or now. What people who share an
	address were to get as one message is one again.
	"""
	withdrawn = f"select e.`notification` from `tab{EVENT}` e where e.`action_item` = %s and e.`kind` = %s and e.`at_utc` >= %s"
	which = (
		f"where `name` in ({withdrawn}) and `purpose` = %s and `next_attempt_utc` is null and `status` in (%s, %s)"
		" order by `name` for update"
	)
	values = (item, EventKind.WITHDRAWN, since, Purpose.PAGE, MessageState.WITHDRAWN, MessageState.UNKNOWN)
	found = select(_Withdrawn, which, values)
	names = {message.name for message in found}
	states = []
	for message in found:
		by = message.carried_by if message.carried_by in names else None
		states.append(
			{
				"name": message.name,
				"status": MessageState.QUEUED,
				"carried_by": by,
				"carries": int(any(other.carried_by == message.name for other in found)),
				"bundle": None,
				"next_attempt_utc": None if by else max(now, message.planned_utc or now),
			}
		)
	rows.update_all(NOTIFICATION, states)
	bell.renew_soon([item] if found else [])


def take_back_news(about: EventKind, items: Sequence[str], now: datetime) -> None:
	"""Withdraw notices that wait to tell of something, where it is no longer so."""
	if items:
		which = (
			f"where `action_item` in ({rows.placeholders(items)}) and `purpose` = %s and `about` = %s and `status` = %s"
			" order by `name` for update"
		)
		take_back(select(StoredMessage, which, (*items, Purpose.NOTICE, about, MessageState.QUEUED)), now)


def hold(items: Sequence[str], before: datetime | None = None) -> None:
	"""Keep back whatever of these items isn't sent yet. Of a restored database (`before`: what is older, in UTC), where an
	attempt may have been made long ago that nothing is known of, it may be a duplicate; and what was to go as a bundle goes by
	itself, for one item may be let go and another not.
	"""
	if not items:
		return
	where = f"`action_item` in ({rows.placeholders(items)})"
	if before:
		frappe.db.sql(
			f"update `tab{NOTIFICATION}` set `possible_duplicate` = 1, `status` = %s, `attempt_id` = null"
			f" where {where} and `created_utc` <= %s and `status` in ({rows.placeholders(UNDER_WAY)})",
			(MessageState.QUEUED, *items, before, *UNDER_WAY),
		)
		frappe.db.sql(
			f"update `tab{NOTIFICATION}` set `next_attempt_utc` = coalesce(`next_attempt_utc`, %s), `carried_by` = null,"
			f" `carries` = 0, `bundle` = null where {where} and `bundle` is not null and `status` = %s",
			(before, *items, MessageState.QUEUED),
		)
	frappe.db.sql(
		f"update `tab{NOTIFICATION}` set `held_attempt_utc` = `next_attempt_utc`, `next_attempt_utc` = null"
		f" where {where} and `next_attempt_utc` is not null",
		tuple(items),
	)


def let_go(items: Sequence[str]) -> None:
	"""What was kept back of these items is sent."""
	if items:
		frappe.db.sql(
			f"update `tab{NOTIFICATION}` set `next_attempt_utc` = `held_attempt_utc`, `held_attempt_utc` = null"
			f" where `action_item` in ({rows.placeholders(items)}) and `held_attempt_utc` is not null and `status` = %s",
			(*items, MessageState.QUEUED),
		)


def take_back_held(items: Sequence[str], now: datetime) -> None:
	"""Withdraw what was kept back of these items, notices as well as pages."""
	if items:
		which = (
			f"where `action_item` in ({rows.placeholders(items)}) and `status` = %s"
			" and (`held_attempt_utc` is not null or `carried_by` is not null) order by `name` for update"
		)
		take_back(select(StoredMessage, which, (*items, MessageState.QUEUED)), now)


def queue_notices(notices: Sequence[tuple[ActionItem, Notice]], directory: Directory, now: datetime) -> None:
	"""Queue notices about items to audiences, to each by the quietest way there is; who can't be told is recorded."""
	of_paged = (Audience.NOTIFIED, Audience.WHO_HAS_IT)
	pages = pages_had([item.id for item, notice in notices if notice.audience in of_paged])
	quota = NoticeQuota(now)
	messages: list[dict[str, Any]] = []
	lines: list[history.Line] = []
	for item, notice in notices:
		recipients, missed = of_notice(notice, item, pages.get(item.id, []), directory)
		about = {
			"purpose": Purpose.NOTICE,
			"about": str(notice.about),
			"step": item.step,
			"run": item.run,
			"planned_utc": now + notice.wait,
			"next_attempt_utc": now + notice.wait,
		}
		wanted, left_out = quota.split(notice.about, recipients)
		messages += [_row(item.id, recipient, now, _rank(item) + LATER) | about for recipient in wanted]
		lines += [_left_out(item, notice, recipient, now) for recipient in left_out]
		for who in missed:
			data = {"who": who, "method": "Email", "reason": directory.why_untold(who)}
			lines.append(
				history.Line(item.id, Event(EventKind.UNREACHABLE, now, data=data, people=_whose(who, item)))
			)
	_insert(messages)
	history.append(lines)


def _left_out(item: ActionItem, notice: Notice, to: Recipient, now: datetime) -> history.Line:
	data = {
		"method": to.method,
		"to": to.label,
		"about": str(notice.about),
		"most": MOST,
		"minutes": int(WITHIN.total_seconds() // 60),
	}
	people = {"to": ((to.user, to.label),)}
	return history.Line(item.id, Event(EventKind.NOTICE_LEFT_OUT, now, item.step, item.run, data, people))


def _whose(who: str, item: ActionItem) -> dict[str, Named]:
	"""Of an audience whom nothing reaches: a user, or who has the item by the name that they acknowledged under."""
	has_it = item.acknowledged_by == who and item.acknowledged_user
	return {"who": ((item.acknowledged_user if has_it else who, who),)}


def _insert(messages: Sequence[dict[str, Any]]) -> None:
	"""Write new messages, each of them a `_row`; the address apart.

	One address gets one message about one thing, however many people are reached there: the first's carries the others'.
	"""
	carriers: dict[tuple, dict[str, Any]] = {}
	for row in messages:
		about = row["action_item"], row["method"], row["address"], row["purpose"], row.get("about")
		carrier = carriers.setdefault(about, row)
		if carrier is not row:
			row |= {"carried_by": carrier["name"], "next_attempt_utc": None}
			carrier["carries"] = 1
	message_secrets.insert(
		[
			{column: row.get(column) for column in ("name", "action_item", *message_secrets.OF_NEW)}
			for row in messages
		]
	)
	rows.insert_all(
		NOTIFICATION,
		[{column: row[column] for column in row if column not in message_secrets.OF_NEW} for row in messages],
	)
	bell.renew_soon(row["action_item"] for row in messages if row["user"])


def _row(item: str, recipient: Recipient, now: datetime, urgency: int) -> dict[str, Any]:
	return {
		"name": rows.new_name(),
		"action_item": item,
		"status": MessageState.QUEUED,
		"method": recipient.method,
		"recipient": recipient.label,
		"user": recipient.user or None,
		"endpoint": recipient.endpoint or None,
		"address": recipient.address,
		"attempts": 0,
		"created_utc": now,
		"next_attempt_utc": now,
		"urgency": urgency,
		"carried_by": None,
		"carries": 0,
	}


def of_item(item: str) -> list[dict[str, Any]]:
	"""The messages of an action item, oldest first, times in the site's zone; addresses stay out of it. The instants at which
	each was queued and sent are there in UTC, too."""
	found = frappe.get_all(
		NOTIFICATION,
		filters={"action_item": item},
		fields=[
			*(
				"name",
				"status",
				"method",
				"recipient",
				"user",
				"purpose",
				"about",
				"step",
				"run",
				"attempts",
				"detail",
			),
			*("possible_duplicate", "in_flight"),
			*("created_utc", "planned_utc", "sent_utc", "next_attempt_utc"),
		],
		order_by="name asc",
	)
	for row in found:
		for column in ("planned", "next_attempt"):
			row[f"{column}_at"] = clock.to_site(row.pop(f"{column}_utc"))
		row["sent_at"] = clock.to_site(row["sent_utc"])
	return found
