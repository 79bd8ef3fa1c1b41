"""What a bundle says: one message in place of several, about several action items (design section 7)."""

from collections.abc import Iterable, Sequence

from frappe import _

from escalation_mgmt.delivery.attempt import Attempt, ItemFacts
from escalation_mgmt.engine import NAMED_IN_BUNDLE
from escalation_mgmt.facts.people import Directory, Person
from escalation_mgmt.storage import notice_wording
from escalation_mgmt.storage.message_state import Purpose
from escalation_mgmt.utils.plain_text import cell

SUBJECT = 60  # characters of a ticket's subject


def said(first: Attempt, directory: Directory) -> tuple[str, str]:
	"""Subject and text, in the reader's language: how many, the first by their numbers, then each of these in a line.

	An SMS is cut at its end: the numbers stand where nothing is lost. What only informs comes after what asks.
	"""
	pages, notices = _of_items(first)
	if not pages:
		title = _("News of {0} escalations").format(len(notices))
		return title, "\n".join((_("{0}:").format(title), *_told(notices, directory)))
	title = _("{0} escalations need you").format(len(pages))
	lines = [
		_("{0} ({1}): {2}").format(
			item.reference_name, _(item.priority or "-"), cell(item.ticket_subject or "", SUBJECT)
		)
		for item in pages[:NAMED_IN_BUNDLE]
	]
	head = _("{0}: {1}.").format(title, _with_rest([item.reference_name for item in pages]))
	more = [_("And news of {0} more.").format(len(notices))] if notices else []
	return title, "\n".join([head, *(f"{line};" for line in lines[:-1]), f"{lines[-1]}.", *more])


def _of_items(first: Attempt) -> tuple[list[ItemFacts], list[Attempt]]:
	"""The items that it pages about, and a notice about each other one. In an order that is the same when it is repeated, its own
	first."""
	everything = [first, *sorted(first.carried, key=_order)]
	pages = {each.action_item: each.item for each in everything if each.purpose == Purpose.PAGE and each.item}
	notices = {each.action_item: each for each in everything if each.action_item not in pages and each.item}
	return list(pages.values()), list(notices.values())


def _order(message: Attempt) -> tuple[int, str]:
	return message.urgency, message.name


def _told(notices: Sequence[Attempt], directory: Directory) -> list[str]:
	lines = [
		notice_wording.head(
			notice.about or "",
			notice.item.reference_name,
			notice.item.acknowledged_by,
			names(notice.item.assigned_to(), directory),
			notice.item.comes()[0],
		)
		for notice in notices[:NAMED_IN_BUNDLE]
		if notice.item
	]
	rest = len(notices) - NAMED_IN_BUNDLE
	return [f"{line}." for line in lines] + ([_("And {0} more.").format(rest)] if rest > 0 else [])


def _with_rest(numbers: Sequence[str]) -> str:
	named, rest = ", ".join(numbers[:NAMED_IN_BUNDLE]), len(numbers) - NAMED_IN_BUNDLE
	return _("{0} and {1} more").format(named, rest) if rest > 0 else named


def names(users: Iterable[str], directory: Directory) -> str:
	"""Users as a notice calls them."""
	found = ((user, directory.person(user)) for user in users)
	return ", ".join(person.name if isinstance(person, Person) else user for user, person in found)
