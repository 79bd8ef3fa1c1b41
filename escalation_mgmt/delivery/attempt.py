"""One attempt to send one message: what is read of it, and what is found out on its way from claim to record."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import frappe
from frappe.utils import get_datetime

from escalation_mgmt.delivery.routes import Route
from escalation_mgmt.engine import Status, TicketKey
from escalation_mgmt.storage import outbox
from escalation_mgmt.storage.message_state import MessageState, Purpose
from escalation_mgmt.storage.outbox import SECRET, StoredMessage
from escalation_mgmt.utils import clock, rows
from escalation_mgmt.utils.doctypes import ITEM
from escalation_mgmt.utils.identity import as_stamp


def _secret() -> Any:
	return field(metadata={SECRET: True})


@dataclass(slots=True)
class Attempt(StoredMessage):
	"""A due message, read with its latest attempt, of which the claim makes the next one.

	`status` stays as it was found: Queued, or Sending where nobody heard of the latest attempt again.
	"""

	endpoint: str | None  # None: it goes to a person or a bare address
	purpose: Purpose
	attempts: int  # how many there have been; from the claim on, this one counts
	attempt_id: str | None  # our id of this attempt, from the claim on
	created_utc: datetime  # when it was queued
	generation: int  # the item's then
	not_by: str | None  # providers that it doesn't go by: they have failed already; a line each
	urgency: int  # see `outbox.LATER`

	address: str | None = _secret()  # in full; None, "": retention has taken it
	token_hash: str | None = _secret()  # of the token in its link; from the claim on, in this attempt's
	earlier_token_hash: str | None = (
		_secret()
	)  # of an attempt that may have arrived: its link goes on to work
	note: str | None = (
		_secret()
	)  # what whoever had them paged wants them to read; None: nothing, or retention has taken it
	reply_code: int | None = _secret()  # acknowledges, sent back from the same number; 0, None: no code

	# Found out on the way.
	item: "ItemFacts | None" = field(init=False, default=None)  # before the claim; None: it is gone
	asked_of: str = field(init=False, default="")  # by the claim: which provider may have it already
	by: Route | None = field(init=False, default=None)  # by the claim; None: by none now
	passed_over: str = field(init=False, default="")  # by the claim: which circuits are open; empty: none is
	token: str = field(init=False, default="")  # by the claim; only its hash is stored
	carried: list["Attempt"] = field(
		init=False, default_factory=list
	)  # by the claim: others to the same address
	wrong: str = field(init=False, default="")  # by rendering: what is wrong with the plan's templates

	@property
	def all(self) -> tuple["Attempt", ...]:
		"""It, and those whose outcome is the same, as one message goes out for all of them."""
		return (self, *self.carried)

	@property
	def items(self) -> list[str]:
		"""The action items that its one message is about, its own first."""
		return list(dict.fromkeys(each.action_item for each in self.all))

	@property
	def is_wanted(self) -> bool:
		"""Look again before sending (design rules 4 and 5): nobody is paged for an item that somebody has, but whom they call to
		help; nor who has acknowledged it while others are still asked."""
		if self.purpose != Purpose.PAGE:
			return True
		item = self.item
		who = outbox.counted_as(self)
		if not item or item.has_acknowledged(who) or item.has_passed_on(who):
			return False
		return item.status in outbox.STILL_ASK or item.is_called_to_help(self.user, self.created_utc)

	@property
	def lost(self) -> bool:
		"""Whether its latest attempt was never heard of again."""
		return self.status == MessageState.SENDING


@dataclass(slots=True, kw_only=True)
class CountedAttempt(Attempt):
	"""One by a method that has a limit: what it is asked before it may go (`limited`)."""

	planned_utc: datetime | None  # when its step was due
	next_attempt_utc: (
		datetime | None
	)  # from when on it has waited; of what is held: when it is looked at again
	held_utc: datetime | None  # from when on it has waited, where it is held
	handed_utc: datetime | None  # when it was claimed last
	bundle: str | None  # the message that was the first to go for all of them; None: it is in none


@dataclass(frozen=True, slots=True)
class ItemFacts:
	"""What is asked about a message's action item, as it stands when the message is claimed."""

	name: str
	status: Status  # its text, which equals it
	acks: str | None  # who has acknowledged, named as `outbox.counted_as` names them; JSON
	reference_doctype: str  # the ticket's
	reference_name: str
	ticket_created: datetime | None  # its stamp, see `utils.identity`
	plan_version: str  # the frozen plan that the item runs on
	acknowledged_by: str | None  # a notice names them
	assignees: str | None  # users; JSON
	ticket_subject: str | None  # as it was last seen, as is the priority
	priority: str | None
	acknowledged_utc: datetime | None  # when whoever has it acknowledged
	added: str | None  # users who were added by hand; JSON
	run: int  # of the step that comes next
	passed_on: str | None  # who isn't paged any more, by which run; JSON
	coming: str | None  # who is on the way, as pairs of user and name; JSON
	due_utc: datetime | None

	@property
	def ticket(self) -> TicketKey:
		return TicketKey(self.reference_doctype, self.reference_name, as_stamp(self.ticket_created))

	def has_acknowledged(self, who: str) -> bool:
		return who in json.loads(self.acks or "[]")

	def has_passed_on(self, who: str) -> bool:
		"""Whether the plan's present run pages them no more. Whoever asks for them by name has them paged all the same."""
		return [self.run, who] in json.loads(self.passed_on or "[]")

	def comes(self) -> tuple[str, str]:
		"""Who is on the way, and until when, as the reader reads it; empty: nobody is."""
		if self.status != Status.SNOOZED or not self.coming or not self.due_utc:
			return "", ""
		names = ", ".join(name for _user, name in json.loads(self.coming))
		return names, clock.shown(get_datetime(self.due_utc))

	def is_called_to_help(self, user: str | None, queued: datetime) -> bool:
		"""Whether a page to this user that was queued then asks them to help whoever has the item."""
		since = self.acknowledged_utc and get_datetime(self.acknowledged_utc)
		added = json.loads(self.added or "[]")
		return outbox.is_called_to_help(user, get_datetime(queued), self.status, since, added)

	def assigned_to(self) -> list[str]:
		return json.loads(self.assignees or "[]")


def read_items(attempts: Sequence[Attempt]) -> None:
	"""Give each attempt the facts of its action item."""
	names = sorted({attempt.action_item for attempt in attempts})
	found = names and frappe.db.sql(
		"select `name`, `status`, `acks`, `reference_doctype`, `reference_name`, `ticket_created`, `plan_version`,"
		" `acknowledged_by`, `assignees`, `ticket_subject`, `priority`, `acknowledged_utc`, `added`,"
		f" `run`, `passed_on`, `coming`, `due_utc` from `tab{ITEM}`"
		f" where `name` in ({rows.placeholders(names)})",
		tuple(names),
	)
	items = {item.name: item for item in (ItemFacts(*row) for row in found)}
	for attempt in attempts:
		attempt.item = items.get(attempt.action_item)
