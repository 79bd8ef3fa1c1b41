"""Who is woken beside those whom the plan names: an escalation is handed over to a person, or a person is added."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

from escalation_mgmt.engine.decision import Audience, Decision, Page, Reach, Refused, Tell, Unreachable
from escalation_mgmt.engine.event import Event, EventKind
from escalation_mgmt.engine.item import ActionItem, Ask
from escalation_mgmt.engine.plan import Step, Target, TargetKind
from escalation_mgmt.engine.statuses import TRANSITIONS, WRITES, Cause, Status, next_status
from escalation_mgmt.engine.unacknowledge import released
from escalation_mgmt.engine.waits import after, wait_before
from escalation_mgmt.engine.working_time import AROUND_THE_CLOCK, WorkingTime

Reaches = Callable[[Step], Reach]
"""Whom a step reaches now: the shell reads people, contacts and providers when the step runs."""

ALREADY = "already"
"""What a refusal says; the shell puts it into words."""


class CannotBeReached(Refused):
	"""No method of the plan reaches the person. `missed` says why, for each method; () where it has none for people."""

	def __init__(self, missed: tuple[Unreachable, ...]):
		super().__init__("can't be reached")
		self.missed = missed


def can_hand_over(item: ActionItem) -> bool:
	return Cause.HAND_OVER in TRANSITIONS[item.status] and not item.beside


def can_add(item: ActionItem) -> bool:
	return item.status is Status.ESCALATING


def hand_over(
	item: ActionItem,
	to: str,
	name: str,
	by: str,
	now: datetime,
	reaches: Reaches,
	*,
	via: str = "",
	user: str = "",
	working: WorkingTime = AROUND_THE_CLOCK,
) -> Decision:
	"""Make the user `to`, called `name`, the one whom the ticket is assigned to. `by` asks for it, `user` is their user.

	They are paged at once, by the methods of the plan's first steps that reach them; what comes next is due after
	its own wait, counted from now, so that they have their time. A snooze is over by that, and so is an
	acknowledgement. Later steps for the assignee go to them; who was notified before is told. The shell assigns the
	ticket. Raises CannotBeReached.
	"""
	pages = _pages_to(to, item, 0, reaches, now)
	cause = Cause.HAND_OVER
	handed = replace(
		released(item),
		status=next_status(item.status, cause),
		assignees=(to,),
		asks=(Ask(pages[0].step.number, 1, (to,)),) if item.plan.asks_several else (),
		due_at=after(now, wait_before(item.plan, item.run, item.group), item.plan, working),
		resumes_at=None,
		stalled=False,
		unreached=0,
		version=item.version + 1,
	)
	data = {"to": name, "by": by, "via": via, "was": item.acknowledged_by, "methods": _methods(pages)}
	kind = WRITES[cause]
	return Decision(
		item=handed,
		events=(Event(kind, now, item.step, item.run, {k: v for k, v in data.items() if v}),),
		pages=pages,
		tells=(Tell(Audience.NOTIFIED, kind, but_not=frozenset({to, user} - {""})),),
	)


def add_person(
	item: ActionItem, who: str, name: str, by: str, now: datetime, reaches: Reaches, *, via: str = ""
) -> Decision:
	"""Let the user `who`, called `name`, be paged as well: at once, by the methods of the step that ran last, and with
	every step that follows. Nobody is left out for that, and nothing is due at another time; but an item that reached
	nobody starts again. Raises Refused, CannotBeReached.
	"""
	if who in item.added:
		raise Refused(ALREADY)
	ran = next((n for n, g in enumerate(item.plan.groups) if any(s.number == item.step for s in g)), 0)
	pages = _pages_to(who, item, ran, reaches, now)
	more = replace(
		item,
		added=(*item.added, who),
		asks=tuple(replace(ask, people=(*ask.people, who)) for ask in item.asks),
		due_at=now if item.stalled else item.due_at,
		stalled=False,
		unreached=0,
		version=item.version + 1,
	)
	data = {"to": name, "by": by, "via": via, "methods": _methods(pages)}
	events = [Event(EventKind.PERSON_ADDED, now, item.step, item.run, {k: v for k, v in data.items() if v})]
	if item.stalled:
		events.append(Event(EventKind.STARTED_AGAIN, now, data={"why": "added"}))
	return Decision(item=more, events=tuple(events), pages=pages)


def also_to(step: Step, added: tuple[str, ...]) -> Iterator[Step]:
	"""The step once more for everyone who was added, where it is one for people."""
	if is_personal(step):
		for user in added:
			yield to_user(step, user)


def is_personal(step: Step) -> bool:
	return step.target.kind not in (TargetKind.ADDRESS, TargetKind.ENDPOINT)


def to_user(step: Step, user: str) -> Step:
	return replace(step, target=Target(TargetKind.USER, user))


def _pages_to(user: str, item: ActionItem, first: int, reaches: Reaches, now: datetime) -> tuple[Page, ...]:
	"""By the methods of a group, from the `first` one on and then from the plan's begin, that reaches them."""
	missed: dict[str, Unreachable] = {}
	groups = item.plan.groups
	for group in (*groups[first:], *groups[:first]):
		by_method = {step.method: step for step in group if is_personal(step)}
		found = []
		for method, step in by_method.items():
			reach = reaches(to_user(step, user))
			found += [Page(step, item.run, recipient, now) for recipient in reach.recipients]
			missed.update((method, miss) for miss in reach.unreachable)
		if found:
			return tuple(found)
	raise CannotBeReached(tuple(missed.values()))


def _methods(pages: tuple[Page, ...]) -> str:
	return ", ".join(page.recipient.method for page in pages)
