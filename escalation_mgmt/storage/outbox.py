"""Messages that wait to be sent: queued with the decision that asks for them, withdrawn with the one that ends it."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import count, filterfalse
from typing import Any

import frappe
from frappe import _

from escalation_mgmt.engine import (
	RUNNING,
	ActionItem,
	Audience,
	Event,
	EventKind,
	Notice,
	Page,
	Recipient,
	Status,
)
from escalation_mgmt.facts.people import Directory
from escalation_mgmt.notifiers.base import CannotReach
from escalation_mgmt.storage import history
from escalation_mgmt.utils import clock, rows
from escalation_mgmt.utils.doctypes import ITEM, NOTIFICATION, SETTINGS

QUEUED, SENDING, SENT, FAILED, UNKNOWN, WITHDRAWN = (
	"Queued",
	"Sending",
	"Sent",
	"Failed",
	"Unknown",
	"Withdrawn",
)
# What receipts tell: it lies on the phone; somebody took the call; it rang, or a machine took it.
DELIVERED, ANSWERED, NOT_ANSWERED = "Delivered", "Answered", "Not Answered"
PAGE, NOTICE = "Page", "Notice"
CODE_RESTS = timedelta(days=1)  # before a phone gets the same reply code for another item
_HOLD_CODES = (*sorted(RUNNING), str(Status.EXHAUSTED))  # those that can still be acknowledged, or again

NEXT = ("generation", "next_run", "next_group")
"""The position of its item when a page was queued: what comes next unless something happens."""

REACHED = (SENDING, SENT, DELIVERED, ANSWERED, NOT_ANSWERED, UNKNOWN)
"""States of a message that its recipient has, or may have."""


def queue(pages: Sequence[tuple[ActionItem, Page]], now: datetime) -> None:
	"""Queue the pages of action items: [(the item as it is after the decision, page)]."""
	rows.insert_all(
		NOTIFICATION,
		[
			_row(item.id, page.recipient, now)
			| {"purpose": PAGE, "step": page.step.number, "run": page.run, "planned_utc": page.planned_at}
			| dict(zip(NEXT, item.position, strict=True))
			for item, page in pages
		],
	)


def next_of(page: Any) -> tuple[int, int, int]:
	"""What was to come next when this page was queued: (generation, run, group), as `bring_forward` wants it."""
	return page.generation, page.next_run, page.next_group


def queue_instead(item: str, failed: Any, recipient: Recipient, now: datetime) -> str:
	"""Queue a page once more by another way, in place of one that didn't arrive. Returns its name."""
	row = _row(item, recipient, now) | {
		"purpose": PAGE,
		"step": failed.step,
		"run": failed.run,
		**{column: failed[column] for column in NEXT},
		"planned_utc": now,
		"instead_of": failed.name,
	}
	rows.insert_all(NOTIFICATION, [row])
	return row["name"]


def lock_reply_codes() -> None:
	"""One dispatcher at a time gives out reply codes. To be called before anything else of the transaction is read."""
	frappe.db.sql(
		"select `value` from `tabSingles` where `doctype` = %s and `field` = 'installation_id' for update",
		(SETTINGS,),
	)


def give_reply_codes(claimed: Sequence[Any], now: datetime) -> None:
	"""Give each claimed page the code that acknowledges it when it is sent back from the same number.

	The smallest that this number has for no other open item, and had for none within a day: who answers late must
	not acknowledge something newer. Further messages about the same item have the same code.
	"""
	pages = [row for row in claimed if row.purpose == PAGE and not row.reply_code]
	if not pages:
		return
	addresses = sorted({row.address for row in pages})
	placeholders = rows.placeholders(addresses)
	# One row for each number, which may have had many codes within a day.
	held = frappe.db.sql(
		"select n.`address`, group_concat(distinct n.`reply_code`)"
		f" from `tab{NOTIFICATION}` n join `tab{ITEM}` i on i.`name` = n.`action_item`"
		f" where n.`address` in ({placeholders}) and n.`reply_code` > 0"
		f" and (n.`created_utc` > %s or i.`status` in ({rows.placeholders(_HOLD_CODES)}))"
		" group by n.`address`",
		(*addresses, now - CODE_RESTS, *_HOLD_CODES),
	)
	taken = {address: set(map(int, codes.split(","))) for address, codes in held}
	items = sorted({row.action_item for row in pages})
	known = {
		(address, item): code
		for address, item, code in frappe.db.sql(
			f"select `address`, `action_item`, `reply_code` from `tab{NOTIFICATION}`"
			f" where `action_item` in ({rows.placeholders(items)}) and `reply_code` > 0",
			tuple(items),
		)
	}
	free: dict[str, Iterator[int]] = {}
	for row in pages:
		if row.address not in free:
			free[row.address] = filterfalse(taken.get(row.address, set()).__contains__, count(1))
		if (row.address, row.action_item) not in known:
			known[row.address, row.action_item] = next(free[row.address])
		row.reply_code = known[row.address, row.action_item]


def withdraw(items: Sequence[str], now: datetime, of: str = "") -> None:
	"""Take back what no provider has been handed yet; record what is on its way (design rule 5).

	`of`: only what goes to this user, or to the address of this label.
	"""
	if not items:
		return
	placeholders = rows.placeholders(items)
	open_messages = frappe.db.sql(
		"select `name`, `action_item`, `status`, `method`, `recipient`, `user`, `step`, `run`, `possible_duplicate`"
		f" from `tab{NOTIFICATION}`"
		f" where `action_item` in ({placeholders}) and `purpose` = %s and `next_attempt_utc` is not null"
		" order by `name` for update",
		(*items, PAGE),
		as_dict=True,
	)
	if of:
		open_messages = [message for message in open_messages if key(message) == of]
	# A retry waits in Queued, and is taken back like a first attempt.
	queued = [message for message in open_messages if message.status == QUEUED]
	flying = [message for message in open_messages if message.status == SENDING]
	take_back(queued, now)
	rows.update_all(NOTIFICATION, [{"name": m.name, "in_flight": 1} for m in flying])
	history.append([_line(m, EventKind.IN_FLIGHT, now) for m in flying])


def key(message: Any) -> str:
	"""Under which an acknowledgement by whom a message goes to is counted, as the engine counts it."""
	return message.user or message.recipient


def take_back(queued: Sequence[Any], now: datetime) -> None:
	"""Withdraw queued messages. One that may have arrived by an earlier attempt stays unknown."""
	states = [
		{
			"name": message.name,
			"status": UNKNOWN if message.possible_duplicate else WITHDRAWN,
			"next_attempt_utc": None,
		}
		for message in queued
	]
	rows.update_all(NOTIFICATION, states)
	history.append([_line(message, EventKind.WITHDRAWN, now) for message in queued])


def queue_notices(notices: Sequence[tuple[ActionItem, Notice]], directory: Directory, now: datetime) -> None:
	"""Queue notices about items to audiences, to each by the quietest way there is; who can't be told is recorded."""
	of_paged = (Audience.NOTIFIED, Audience.WHO_HAS_IT)
	paged = _paged([item.id for item, notice in notices if notice.audience in of_paged])
	messages: list[dict[str, Any]] = []
	lines: list[history.Line] = []
	reason = _("There is no quiet method by which to tell them.")
	for item, notice in notices:
		if notice.audience is Audience.NOTIFIED:
			recipients, missed = _notified(paged.get(item.id, []), notice.but_not, directory), []
		elif notice.audience is Audience.WHO_HAS_IT:
			recipients, missed = _who_has_it(item, paged.get(item.id, []), directory)
		else:
			recipients, missed = owners(item, directory)
		about = {
			"purpose": NOTICE,
			"about": str(notice.about),
			"step": item.step,
			"run": item.run,
			"planned_utc": now,
		}
		messages += [_row(item.id, recipient, now) | about for recipient in recipients]
		for who in missed:
			data = {"who": who, "method": "Email", "reason": reason}
			lines.append(history.Line(item.id, Event(EventKind.UNREACHABLE, now, data=data)))
	rows.insert_all(NOTIFICATION, messages)
	history.append(lines)


def _paged(items: Sequence[str]) -> dict[str, list[Any]]:
	"""The pages of these items that somebody has, or may have: {item: messages}."""
	if not items:
		return {}
	found: dict[str, list[Any]] = {}
	for (
		page
	) in frappe.db.sql(  # locked, and so read as they are now: the caller's snapshot may be older than a page
		"select `action_item`, `method`, `user`, `address`, `recipient`, `endpoint`"
		f" from `tab{NOTIFICATION}` where `action_item` in ({rows.placeholders(items)}) and `purpose` = %s"
		f" and `status` in ({rows.placeholders(REACHED)}) order by `name` for update",
		(*items, PAGE, *REACHED),
		as_dict=True,
	):
		found.setdefault(page.action_item, []).append(page)
	return found


def _notified(paged: Sequence[Any], but_not: frozenset[str], directory: Directory) -> list[Recipient]:
	"""Everyone who has one of these pages; people by a quiet method, addresses by their own."""
	found: dict[str, Recipient] = {}
	for page in paged:
		if page.user:
			if (
				page.user not in found
				and page.user not in but_not
				and (way := directory.quiet_way_to(page.user))
			):
				found[page.user] = way
		elif page.endpoint or page.address in but_not:
			continue
		elif page.address and (notifier := directory.notifier(page.method)[0]):
			if notifier.carries_notices:
				found[page.address] = Recipient(
					method=page.method, address=page.address, label=page.recipient
				)
	return list(found.values())


def _who_has_it(
	item: ActionItem, paged: Sequence[Any], directory: Directory
) -> tuple[list[Recipient], list[str]]:
	"""The person who acknowledged, by a quiet method; a bare address by its own, where that is quiet."""
	if item.acknowledged_user:
		way = directory.quiet_way_to(item.acknowledged_user)
	else:
		theirs = [page for page in paged if not page.user and page.recipient == item.acknowledged_by]
		way = next(iter(_notified(theirs, frozenset(), directory)), None)
	return ([way], []) if way else ([], [item.acknowledged_by])


def owners(item: ActionItem, directory: Directory) -> tuple[list[Recipient], list[str]]:
	"""The plan's owner and the site's catch-all recipients; and whom of them nothing reaches."""
	settings = frappe.get_cached_doc(SETTINGS)
	found: dict[str, Recipient] = {}
	missed = []
	for user in dict.fromkeys(filter(None, (item.plan.owner, settings.catch_all))):
		if way := directory.quiet_way_to(user):
			found[way.address] = way
		else:
			missed.append(user)
	if address := settings.catch_all_email:
		notifier, why = directory.notifier("Email")
		try:
			if why or not notifier:
				raise CannotReach(why)
			address = notifier.check_address(address)
			found.setdefault(
				address, Recipient(method="Email", address=address, label=notifier.mask(address))
			)
		except CannotReach:
			missed.append(notifier.mask(address) if notifier else _("The catch-all address"))
	return list(found.values()), missed


def _row(item: str, recipient: Recipient, now: datetime) -> dict[str, Any]:
	return {
		"name": rows.new_name(),
		"action_item": item,
		"status": QUEUED,
		"method": recipient.method,
		"recipient": recipient.label,
		"user": recipient.user or None,
		"endpoint": recipient.endpoint or None,
		"address": recipient.address,
		"attempts": 0,
		"created_utc": now,
		"next_attempt_utc": now,
	}


def _line(message: Any, kind: EventKind, now: datetime) -> history.Line:
	data = {"method": message.method, "to": message.recipient}
	return history.Line(message.action_item, Event(kind, now, message.step, message.run, data), message.name)


def of_item(item: str) -> list[dict[str, Any]]:
	"""The messages of an action item, oldest first, times in the site's zone; addresses stay out of it."""
	found = frappe.get_all(
		NOTIFICATION,
		filters={"action_item": item},
		fields=[
			*(
				"name",
				"status",
				"method",
				"recipient",
				"purpose",
				"about",
				"step",
				"run",
				"attempts",
				"detail",
			),
			*("possible_duplicate", "in_flight", "planned_utc", "sent_utc", "next_attempt_utc"),
		],
		order_by="name asc",
		limit_page_length=0,
	)
	for row in found:
		for column in ("planned", "sent", "next_attempt"):
			row[f"{column}_at"] = clock.to_site(row.pop(f"{column}_utc"))
	return found
