"""A plan as a ladder: what goes out how long after the end of the response window, if nobody acknowledges; or, for one ticket, after
it is started.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from escalation_mgmt.engine.context import Context
from escalation_mgmt.engine.decision import Page, Reach, Recipient, Unreachable
from escalation_mgmt.engine.event import EventKind
from escalation_mgmt.engine.plan import ALWAYS, Plan, StartAt, Step
from escalation_mgmt.engine.rehearse import Timeline, rehearse
from escalation_mgmt.engine.ticket import Ticket

_SOME_TIME = datetime(2000, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
	"""The steps that go out together, `after` the end of the response window (or what its `rungs` count from). Without steps: the
	plan is exhausted.

	`run` counts from 0; 1 is the first repeat. `pages` are what the steps send, `missed` those whom they can't reach.
	"""

	after: timedelta
	steps: tuple[Step, ...] = ()
	run: int = 0
	pages: tuple[Page, ...] = ()
	missed: tuple[tuple[Step, Unreachable], ...] = ()


def ladder(plan: Plan) -> Iterator[Rung]:
	"""The rungs of a plan in their order, of every run, as a run climbs them that reaches everybody.

	All waits count around the clock here, and every step runs, whatever it asks for first: what a calendar does depends on when
	the window ends, and is shown by a rehearsal. A plan that repeats for ever is cut off (`rehearse.MOST_MOMENTS`), and then has no end.
	"""
	if not plan.steps:
		return
	by_number = {step.number: step for step in plan.steps}
	plan = replace(
		plan, start=StartAt.AT_ONCE, steps=tuple(replace(step, only_if=ALWAYS) for step in plan.steps)
	)
	# Which ticket it is and who is reached doesn't show in a ladder.
	nobodys = Ticket(doctype=plan.takes.doctype, name="")  # pragma: no mutate
	for rung in rungs(rehearse(plan, nobodys, Context(_SOME_TIME, reaches=_everybody)), _SOME_TIME):
		yield replace(rung, steps=tuple(by_number[step.number] for step in rung.steps))


def rungs(timeline: Timeline, since: datetime) -> Iterator[Rung]:
	"""The rungs of a rehearsal in their order, counted from an instant (UTC)."""
	by_number = {step.number: step for step in timeline.item.plan.steps}
	for moment in timeline.moments:
		ran = [event for event in moment.events if event.kind is EventKind.STEP_RAN]
		if ran or any(event.kind is EventKind.EXHAUSTED for event in moment.events):
			yield Rung(
				after=moment.at - since,
				steps=tuple(by_number[event.step] for event in ran),
				run=moment.events[-1].run,
				pages=moment.pages,
				missed=moment.missed,
			)


def _everybody(step: Step) -> Reach:
	who = Recipient(method=step.method, address=str(step.number), label="")  # pragma: no mutate
	return Reach(recipients=(who,))
