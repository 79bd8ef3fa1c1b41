"""The state of one action item: where it stands in its frozen plan, and when it is due."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from escalation_mgmt.engine.event import Named
from escalation_mgmt.engine.plan import EVERYONE, ZERO, Clock, Plan
from escalation_mgmt.engine.statuses import Status
from escalation_mgmt.engine.ticket import MatchFacts


@dataclass(frozen=True, slots=True)
class AckRequest:
	"""How many of whom a step asks for. `people` are users, or labels of addresses that are nobody's."""

	step: int  # 0: a handover
	needs: int  # EVERYONE, or a number
	people: tuple[str, ...]
	excluded: tuple[str, ...] = ()  # who had acknowledged before, where that alone would have been enough

	@property
	def asked(self) -> frozenset[str]:
		return frozenset(self.people) - frozenset(self.excluded)

	@property
	def needed(self) -> int:
		"""Never more than it reached: who can't be reached can't acknowledge."""
		return len(self.asked) if self.needs == EVERYONE else min(self.needs, len(self.asked))


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
	"""What an acknowledgement changed of an item, as it was before: what an undo restores."""

	status: Status
	due_at: datetime | None = None
	paused_at: datetime | None = None
	stood_still: timedelta = ZERO
	resumes_at: datetime | None = None
	maintenance: str = ""
	stalled: bool = False
	acks: tuple[str, ...] = ()
	coming: Named = ()
	ended_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)  # without slots: `changed` copies what is in it
class ActionItem:
	"""All instants are naive datetimes in UTC.

	`run` and `group` name the group that runs next: runs count from 0 (0 is the first, 1 the first repeat),
	groups from 0; a `group` past the last one is the last wait. `version` grows by one with every decision, `generation`
	whenever the escalation begins anew (it was given back, timed out, handed over, started again or over, run again): what was sent
	before that brings nothing about any more, though the same group may come next.
	"""

	id: str
	plan: Plan
	status: Status
	opened_at: datetime
	version: int = 0
	generation: int = 0
	run: int = 0
	group: int = 0
	step: int = 0  # number of the step that ran last; 0: none yet
	due_at: datetime | None = None
	clock_at: datetime | None = (
		None  # when its plan's clock began; None: it isn't known (items of before there were several)
	)
	paused_at: datetime | None = (
		None  # its clock stands still since then, and nothing of it is due: `due_at` is as of then
	)
	stood_still: timedelta = ZERO  # so long its own window wasn't counted, in the time that its plan counts
	resumes_at: datetime | None = None  # snoozed: when what comes next would have been due
	maintenance: str = ""  # the one that holds it until `due_at`
	facts: MatchFacts = MatchFacts()
	assignees: tuple[str, ...] = ()
	added: tuple[str, ...] = ()  # users who are paged with every step for people
	by_hand: bool = False
	acted: bool = False  # a step of its own changed the ticket: it needn't match its plan any more
	window_skipped: bool = False  # a person started or escalated it without its response window
	answered_level: int | None = (
		None  # opened for a raise of the priority, above that at which it had been answered
	)
	unreached: int = 0  # groups in a row that reached nobody
	stalled: bool = False  # a whole pass reached nobody: waits for an assignee, a contact or a provider
	nobody_notified: bool = False  # that was so at some time, whatever came of it
	held_at: datetime | None = (
		None  # the database was restored: nothing of it is due until somebody has looked
	)
	parked: bool = False  # set aside by the shell, which tries again later
	superseded: bool = False  # acknowledged late, while a newer item follows the ticket
	ack_requests: tuple[AckRequest, ...] = ()  # of the steps that ran, where the plan asks for several
	acks: tuple[str, ...] = ()  # who has acknowledged, named as in `ack_requests`
	passed_on: tuple[
		tuple[int, str], ...
	] = ()  # by which run of the plan who isn't paged any more, named so too
	coming: Named = ()  # snoozed: who is on the way
	before: Before | None = None  # acknowledged: what an undo restores
	acknowledged_by: str = ""  # as history names them
	acknowledged_user: str = ""  # empty: a bare address
	acknowledged_at: datetime | None = None
	acknowledged_via: str = ""
	ticket_status: str = ""  # of the ticket when it was acknowledged, where the plan has a time-out
	reminded: bool = False  # of what they acknowledged
	ended_at: datetime | None = None

	@property
	def after_answer(self) -> bool:
		"""Whether the ticket had been answered before it was opened, so that only its raise is a reason to escalate."""
		return self.answered_level is not None

	@property
	def position(self) -> tuple[int, int, int]:
		"""What comes next (generation, run, group), as a page that is queued now remembers it."""
		return self.generation, self.run, self.group

	@property
	def who_has_it(self) -> Named:
		"""Who acknowledged, as a line of history names them."""
		return ((self.acknowledged_user, self.acknowledged_by),)

	@property
	def is_coming(self) -> Named:
		"""Who is on the way, and for as long as they are."""
		return self.coming if self.status is Status.SNOOZED else ()

	@property
	def passed_on_now(self) -> frozenset[str]:
		"""Whom this run doesn't page any more, because they have passed it on."""
		return frozenset(who for run, who in self.passed_on if run == self.run)

	@property
	def next_at(self) -> datetime | None:
		"""When anything happens by itself; None: it waits for somebody, or stands still."""
		return None if self.paused_at or self.held_at else self.due_at

	@property
	def answered_since(self) -> datetime:
		"""An answer that came after this instant counts."""
		by_message = self.plan.clock is Clock.NEXT_RESPONSE and self.clock_at
		return by_message or self.opened_at

	@property
	def in_last_wait(self) -> bool:
		return self.group >= len(self.plan.groups)
