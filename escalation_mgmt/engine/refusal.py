"""Why a command can't be carried out now. The shell puts it into words; nothing was changed."""

from enum import StrEnum

from escalation_mgmt.engine.decision import Unreachable


class Refusal(StrEnum):
	NOT_IN_THIS_STATUS = "not in this status"  # what `can_stop`, `can_snooze` and their like say beforehand
	NOT_ESCALATING = "not escalating"  # nothing comes next that could be brought forward
	LAST_WAIT = "last wait"  # no step is left that could be brought forward; the plan can be run again
	STEPS_LEFT = "steps left"  # a plan is run again only after its last step
	MOVED_ON = "moved on"  # what was to be brought forward has run meanwhile
	BEGUN_ANEW = "begun anew"  # what was to be brought forward belongs to an earlier generation
	NO_SUCH_STEP = "no such step"  # the plan has none, or it has run
	PASSED_ON = "passed on"  # by this person already; what comes next is due
	NOBODY_ELSE = "nobody else"  # the steps that are left reach nobody but those who have passed it on
	ALREADY_COMING = "already coming"  # somebody is on the way as it is
	NOT_THEIRS = "not theirs"  # somebody else has it, or nobody
	TOO_LATE = "too late"  # the time in which it could be undone is over
	NOT_ALLOWED = "not allowed"  # the plan doesn't let them
	PAST = "past"  # a snooze would be over already
	TOO_LONG = "too long"  # what nobody has would be out of sight
	ALREADY_ADDED = "already added"  # they are paged with every step as it is
	ALREADY_ACKNOWLEDGED = "already acknowledged"  # they needn't be paged any more
	NOT_HELD = "not held"  # it was let go on already
	CANNOT_BE_REACHED = "can't be reached"  # no method of the plan reaches them


class Refused(Exception):
	"""A command that can't be carried out now, and why."""

	def __init__(self, refusal: Refusal):
		super().__init__(refusal)
		self.refusal = refusal


class CannotBeReached(Refused):
	"""No method of the plan reaches the person. `missed` says why, for each method; () where it has none for people."""

	def __init__(self, missed: tuple[Unreachable, ...]):
		super().__init__(Refusal.CANNOT_BE_REACHED)
		self.missed = missed
