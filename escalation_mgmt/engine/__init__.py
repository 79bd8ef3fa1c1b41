"""The engine: the rules of escalation, as pure functions of facts and an instant.

Read in this order: `statuses` (the life of an action item), `plan`, `ticket`, `item` (the nouns), `matching`
(which plan), `escalate` and `acknowledge` (the verbs), `decision` (what they answer), `waits` and `working_time` (when
what comes next is due), `maintenance` (when it is held), what people can ask for (`bring_forward`, `snooze`, `unacknowledge`,
`responders`), `rehearse`
(all of it on virtual time), `ladder` (a plan's times).
Instants are naive datetimes in UTC, durations are timedeltas.
"""

from escalation_mgmt.engine.acknowledge import acknowledge, can_acknowledge, completes, is_open_to, waits_for
from escalation_mgmt.engine.actor import Actor
from escalation_mgmt.engine.bring_forward import (
	BEGUN_ANEW,
	MOVED_ON,
	NO_SUCH_STEP,
	NOT_ESCALATING,
	bring_forward,
	can_bring_forward,
)
from escalation_mgmt.engine.decision import (
	Audience,
	Decision,
	Notice,
	Page,
	Reach,
	Recipient,
	Refused,
	Unreachable,
)
from escalation_mgmt.engine.escalate import (
	DROPPED,
	NO_MATCH,
	can_reach,
	can_stop,
	look,
	open_item,
	run_due,
	start_again,
	stop,
)
from escalation_mgmt.engine.event import Event, EventKind
from escalation_mgmt.engine.item import AckRequest, ActionItem
from escalation_mgmt.engine.ladder import Rung, ladder
from escalation_mgmt.engine.maintenance import Maintenance, release
from escalation_mgmt.engine.maintenance import running as running_maintenance
from escalation_mgmt.engine.matching import (
	Past,
	Rematch,
	forestalling,
	opens,
	rematch,
	settled,
	takes,
	winner,
)
from escalation_mgmt.engine.plan import (
	EVERYONE,
	AfterMaintenance,
	CalendarKind,
	Plan,
	StartAt,
	Step,
	StopRules,
	Target,
	TargetKind,
	TicketFilter,
)
from escalation_mgmt.engine.quorum import progress, tally
from escalation_mgmt.engine.rehearse import Moment, Responses, Timeline, ahead, rehearse
from escalation_mgmt.engine.responders import CannotBeReached, add_person, can_add, can_hand_over, hand_over
from escalation_mgmt.engine.snooze import LONGEST as LONGEST_SNOOZE
from escalation_mgmt.engine.snooze import can_snooze, snooze
from escalation_mgmt.engine.statuses import (
	RUNNING,
	TRANSITIONS,
	Cause,
	ImpossibleTransition,
	Status,
	next_status,
	status_after,
)
from escalation_mgmt.engine.ticket import (
	MatchFacts,
	StatusCategory,
	Ticket,
	TicketKey,
	already_answered,
	answer,
)
from escalation_mgmt.engine.time_out import is_theirs, may_renew
from escalation_mgmt.engine.unacknowledge import can_unacknowledge, unacknowledge
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
	"AROUND_THE_CLOCK",
	"BEGUN_ANEW",
	"DROPPED",
	"EVERYONE",
	"LONGEST_SNOOZE",
	"MOVED_ON",
	"NOT_ESCALATING",
	"NO_MATCH",
	"NO_SUCH_STEP",
	"RUNNING",
	"TRANSITIONS",
	"AckRequest",
	"ActionItem",
	"Actor",
	"AfterMaintenance",
	"Audience",
	"Calendar",
	"CalendarKind",
	"CannotBeReached",
	"Cause",
	"Decision",
	"Event",
	"EventKind",
	"Hours",
	"ImpossibleTransition",
	"Maintenance",
	"MatchFacts",
	"Moment",
	"NoWorkingTime",
	"Notice",
	"Page",
	"Past",
	"Plan",
	"Reach",
	"Recipient",
	"Refused",
	"Rematch",
	"Responses",
	"Rung",
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
	"UnknownZone",
	"Unreachable",
	"WorkingTime",
	"acknowledge",
	"add_person",
	"ahead",
	"already_answered",
	"answer",
	"bring_forward",
	"can_acknowledge",
	"can_add",
	"can_bring_forward",
	"can_hand_over",
	"can_reach",
	"can_snooze",
	"can_stop",
	"can_unacknowledge",
	"completes",
	"forestalling",
	"hand_over",
	"held_until",
	"is_open_to",
	"is_theirs",
	"ladder",
	"look",
	"may_renew",
	"next_status",
	"open_item",
	"opens",
	"progress",
	"rehearse",
	"release",
	"rematch",
	"run_due",
	"running_maintenance",
	"settled",
	"snooze",
	"start_again",
	"status_after",
	"stop",
	"takes",
	"tally",
	"unacknowledge",
	"waits_for",
	"window_end",
	"winner",
]
