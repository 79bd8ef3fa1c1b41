"""The engine: the rules of escalation, as pure functions of facts and an instant.

Read in this order: `statuses` (the life of an action item), `plan`, `ticket`, `item` (the nouns), `matching`
(which plan), `escalate` and `acknowledge` (the verbs), `decision` (what they answer), `working_time` (by which
calendar they count), `rehearse` (all of it on virtual time), `ladder` (a plan's times).
Instants are naive datetimes in UTC, durations are timedeltas.
"""

from escalation_mgmt.engine.acknowledge import acknowledge, can_acknowledge
from escalation_mgmt.engine.decision import (
	Audience,
	Decision,
	Page,
	Reach,
	Recipient,
	Refused,
	Tell,
	Unreachable,
)
from escalation_mgmt.engine.escalate import (
	MOVED_ON,
	NO_MATCH,
	NOT_ESCALATING,
	bring_forward,
	can_bring_forward,
	can_stop,
	look,
	open_item,
	position_after,
	run_due,
	start_again,
	stop,
	window_end,
)
from escalation_mgmt.engine.event import Event, EventKind
from escalation_mgmt.engine.item import ActionItem
from escalation_mgmt.engine.ladder import Rung, ladder
from escalation_mgmt.engine.matching import Past, Rematch, forestalling, opens, rematch, takes, winner
from escalation_mgmt.engine.plan import (
	CalendarKind,
	Plan,
	StartAt,
	Step,
	StopRules,
	Target,
	TargetKind,
	TicketFilter,
)
from escalation_mgmt.engine.rehearse import Moment, Responses, Timeline, ahead, rehearse
from escalation_mgmt.engine.statuses import (
	CLOCK_RUNS,
	RUNNING,
	TRANSITIONS,
	Cause,
	ImpossibleTransition,
	Status,
	leads_to,
	next_status,
)
from escalation_mgmt.engine.ticket import MatchFacts, StatusCategory, Ticket, already_answered, answer
from escalation_mgmt.engine.working_time import AROUND_THE_CLOCK, Calendar, Hours, NoWorkingTime, WorkingTime

__all__ = [
	"AROUND_THE_CLOCK",
	"CLOCK_RUNS",
	"MOVED_ON",
	"NOT_ESCALATING",
	"NO_MATCH",
	"RUNNING",
	"TRANSITIONS",
	"ActionItem",
	"Audience",
	"Calendar",
	"CalendarKind",
	"Cause",
	"Decision",
	"Event",
	"EventKind",
	"Hours",
	"ImpossibleTransition",
	"MatchFacts",
	"Moment",
	"NoWorkingTime",
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
	"Tell",
	"Ticket",
	"TicketFilter",
	"Timeline",
	"Unreachable",
	"WorkingTime",
	"acknowledge",
	"ahead",
	"already_answered",
	"answer",
	"bring_forward",
	"can_acknowledge",
	"can_bring_forward",
	"can_stop",
	"forestalling",
	"ladder",
	"leads_to",
	"look",
	"next_status",
	"open_item",
	"opens",
	"position_after",
	"rehearse",
	"rematch",
	"run_due",
	"start_again",
	"stop",
	"takes",
	"window_end",
	"winner",
]
