"""What the rules are told beside an item and its ticket: the instant, and what the shell knows at it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from escalation_mgmt.engine.decision import Decision, Reach
from escalation_mgmt.engine.maintenance import Maintenance
from escalation_mgmt.engine.plan import Step
from escalation_mgmt.engine.working_time import AROUND_THE_CLOCK, WorkingTime

Reaches = Callable[[Step], Reach]
"""Whom a step reaches now: the shell reads people, contacts and providers when the step runs."""


Holds = Callable[[Step], bool]
"""Whether a step's priority and condition hold now, for the ticket as it is. One that can't be read holds."""


Took = Callable[[Decision], None]
"""Is told what was decided on virtual time, where what comes next depends on it: who was next in turn."""


def _nobody(_step: Step) -> Reach:
	return Reach()


def _always(_step: Step) -> bool:
	return True


def _unheard(_decision: Decision) -> None:
	pass


@dataclass(frozen=True, slots=True)
class Context:
	"""An instant, and what the shell knows at it for one item. A function that needs the instant alone takes that."""

	now: datetime  # naive, UTC
	working: WorkingTime = AROUND_THE_CLOCK  # by the plan's calendar
	reaches: Reaches = _nobody
	maintenances: Sequence[Maintenance] = ()  # those that cover the ticket
	holds: Holds = _always
	took: Took = _unheard  # by a rehearsal alone: a run writes what it decides
