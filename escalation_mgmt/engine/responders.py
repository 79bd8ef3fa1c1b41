"""Who is woken beside those whom the plan names: an escalation is handed over to a person, or a person is added."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from escalation_mgmt.engine.actor import Actor
from escalation_mgmt.engine.applies import applies
from escalation_mgmt.engine.context import Context, Reaches
from escalation_mgmt.engine.decision import Audience, Decision, Note, Notice, Page, Reach, Unreachable
from escalation_mgmt.engine.event import Event, EventKind, given
from escalation_mgmt.engine.item import AckRequest, ActionItem
from escalation_mgmt.engine.plan import Step, Target, TargetKind
from escalation_mgmt.engine.refusal import CannotBeReached, Refusal, Refused
from escalation_mgmt.engine.statuses import TRANSITIONS, WRITES, Cause, Status, next_status
from escalation_mgmt.engine.ticket import Ticket
from escalation_mgmt.engine.unacknowledge import released
from escalation_mgmt.engine.waits import after, following, group_of, still_from_now, wait_before, window_of


def can_hand_over(item: ActionItem) -> bool:
	return Cause.HAND_OVER in TRANSITIONS[item.status] and not item.superseded


def can_add(item: ActionItem) -> bool:
	"""Also where somebody has it: they may need help."""
	return item.status in (Status.ESCALATING, Status.ACKNOWLEDGED) and not item.superseded


def hand_over(
	item: ActionItem, to: str, name: str, actor: Actor, ticket: Ticket, context: Context, *, note: str = ""
) -> Decision:
	"""Make the user `to`, called `name`, the one whom the ticket is assigned to.

	They are paged at once, by the methods of the plan's first steps that reach them; what comes next is due after
	its own wait, counted from now, or where no step has run yet from the end of the response window, so that they have
	their time. A snooze is over by that, and so is an acknowledgement. Later steps for the assignee go to them; who was
	notified before is told. The shell assigns the ticket. Their pages carry the `note`. Raises Refused, CannotBeReached among them.
	"""
	if not can_hand_over(item):
		raise Refused(Refusal.NOT_IN_THIS_STATUS)
	pages = _pages_to(to, item, context, note=_note(note, actor))
	now, working, item = context.now, context.working, still_from_now(item, context)
	started = now if item.step else max(now, window_of(item, ticket, working))
	cause = Cause.HAND_OVER
	handed = replace(
		released(item),
		status=next_status(item.status, cause),
		assignees=(to,),
		passed_on=_but(item, to),
		ack_requests=(AckRequest(0, 1, (to,)),) if item.plan.asks_quorum else (),
		due_at=after(started, wait_before(item.plan, item.run, item.group), item.plan, working),
		resumes_at=None,
		stalled=False,
		unreached=0,
		version=item.version + 1,
	)
	handed, counts_as = _counted(handed, item, pages, context)
	data = {
		"to": name,
		"by": actor.name,
		"via": actor.via,
		"was": item.acknowledged_by,
		"methods": _methods(pages),
		"counts_as": counts_as,
		"due": handed.due_at,
		"note": note,
	}
	kind = WRITES[cause]
	people = {"to": ((to, name),), "by": actor.named, "was": item.who_has_it}
	return Decision(
		item=handed,
		events=(Event(kind, now, item.step, item.run, given(data), people),),
		pages=pages,
		notices=(Notice(Audience.NOTIFIED, kind, but_not=actor.addressed_as | {to}),),
	)


def add_person(
	item: ActionItem, who: str, name: str, actor: Actor, context: Context, *, note: str = ""
) -> Decision:
	"""Let the user `who`, called `name`, be paged as well: at once, by the methods of the step that ran last, and with
	every step that follows. Nobody is left out for that, and nothing is due at another time; but an item that reached
	nobody starts again, after what paged them. Where somebody has it, they keep it, and this person is asked to help; as no
	step pages anybody meanwhile, one who was added before can be asked again. Their pages carry the `note`. Raises Refused, CannotBeReached among them.
	"""
	if not can_add(item):
		raise Refused(Refusal.NOT_IN_THIS_STATUS)
	if who in (*item.acks, item.acknowledged_user):
		raise Refused(Refusal.ALREADY_ACKNOWLEDGED)
	has_it = item.status is Status.ACKNOWLEDGED
	if who in item.added and not has_it:
		raise Refused(Refusal.ALREADY_ADDED)
	ran = group_of(item.plan, item.step) if item.step and not item.stalled else 0
	now, pages = context.now, _pages_to(who, item, context, first=ran, note=_note(note, actor))
	more = replace(
		item,
		added=tuple(dict.fromkeys((*item.added, who))),
		passed_on=_but(item, who),
		ack_requests=tuple(
			replace(ask, people=tuple(dict.fromkeys((*ask.people, who)))) for ask in item.ack_requests
		),
		generation=item.generation + item.stalled,
		due_at=now if item.stalled else item.due_at,
		paused_at=now if item.stalled and item.paused_at else item.paused_at,
		stalled=False,
		unreached=0,
		version=item.version + 1,
	)
	data: dict[str, Any] = {
		"to": name,
		"by": actor.name,
		"via": actor.via,
		"methods": _methods(pages),
		"note": note,
	}
	if item.stalled:
		more, data["counts_as"] = _counted(more, item, pages, context)
	people = {"to": ((who, name),), "by": actor.named}
	if has_it:
		data["has_it"], people["has_it"] = item.acknowledged_by, item.who_has_it
	events = [Event(EventKind.PERSON_ADDED, now, item.step, item.run, given(data), people)]
	if item.stalled:
		events.append(Event(EventKind.STARTED_AGAIN, now, data={"why": "added", "due": more.due_at}))
	return Decision(item=more, events=tuple(events), pages=pages)


def can_reach(item: ActionItem, context: Context) -> bool:
	"""Whether any step of the plan would page anybody now in this run, one who was added among them."""
	return any(
		to.counted_as not in item.passed_on_now
		for step in item.plan.steps
		if not step.act and applies(step, context)
		for to in reach(step, item, context.reaches).recipients
	)


def reach(step: Step, item: ActionItem, reaches: Reaches) -> Reach:
	"""Whom a step reaches, or where that is nobody its second target, and whoever was added to the item."""
	found = reaches(step)
	if step.second and not found.recipients:
		second = reaches(replace(step, target=step.second))
		missed = found.unreachable + second.unreachable
		found = Reach(second.recipients, missed, by_second=bool(second.recipients))
	for also in _also_to(step, item.added):
		more = reaches(also)
		found = replace(
			found,
			recipients=found.recipients + more.recipients,
			unreachable=found.unreachable + more.unreachable,
		)
	return found


def _also_to(step: Step, added: tuple[str, ...]) -> Iterator[Step]:
	"""The step once more for everyone who was added, where it is one for people."""
	if is_personal(step):
		for user in added:
			yield to_user(step, user)


def is_personal(step: Step) -> bool:
	return not step.act and step.target.kind not in (TargetKind.ADDRESS, TargetKind.ENDPOINT)


def to_user(step: Step, user: str) -> Step:
	return replace(step, target=Target(TargetKind.USER, user))


def _note(text: str, by: Actor) -> Note | None:
	return Note(text, by) if text else None


def _pages_to(
	user: str, item: ActionItem, context: Context, *, first: int = 0, note: Note | None = None
) -> tuple[Page, ...]:
	"""By the methods of a group, from the `first` one on and then from the plan's begin, that reaches them."""
	missed: dict[str, Unreachable] = {}
	groups = item.plan.groups
	for group in (*groups[first:], *groups[:first]):
		by_method = {step.method: step for step in group if is_personal(step)}
		found = []
		for method, step in by_method.items():
			reached = context.reaches(to_user(step, user))
			found += [Page(step, item.run, recipient, context.now, note) for recipient in reached.recipients]
			missed.update((method, miss) for miss in reached.unreachable)
		if found:
			return tuple(found)
	raise CannotBeReached(tuple(missed.values()))


def _counted(
	item: ActionItem, was: ActionItem, pages: tuple[Page, ...], context: Context
) -> tuple[ActionItem, int]:
	"""Where the group that paged this person is the one that comes next, and it is due at once, it would page them again
	in the same second: then these pages count as that group. Returns the item, and the number of the group's last step
	or 0. Of an item that `was` stalled, the groups before it have just reached nobody.
	"""
	group = group_of(item.plan, pages[0].step.number)
	comes = group >= item.group if was.stalled else group == item.group
	if not comes or not item.due_at or item.due_at > context.now:
		return item, 0
	run, group_after = following(item.plan, item.run, group)
	due = after(context.now, wait_before(item.plan, run, group_after), item.plan, context.working)
	last = item.plan.groups[group][-1].number
	return replace(item, run=run, group=group_after, step=last, due_at=due), last


def _but(item: ActionItem, user: str) -> tuple[tuple[int, str], ...]:
	"""Who has passed it on, but this user: somebody asks for them."""
	return tuple((run, who) for run, who in item.passed_on if who != user)


def _methods(pages: tuple[Page, ...]) -> str:
	return ", ".join(page.recipient.method for page in pages)
