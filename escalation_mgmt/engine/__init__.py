"""The engine: the rules of escalation, as pure functions of facts and an instant.

Every function takes the item, the facts of its ticket and the `Context`, or the instant alone, and returns a `Decision`, or
None where nothing is to be done. Nothing here reads a clock, a database or a network. Read in this order:

- the nouns: `statuses` (the life of an action item), `plan`, `ticket`, `item`, `event`, `maintenance`, `working_time`;
- what the functions are told and what they answer: `context`, `actor`, `decision`, `refusal`;
- what time and the ticket do: `remembered` (raised, reopened), `matching` (which plan), `start`, `evaluate`, `standing_still`, `run`, `group`, `maintenance_hold`, `time_out`, `end`, by the
  times of `waits`;
- what a step's act has done to the ticket: `acts`;
- what people ask for: `acknowledge` (with `quorum`, of several), `undo`, `bring_forward`, `pass_on`, `snooze`, `on_the_way`,
  `unacknowledge`, `responders`;
- what an earlier state of the database brings: `restored`;
- how many messages one person gets: `limits`; which provider is passed over: `circuit`;
- all of it on virtual time: `rehearse`, and `ladder` (a plan's times), `rungs` (a rehearsal's).

Instants are naive datetimes in UTC, durations are timedeltas.
"""

from escalation_mgmt.engine.acknowledge import acknowledge, can_acknowledge, completes, is_open_to, waits_for
from escalation_mgmt.engine.actor import Actor
from escalation_mgmt.engine.acts import (
	BY_ACKNOWLEDGEMENT,
	Outcome,
	act_done,
	act_failed,
	act_withdrawn,
	ends_itself,
	is_wanted,
	step_of,
)
from escalation_mgmt.engine.applies import applies, why_not
from escalation_mgmt.engine.bring_forward import (
	NOT_DELIVERED,
	bring_forward,
	can_bring_forward,
	can_run_again,
	run_again,
)
from escalation_mgmt.engine.context import Context, Holds, Reaches
from escalation_mgmt.engine.decision import (
	Audience,
	Decision,
	Deed,
	Note,
	Notice,
	Page,
	Reach,
	Recipient,
	Unreachable,
)
from escalation_mgmt.engine.end import CancelReason, can_stop, stop
from escalation_mgmt.engine.evaluate import evaluate
from escalation_mgmt.engine.event import Event, EventKind, Named, of_clock
from escalation_mgmt.engine.item import AckRequest, ActionItem, Before
from escalation_mgmt.engine.ladder import Rung, ladder, rungs
from escalation_mgmt.engine.limits import (
	FOR_CALLS,
	FOR_PUSHES,
	FOR_SMS,
	Allotment,
	Held,
	Limit,
	Outgoing,
	Sent,
	UnderWay,
	Waiting,
	allot,
)
from escalation_mgmt.engine.limits import NAMED as NAMED_IN_BUNDLE
from escalation_mgmt.engine.maintenance import Maintenance
from escalation_mgmt.engine.maintenance import running as running_maintenance
from escalation_mgmt.engine.maintenance_hold import release
from escalation_mgmt.engine.matching import (
	ConditionMet,
	Opening,
	Past,
	Rematch,
	forestalling,
	may_take,
	opens,
	rematch,
	settled,
	takes,
	takes_more,
	winner,
)
from escalation_mgmt.engine.on_the_way import LONGEST_WAY, can_be_on_the_way, on_the_way
from escalation_mgmt.engine.pass_on import comes_to_others, pass_on
from escalation_mgmt.engine.plan import (
	ALWAYS,
	EVERYONE,
	OF_TEAM,
	Act,
	AfterMaintenance,
	CalendarKind,
	CallRules,
	Clock,
	InHours,
	OnFailure,
	OnlyIf,
	OnMachine,
	Plan,
	StartAt,
	Step,
	StopRules,
	Target,
	TargetKind,
	TicketFilter,
)
from escalation_mgmt.engine.quorum import progress, tally
from escalation_mgmt.engine.refusal import CannotBeReached, Refusal, Refused
from escalation_mgmt.engine.rehearse import NEVER, Moment, Responses, Timeline, ahead, rehearse
from escalation_mgmt.engine.remembered import Remembered, remember, remember_act
from escalation_mgmt.engine.responders import (
	add_person,
	can_add,
	can_hand_over,
	can_reach,
	hand_over,
	is_personal,
	reach,
)
from escalation_mgmt.engine.restored import (
	Mark,
	Recorded,
	begins,
	hold_restored,
	is_restored,
	is_under_way,
	let_go_on,
	next_mark,
)
from escalation_mgmt.engine.run import run_due
from escalation_mgmt.engine.snooze import LONGEST as LONGEST_SNOOZE
from escalation_mgmt.engine.snooze import can_snooze, snooze
from escalation_mgmt.engine.start import open_item, start_again
from escalation_mgmt.engine.statuses import (
	LED_TO,
	RUNNING,
	TRANSITIONS,
	Cause,
	ImpossibleTransition,
	Status,
	next_status,
	pressing,
	status_after,
)
from escalation_mgmt.engine.ticket import (
	Answer,
	MatchFacts,
	StatusCategory,
	Ticket,
	TicketKey,
	already_answered,
	answer,
	asked_since,
)
from escalation_mgmt.engine.time_out import WorkedOn, is_theirs, may_renew
from escalation_mgmt.engine.unacknowledge import can_unacknowledge, unacknowledge
from escalation_mgmt.engine.undo import UNDO_WITHIN, may_be_undone_until, undo, undo_until
from escalation_mgmt.engine.waits import held_until, window_end
from escalation_mgmt.engine.working_time import (
	AROUND_THE_CLOCK,
	Calendar,
	Hours,
	NoWorkingTime,
	UnknownZone,
	WorkingTime,
)

__all__ = [
	"ALWAYS",
	"AROUND_THE_CLOCK",
	"BY_ACKNOWLEDGEMENT",
	"EVERYONE",
	"FOR_CALLS",
	"FOR_PUSHES",
	"FOR_SMS",
	"LED_TO",
	"LONGEST_SNOOZE",
	"LONGEST_WAY",
	"NAMED_IN_BUNDLE",
	"NEVER",
	"NOT_DELIVERED",
	"OF_TEAM",
	"RUNNING",
	"TRANSITIONS",
	"UNDO_WITHIN",
	"AckRequest",
	"Act",
	"ActionItem",
	"Actor",
	"AfterMaintenance",
	"Allotment",
	"Answer",
	"Audience",
	"Before",
	"Calendar",
	"CalendarKind",
	"CallRules",
	"CancelReason",
	"CannotBeReached",
	"Cause",
	"Clock",
	"ConditionMet",
	"Context",
	"Decision",
	"Deed",
	"Event",
	"EventKind",
	"Held",
	"Holds",
	"Hours",
	"ImpossibleTransition",
	"InHours",
	"Limit",
	"Maintenance",
	"Mark",
	"MatchFacts",
	"Moment",
	"Named",
	"NoWorkingTime",
	"Note",
	"Notice",
	"OnFailure",
	"OnMachine",
	"OnlyIf",
	"Opening",
	"Outcome",
	"Outgoing",
	"Page",
	"Past",
	"Plan",
	"Reach",
	"Reaches",
	"Recipient",
	"Recorded",
	"Refusal",
	"Refused",
	"Rematch",
	"Remembered",
	"Responses",
	"Rung",
	"Sent",
	"StartAt",
	"Status",
	"StatusCategory",
	"Step",
	"StopRules",
	"Target",
	"TargetKind",
	"Ticket",
	"TicketFilter",
	"TicketKey",
	"Timeline",
	"UnderWay",
	"UnknownZone",
	"Unreachable",
	"Waiting",
	"WorkedOn",
	"WorkingTime",
	"acknowledge",
	"act_done",
	"act_failed",
	"act_withdrawn",
	"add_person",
	"ahead",
	"allot",
	"already_answered",
	"answer",
	"applies",
	"asked_since",
	"begins",
	"bring_forward",
	"can_acknowledge",
	"can_add",
	"can_be_on_the_way",
	"can_bring_forward",
	"can_hand_over",
	"can_reach",
	"can_run_again",
	"can_snooze",
	"can_stop",
	"can_unacknowledge",
	"comes_to_others",
	"completes",
	"ends_itself",
	"evaluate",
	"forestalling",
	"hand_over",
	"held_until",
	"hold_restored",
	"is_open_to",
	"is_personal",
	"is_restored",
	"is_theirs",
	"is_under_way",
	"is_wanted",
	"ladder",
	"let_go_on",
	"may_be_undone_until",
	"may_renew",
	"may_take",
	"next_mark",
	"next_status",
	"of_clock",
	"on_the_way",
	"open_item",
	"opens",
	"pass_on",
	"pressing",
	"progress",
	"reach",
	"rehearse",
	"release",
	"rematch",
	"remember",
	"remember_act",
	"run_again",
	"run_due",
	"rungs",
	"running_maintenance",
	"settled",
	"snooze",
	"start_again",
	"status_after",
	"step_of",
	"stop",
	"takes",
	"takes_more",
	"tally",
	"unacknowledge",
	"undo",
	"undo_until",
	"waits_for",
	"why_not",
	"window_end",
	"winner",
]
