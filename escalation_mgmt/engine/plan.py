"""A plan as the engine sees it: which tickets it takes, when it starts, its steps. Frozen, and plain data.

Durations are `timedelta`. `Plan.to_dict` and `Plan.from_dict` are the frozen form that is stored with an
action item (design rule 2): seconds, strings and lists only, so that it reads back the same for ever.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

ZERO = timedelta(0)
EVERYONE = 0
"""So many acknowledgements a step needs: those of all whom it reaches."""


class Clock(StrEnum):
	"""What of a ticket a plan guards: a ticket has a running item for each at most."""

	FIRST_RESPONSE = "First Response"  # until an agent first responds
	NEXT_RESPONSE = "Next Response"  # since the customer's first message that no agent has answered
	RESOLUTION = "Resolution"  # until it is resolved or closed


class StartAt(StrEnum):
	AT_ONCE = "At Once"
	AFTER_WINDOW = "After Its Own Window"
	AT_DEADLINE = "At the Deadline"
	BEFORE_DEADLINE = "Before the Deadline"
	AT_PERCENT = "At a Percentage of the Time"  # from the clock's opening to its deadline

	@classmethod
	def _missing_(cls, value: object) -> "StartAt | None":
		"""What frozen plans were written with before there were other clocks."""
		return cls.AT_DEADLINE if value == "At the Response Deadline" else None


BY_DEADLINE = frozenset({StartAt.AT_DEADLINE, StartAt.BEFORE_DEADLINE, StartAt.AT_PERCENT})
"""What begins by the clock's deadline, which the ticket may move."""


class CalendarKind(StrEnum):
	AROUND_THE_CLOCK = "Around the Clock"
	CALENDAR = "Escalation Calendar"
	AGREEMENT = "Service Level Agreement"


class AfterMaintenance(StrEnum):
	"""What becomes of what fell due during a maintenance."""

	GO_ON = "Go On"
	START_OVER = "Start Over"
	DROP = "Drop"


class OnFailure(StrEnum):
	"""What follows first where a page has failed for good; the other, where that can't be had."""

	ANOTHER_METHOD = "Another Method First"
	NEXT_STEP = "The Next Step First"


class OnMachine(StrEnum):
	"""What a machine that takes a call is told. It never counts as an answer."""

	LEAVE_MESSAGE = "Leave the Message"
	HANG_UP = "Hang Up"
	NOT_ANSWERED = "Count as Not Answered"  # hung up on, and tried again as if nobody had taken the call


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRules:
	"""What follows a call that was busy or that nobody took: so many further ones, each after a pause; then the plan goes on."""

	further: int = 0
	pause: timedelta = timedelta(minutes=1)
	machine: OnMachine = OnMachine.LEAVE_MESSAGE

	def to_dict(self) -> dict[str, Any]:
		seconds = self.pause.total_seconds()
		return {"further": self.further, "pause": seconds, "machine": str(self.machine)}

	@classmethod
	def from_dict(cls, data: dict[str, Any]) -> "CallRules":
		pause = timedelta(seconds=data["pause"])
		return cls(further=data["further"], pause=pause, machine=OnMachine(data["machine"]))


class Act(StrEnum):
	"""What a step does to the ticket, in place of a method that reaches people."""

	ASSIGN = "Assign the Ticket"
	RAISE = "Raise the Priority"
	SET_TEAM = "Set the Team"
	SET_STATUS = "Set the Status"
	COMMENT = "Internal Comment"
	TELL_CUSTOMER = "Message to the Customer"


class InHours(StrEnum):
	"""At which hours a step runs, by its plan's calendar."""

	ANY = ""
	WORKING = "In Working Time"
	OUTSIDE = "Outside Working Time"


class TargetKind(StrEnum):
	ASSIGNEE = "Assignee"
	USER = "User"
	TEAM = "Team"
	NEXT_IN_TURN = "Next in Turn"  # of a team: whom we chose least recently
	AVAILABLE = "Available Members"  # of a team
	MANAGER = "Manager"  # of the assignee
	ROLE = "Role"
	USER_FIELD = "User Field"
	ADDRESS = "Address"
	ENDPOINT = "Endpoint"


OF_TEAM = frozenset({TargetKind.TEAM, TargetKind.NEXT_IN_TURN, TargetKind.AVAILABLE})
"""What reaches members of a team: the one that is named, else the ticket's own."""


@dataclass(frozen=True, slots=True)
class Target:
	"""Whom a step reaches. `value` is the user, team, role, field, address or endpoint; empty for an assignee and a manager."""

	kind: TargetKind
	value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlyIf:
	"""When a step runs; else it is passed over. All of it is read when the step falls due."""

	hours: InHours = InHours.ANY
	priority: str = ""  # at least so urgent
	condition: str = ""  # an expression that the shell evaluates


ALWAYS = OnlyIf()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
	"""One line of a plan: wait, method, whom; or an act on the ticket in place of a method. `number` counts from 1.

	`in_working_time`: it goes out only then, and is held until then; else at any hour. `needs`: so many acknowledgements
	it asks for.
	"""

	number: int
	wait: timedelta
	method: str
	target: Target
	message: str = ""  # a template; empty: the plan's
	in_working_time: bool = False
	needs: int = 1  # acknowledgements, or EVERYONE
	second: Target | None = None  # taken where `target` reaches nobody
	only_if: OnlyIf = ALWAYS
	value: str = ""  # of an act: the priority, team or status that it sets

	@property
	def targets(self) -> tuple[Target, ...]:
		"""Whom it goes to, and whom it goes to where that reaches nobody."""
		return (self.target, self.second) if self.second else (self.target,)

	@property
	def act(self) -> Act | None:
		"""What it does to the ticket; None: it reaches people."""
		return Act(self.method) if self.method in _ACTS else None


_ACTS = frozenset(map(str, Act))


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketFilter:
	"""Which tickets a plan takes. An empty field takes any; `condition` is an expression that the shell evaluates."""

	doctype: str
	priorities: frozenset[str] = frozenset()
	team: str = ""
	ticket_type: str = ""
	customer: str = ""
	condition: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRules:
	"""What counts as an answer to a first response's plan, beside a resolved or closed ticket, which always does.

	Of these the next response's plan has `on_paused_status` alone: an agent's reply always answers it. Nothing of it concerns
	the resolution.
	"""

	on_reply: bool = True
	on_first_response: bool = True
	on_paused_status: bool = False
	condition: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
	name: str
	rank: int
	takes: TicketFilter
	start: StartAt
	window: timedelta
	steps: tuple[Step, ...]
	clock: Clock = Clock.FIRST_RESPONSE
	lead: timedelta = ZERO  # so long before the deadline, where it starts before that
	percent: int = 0  # so many percent of the time are over then, where it starts at a percentage
	repeats: int = 0
	repeat_pause: timedelta = ZERO
	last_wait: timedelta = timedelta(minutes=30)
	ack_timeout: timedelta = ZERO  # without a reply or another status after an acknowledgement; 0: none
	ack_grace: timedelta = ZERO  # after the reminder
	assign_on_acknowledgement: bool = False  # whoever acknowledges gets the ticket
	notified_may_snooze: bool = True  # from the message, without the ticket's form
	after_maintenance: AfterMaintenance = AfterMaintenance.GO_ON
	on_failure: OnFailure = OnFailure.ANOTHER_METHOD
	calls: CallRules = CallRules()
	stop: StopRules = StopRules()
	owner: str = ""
	subject: str = ""  # templates of the messages
	message: str = ""
	calendar: CalendarKind = CalendarKind.AROUND_THE_CLOCK
	calendar_name: str = ""  # which one; of an agreement, empty: the ticket's own
	counts_working_time: bool = False  # window, waits, pauses and last wait; else all count around the clock
	enabled_since: datetime | None = field(default=None, compare=False)  # UTC; not part of the frozen form
	groups: tuple[tuple[Step, ...], ...] = field(init=False, repr=False, compare=False)

	def __post_init__(self) -> None:
		object.__setattr__(self, "groups", _in_groups(self.steps))

	@property
	def asks_calendar(self) -> bool:
		if self.calendar is CalendarKind.AROUND_THE_CLOCK:
			return False
		return self.counts_working_time or any(s.in_working_time or s.only_if.hours for s in self.steps)

	@property
	def starts_by_deadline(self) -> bool:
		return self.start in BY_DEADLINE

	@property
	def asks_quorum(self) -> bool:
		return any(step.needs != 1 for step in self.steps)

	def to_dict(self) -> dict[str, Any]:
		return {
			"name": self.name,
			"rank": self.rank,
			"takes": {
				"doctype": self.takes.doctype,
				"priorities": sorted(self.takes.priorities),
				"team": self.takes.team,
				"ticket_type": self.takes.ticket_type,
				"customer": self.takes.customer,
				"condition": self.takes.condition,
			},
			"clock": str(self.clock),
			"start": str(self.start),
			"window": self.window.total_seconds(),
			"lead": self.lead.total_seconds(),
			"percent": self.percent,
			"steps": [
				{
					"wait": step.wait.total_seconds(),
					"method": step.method,
					"target": [str(step.target.kind), step.target.value],
					"message": step.message,
					"in_working_time": step.in_working_time,
					"needs": step.needs,
					**_more_of(step),
				}
				for step in self.steps
			],
			"repeats": self.repeats,
			"repeat_pause": self.repeat_pause.total_seconds(),
			"last_wait": self.last_wait.total_seconds(),
			"after_maintenance": str(self.after_maintenance),
			"ack_timeout": self.ack_timeout.total_seconds(),
			"ack_grace": self.ack_grace.total_seconds(),
			**({"assign_on_acknowledgement": True} if self.assign_on_acknowledgement else {}),
			**({} if self.notified_may_snooze else {"notified_may_snooze": False}),
			**({} if self.on_failure is OnFailure.ANOTHER_METHOD else {"on_failure": str(self.on_failure)}),
			**({} if self.calls == CallRules() else {"calls": self.calls.to_dict()}),
			"stop": {
				"on_reply": self.stop.on_reply,
				"on_first_response": self.stop.on_first_response,
				"on_paused_status": self.stop.on_paused_status,
				"condition": self.stop.condition,
			},
			"owner": self.owner,
			"subject": self.subject,
			"message": self.message,
			"calendar": [str(self.calendar), self.calendar_name],
			"counts_working_time": self.counts_working_time,
		}

	@classmethod
	def from_dict(cls, data: dict[str, Any]) -> "Plan":
		takes = data["takes"]
		calendar, calendar_name = data.get("calendar", [CalendarKind.AROUND_THE_CLOCK, ""])
		return cls(
			name=data["name"],
			rank=data["rank"],
			takes=TicketFilter(**{**takes, "priorities": frozenset(takes["priorities"])}),
			clock=Clock(data.get("clock", Clock.FIRST_RESPONSE)),
			start=StartAt(data["start"]),
			window=timedelta(seconds=data["window"]),
			lead=timedelta(seconds=data.get("lead", 0)),
			percent=data.get("percent", 0),
			steps=tuple(
				Step(
					number=number,
					wait=timedelta(seconds=step["wait"]),
					method=step["method"],
					target=Target(TargetKind(step["target"][0]), step["target"][1]),
					message=step["message"],
					in_working_time=step.get("in_working_time", False),
					needs=step.get("needs", 1),
					second=Target(TargetKind(step["second"][0]), step["second"][1])
					if "second" in step
					else None,
					only_if=_only_if(step.get("only_if")),
					value=step.get("value", ""),
				)
				for number, step in enumerate(data["steps"], 1)
			),
			repeats=data["repeats"],
			repeat_pause=timedelta(seconds=data["repeat_pause"]),
			last_wait=timedelta(seconds=data["last_wait"]),
			after_maintenance=AfterMaintenance(data.get("after_maintenance", AfterMaintenance.GO_ON)),
			ack_timeout=timedelta(seconds=data.get("ack_timeout", 0)),
			ack_grace=timedelta(seconds=data.get("ack_grace", 0)),
			assign_on_acknowledgement=data.get("assign_on_acknowledgement", False),
			notified_may_snooze=data.get("notified_may_snooze", True),
			on_failure=OnFailure(data.get("on_failure", OnFailure.ANOTHER_METHOD)),
			calls=CallRules.from_dict(data["calls"]) if "calls" in data else CallRules(),
			stop=StopRules(**data["stop"]),
			owner=data["owner"],
			subject=data["subject"],
			message=data["message"],
			calendar=CalendarKind(calendar),
			calendar_name=calendar_name,
			counts_working_time=data.get("counts_working_time", False),
		)


def _more_of(step: Step) -> dict[str, Any]:
	"""What most steps haven't, of a step's frozen form."""
	more: dict[str, Any] = {}
	if step.second:
		more["second"] = [str(step.second.kind), step.second.value]
	if step.only_if != ALWAYS:
		given = {"hours": str(step.only_if.hours), "priority": step.only_if.priority}
		more["only_if"] = {**given, "condition": step.only_if.condition}
	if step.value:
		more["value"] = step.value
	return more


def _only_if(data: dict[str, str] | None) -> OnlyIf:
	if not data:
		return ALWAYS
	return OnlyIf(hours=InHours(data["hours"]), priority=data["priority"], condition=data["condition"])


def _in_groups(steps: tuple[Step, ...]) -> tuple[tuple[Step, ...], ...]:
	"""Put each step with no wait together with the step before it, unless only one of them can be held."""
	groups: list[list[Step]] = []
	for step in steps:
		if groups and step.wait == ZERO and step.in_working_time == groups[-1][0].in_working_time:
			groups[-1].append(step)
		else:
			groups.append([step])
	return tuple(tuple(group) for group in groups)
