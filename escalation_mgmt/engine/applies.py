"""Whether a step runs that falls due, by its *only if*; one that doesn't is passed over, and counts as run."""

from escalation_mgmt.engine.context import Context
from escalation_mgmt.engine.plan import InHours, Step


def why_not(step: Step, context: Context) -> str:
	"""Why a step doesn't run now, in a word for the history; empty: it runs. Without a calendar every hour is working time."""
	if hours := step.only_if.hours:
		works = context.working.next(context.now) == context.now
		if works is not (hours is InHours.WORKING):
			return "working time" if works else "outside working time"
	return "" if context.holds(step) else "condition"


def applies(step: Step, context: Context) -> bool:
	return not why_not(step, context)
