"""Audiences: whom a notice goes to, by which quiet method, and whom nothing reaches."""

from collections.abc import Iterable, Sequence
from typing import Any

import frappe
from frappe import _

from escalation_mgmt.engine import ActionItem, Audience, Notice, Recipient
from escalation_mgmt.facts.people import Directory
from escalation_mgmt.notifiers.base import CannotReach
from escalation_mgmt.storage.message_state import REACHED, Purpose
from escalation_mgmt.utils import rows
from escalation_mgmt.utils.doctypes import NOTIFICATION, NOTIFICATION_SECRET, SETTINGS


def pages_had(items: Sequence[str]) -> dict[str, list[Any]]:
	"""The pages of these items that somebody has, or may have: {item: messages}."""
	if not items:
		return {}
	found: dict[str, list[Any]] = {}
	# Locked, and so read as they are now: the caller's snapshot may be older than a page.
	for page in frappe.db.sql(
		"select n.`action_item`, n.`method`, n.`user`, s.`address`, n.`recipient`, n.`endpoint`"
		f" from `tab{NOTIFICATION}` n left join `tab{NOTIFICATION_SECRET}` s on s.`name` = n.`name`"
		f" where n.`action_item` in ({rows.placeholders(items)}) and n.`purpose` = %s"
		f" and n.`status` in ({rows.placeholders(REACHED)}) order by n.`name` for update",
		(*items, Purpose.PAGE, *REACHED),
		as_dict=True,
	):
		found.setdefault(page.action_item, []).append(page)
	return found


def of_notice(
	notice: Notice, item: ActionItem, pages: Sequence[Any], directory: Directory
) -> tuple[list[Recipient], list[str]]:
	"""Whom a notice about an item reaches, and whom it should but can't. `pages`: those of the item that somebody has."""
	match notice.audience:
		case Audience.NOTIFIED:
			return _notified(pages, notice.but_not, directory), []
		case Audience.WHO_HAS_IT:
			return _who_has_it(item, pages, directory)
		case Audience.CATCH_ALL:
			return _catch_all(item, directory)
		case Audience.OWNERS:
			return owners(item, directory)


def _notified(paged: Sequence[Any], but_not: frozenset[str], directory: Directory) -> list[Recipient]:
	"""Everyone who has one of these pages; people by a quiet method, addresses by their own."""
	found: dict[str, Recipient] = {}
	for page in paged:
		if page.user:
			if (
				page.user not in found
				and page.user not in but_not
				and (way := directory.quiet_way_to(page.user))
				and way.address not in but_not
			):
				found[page.user] = way
		elif page.endpoint or page.address in but_not:
			continue
		elif page.address and _carries_notices(page.method, directory):
			found[page.address] = Recipient(method=page.method, address=page.address, label=page.recipient)
	return list(found.values())


def _carries_notices(method: str, directory: Directory) -> bool:
	notifier, _why = directory.notifier(method)
	return notifier is not None and notifier.carries_notices


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
	return _reached((item.plan.owner, settings.catch_all), settings.catch_all_email, directory)


def _catch_all(item: ActionItem, directory: Directory) -> tuple[list[Recipient], list[str]]:
	settings = frappe.get_cached_doc(SETTINGS)
	if not settings.catch_all and not settings.catch_all_email:
		return owners(item, directory)
	return _reached((settings.catch_all,), settings.catch_all_email, directory)


def _reached(
	users: Iterable[str | None], address: str | None, directory: Directory
) -> tuple[list[Recipient], list[str]]:
	"""Users by the quietest way to each, and an email address; and whom of them nothing reaches."""
	found: dict[str, Recipient] = {}
	missed = []
	for user in dict.fromkeys(filter(None, users)):
		if way := directory.quiet_way_to(user):
			found[way.address] = way
		else:
			missed.append(user)
	if address:
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
