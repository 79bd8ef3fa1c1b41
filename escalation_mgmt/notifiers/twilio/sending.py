"""Messages and calls at Twilio: made many at once; asked after, where an answer was lost."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import frappe
from frappe import _
from twilio.rest import Client

from escalation_mgmt.notifiers.base import Failed, Message, Outcome, Retry, Sent, Unknown
from escalation_mgmt.notifiers.twilio.account import Account
from escalation_mgmt.notifiers.twilio.client import ask_all
from escalation_mgmt.notifiers.twilio.errors import outcome
from escalation_mgmt.utils.doctypes import NOTIFICATION
from escalation_mgmt.utils.error_reports import report_error

CLOCKS_DIFFER = timedelta(minutes=2)  # Twilio's clock and ours


def send_all(
	ours: Account, messages: Sequence[Message], create: Callable[[Client, Message], Awaitable[Any]]
) -> Iterator[tuple[Message, Outcome]]:
	"""Create a message or a call for each, and say what became of it."""

	async def one(client: Client, message: Message) -> Outcome | Exception:
		try:
			made = await create(client, message)
			return Sent(made.sid or "")
		except Exception as e:
			return e

	for message, answer in ask_all(ours, messages, one):
		yield message, _outcome(answer, message) if isinstance(answer, Exception) else answer


def found_by(
	ours: Account,
	asked: Sequence[tuple[Message, datetime]],
	find: Callable[[Client, Message, datetime], Awaitable[list[str]]],
) -> dict[str, Outcome]:
	"""What Twilio knows of messages whose outcome we don't: {notification: outcome}; Retry where it can't be asked.

	`find` returns the SIDs that a message may have. Each SID is one message's: where two messages look alike and Twilio
	took one of them, the other is sent again. So is a message that Twilio refuses to tell of: an API key may be allowed to
	send and not to read.
	"""

	async def one(client: Client, question: tuple[Message, datetime]) -> list[str] | Exception:
		try:
			return await find(client, *question)
		except Exception as e:
			return e

	answers = list(ask_all(ours, asked, one))
	owners = _owners({sid for _question, sids in answers if isinstance(sids, list) for sid in sids})
	found: dict[str, Outcome] = {}
	for (message, _since), answer in answers:
		if isinstance(answer, Exception):
			problem = _outcome(answer, message)
			if not isinstance(problem, Failed):
				why = _("Whether Twilio has it can't be asked: {0}").format(problem.detail)
				found[message.notification] = Retry(why)
			continue
		for sid in answer:
			if owners.setdefault(sid, message.notification) == message.notification:
				found[message.notification] = Sent(sid, _("Twilio had taken the earlier attempt."))
				break
	return found


def _owners(sids: set[str]) -> dict[str, str]:
	"""The messages that SIDs are known to be of: {SID: notification}."""
	if not sids:
		return {}
	return dict(
		frappe.get_all(
			NOTIFICATION,
			filters={"provider_message_id": ("in", sorted(sids))},
			fields=["provider_message_id", "name"],
			order_by="name",
			as_list=True,
		)
	)


def made_since(record: Any, since: datetime) -> bool:
	"""Whether Twilio made a message or a call after an instant of ours (UTC), as far as clocks agree."""
	created = record.date_created
	if not isinstance(created, datetime):
		return True
	created = created.astimezone(UTC).replace(tzinfo=None) if created.tzinfo else created
	return created >= since - CLOCKS_DIFFER


def _outcome(error: Exception, message: Message) -> Outcome:
	"""Called outside the event loop: what Frappe's locals are given inside a task is lost with it."""
	try:
		return outcome(error)
	except Exception:  # a mistake of ours: it stops no other message
		report_error(f"Escalation: message {message.notification} broke on its way to Twilio")
		return Unknown(repr(error)[:200])
