"""A group of steps is run: everyone whom they reach is paged, and it is seen to what comes after it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from escalation_mgmt.engine.applies import why_not
from escalation_mgmt.engine.changed import changed
from escalation_mgmt.engine.context import Context
from escalation_mgmt.engine.decision import Audience, Decision, Deed, Notice, Page, Reach, Recipient
from escalation_mgmt.engine.event import Event, EventKind, Named, given
from escalation_mgmt.engine.item import ActionItem
from escalation_mgmt.engine.plan import Act, Step
from escalation_mgmt.engine.quorum import ask, has_acknowledged
from escalation_mgmt.engine.responders import reach
from escalation_mgmt.engine.waits import after, following, late, wait_before

_NOBODY = Reach()


@dataclass(frozen=True, slots=True)
class _Ran:
	"""What became of one step."""

	step: Step
	reach: Reach = _NOBODY
	paged: tuple[Recipient, ...] = ()
	same: int = 0  # so many who have their message by an earlier step of the group
	spared: Named = ()  # who have acknowledged, and aren't paged again
	passed_on: Named = ()  # who have passed it on, and aren't either
	passed_over: str = ""  # why it didn't run
	deed: Deed | None = None

	@property
	def for_people(self) -> bool:
		return not (self.passed_over or self.step.act)


def run_group(item: ActionItem, context: Context) -> Decision:
	"""Page everyone whom the group reaches that comes next, see to its acts, and move on to what follows it."""
	planned, now = item.due_at or context.now, context.now
	ran = tuple(_run_steps(item, context))
	pages = tuple(Page(each.step, item.run, to, planned) for each in ran for to in each.paged)
	events = tuple(line for each in ran for line in _lines(each, item, now))
	reached = _is_anybody_reached(ran, item)
	missed = not reached and any(each.for_people for each in ran)
	left_out = not reached and _is_left_to_others(ran)
	if (
		any(not each.step.act for each in ran) and not left_out
	):  # an act alone neither reaches anybody nor misses
		item = changed(item, unreached=0 if reached else item.unreached + 1)
	for each in ran:
		if each.for_people:
			asked = [to.counted_as for to in each.reach.recipients if to.counted_as not in item.passed_on_now]
			item = ask(item, each.step, asked)
	item = changed(item, step=ran[-1].step.number, version=item.version + 1)
	rest = _what_follows(item, context, missed=missed, left_out=left_out)
	deeds = tuple(each.deed for each in ran if each.deed)
	return replace(rest, events=events + rest.events, pages=pages, deeds=deeds)


def _run_steps(item: ActionItem, context: Context) -> Iterator[_Ran]:
	# One message of a group to each person and method. Of people who share an address each has their own line; what goes
	# there is one message for all of them (storage.outbox).
	paged: set[tuple[str, str, str]] = set()
	for step in item.plan.groups[item.group]:
		if why := why_not(step, context):
			yield _Ran(step, passed_over=why)
			continue
		if step.act:
			yield _act(step, item, context)
			continue
		reached = reach(step, item, context.reaches)
		spared, passed_on, asked = _sorted_out(item, reached.recipients)
		fresh = tuple({key: to for to in asked if (key := _key(to)) not in paged}.values())
		paged.update(map(_key, fresh))
		same = len(asked) - len(fresh)
		yield _Ran(step, reached, fresh, same, _named(spared), _named(passed_on))


def _sorted_out(
	item: ActionItem, reached: Sequence[Recipient]
) -> tuple[list[Recipient], list[Recipient], list[Recipient]]:
	"""Who of those whom a step reaches has acknowledged, who has passed it on in this run, and who is left to be paged."""
	spared = [to for to in reached if has_acknowledged(item, to)]
	passed_on = [to for to in reached if to.counted_as in item.passed_on_now and to not in spared]
	return spared, passed_on, [to for to in reached if to not in spared and to not in passed_on]


def _named(recipients: Sequence[Recipient]) -> Named:
	return tuple(dict.fromkeys((to.user, to.label) for to in recipients))


def _act(step: Step, item: ActionItem, context: Context) -> _Ran:
	"""What the ticket is assigned by goes to the first whom the step reaches, and to nobody where it reaches none."""
	planned = item.due_at or context.now
	if step.act is not Act.ASSIGN:
		return _Ran(step, deed=Deed(step, item.run, planned))
	reached = reach(step, item, context.reaches)
	first = next((to for to in reached.recipients if to.user), None)
	deed = Deed(step, item.run, planned, first.user, first.turn) if first else None
	return _Ran(step, reached, deed=deed)


def _key(to: Recipient) -> tuple[str, str, str]:
	return to.method, to.address, to.counted_as


def _lines(ran: _Ran, item: ActionItem, now: datetime) -> Iterator[Event]:
	"""What history says of a step: whom it paged, and who couldn't be reached."""
	number = ran.step.number
	planned = {"method": ran.step.method, "planned": item.due_at or now}
	if ran.passed_over:
		data = planned | {"why": ran.passed_over} | late(item, now)
		yield Event(EventKind.PASSED_OVER, now, number, item.run, data)
		return
	gets = _gets(ran)
	data = {
		**planned,
		"to": ", ".join(to.label for to in gets),
	}
	spared = ", ".join(name for _user, name in ran.spared)
	passed_on = ", ".join(name for _user, name in ran.passed_on)
	more = given(
		{
			"same": ran.same,
			"spared": spared,
			"passed_on": passed_on,
			"second": ran.reach.by_second,
			"value": ran.step.value,
		}
	)
	people = {"to": _named(gets), "spared": ran.spared}
	if ran.passed_on:
		people["passed_on"] = ran.passed_on
	yield Event(EventKind.STEP_RAN, now, number, item.run, data | more | late(item, now), people)
	for miss in ran.reach.unreachable:
		data = {"method": miss.method, "who": miss.label, "user": miss.user, "reason": miss.reason}
		yield Event(
			EventKind.UNREACHABLE, now, number, item.run, given(data), {"who": ((miss.user, miss.label),)}
		)


def _gets(ran: _Ran) -> tuple[Recipient, ...]:
	"""Who has something by the step: a message, or the ticket."""
	if not ran.deed:
		return ran.paged
	return tuple(to for to in ran.reach.recipients if to.user == ran.deed.user)[:1]


def _is_anybody_reached(ran: tuple[_Ran, ...], item: ActionItem) -> bool:
	"""Whether the group counts as one that reached somebody (design rule 7).

	Where all who can be reached have acknowledged, and others are waited for, nobody was notified; nor where every step of it
	was passed over.
	"""
	if any(each.paged for each in ran):
		return True
	missed = {miss.user or miss.label for each in ran for miss in each.reach.unreachable}
	return any(each.spared for each in ran) and missed <= set(item.acks)


def _is_left_to_others(ran: tuple[_Ran, ...]) -> bool:
	"""Whether all whom the group reaches have passed it on: others come next, and nobody has to correct anything."""
	return any(each.passed_on for each in ran) and not any(each.reach.unreachable for each in ran)


def _what_follows(item: ActionItem, context: Context, *, missed: bool, left_out: bool) -> Decision:
	"""Move on to the next group, brought forward where this one `missed` everybody; after a whole pass that notified nobody, wait.

	A group that was passed over counts as run, and brings nothing forward; one of acts alone counts neither way, and comes before
	the pass is over: what it does may be what lets somebody be reached. One that is `left_out` counts neither way, and doesn't
	bring forward a repeat, which would page those who have just passed it on.
	"""
	if _has_missed_a_whole_pass(item) and not _acts_alone_follow(item):
		return _nobody_notified(item, context.now)
	now, ran = context.now, item
	item = _advance(item, context)
	if item.in_last_wait:
		line = Event(EventKind.LAST_WAIT, now, ran.step, ran.run, {"until": item.due_at})
	elif missed and not (left_out and item.run != ran.run):
		step = item.plan.groups[item.group][0].number
		line = Event(EventKind.BROUGHT_FORWARD, now, step, item.run, {"planned": item.due_at})
		item = changed(item, due_at=now)
	else:
		return Decision(item=item)
	return Decision(item=item, events=(line,))


def _has_missed_a_whole_pass(item: ActionItem) -> bool:
	for_people = sum(not _is_of_acts_alone(group) for group in item.plan.groups)
	return item.unreached > 0 and item.unreached >= for_people


def _acts_alone_follow(item: ActionItem) -> bool:
	"""Whether a group of acts alone comes next in this run."""
	coming = item.plan.groups[item.group + 1 :]
	return bool(coming) and _is_of_acts_alone(coming[0])


def _is_of_acts_alone(group: Sequence[Step]) -> bool:
	return all(step.act for step in group)


def _nobody_notified(item: ActionItem, now: datetime) -> Decision:
	"""A whole pass reached nobody: it waits, at the beginning of this run, until somebody can be reached."""
	kind = EventKind.NOBODY_NOTIFIED
	return Decision(
		item=changed(item, stalled=True, nobody_notified=True, due_at=None, group=0),
		events=(Event(kind, now, item.step, item.run),),
		notices=(Notice(Audience.OWNERS, kind),),
	)


def _advance(item: ActionItem, context: Context) -> ActionItem:
	"""Move to the next group; every wait counts from now, when the step really ran (design rule 3)."""
	run, group = following(item.plan, item.run, item.group)
	due = after(context.now, wait_before(item.plan, run, group), item.plan, context.working)
	return changed(item, run=run, group=group, due_at=due)
