"""Somebody is on the way: quiet until they can look at it. They don't have it yet."""

from dataclasses import replace
from datetime import datetime, timedelta

from escalation_mgmt.engine.actor import Actor
from escalation_mgmt.engine.decision import Audience, Decision, Notice
from escalation_mgmt.engine.event import Event
from escalation_mgmt.engine.item import ActionItem
from escalation_mgmt.engine.refusal import Refusal, Refused
from escalation_mgmt.engine.snooze import resumes_after
from escalation_mgmt.engine.statuses import TRANSITIONS, WRITES, Cause, next_status

LONGEST_WAY = timedelta(hours=2)
"""Nobody waits longer for somebody who comes."""


def can_be_on_the_way(item: ActionItem) -> bool:
	"""Once for as long as it lasts: then it goes on."""
	return Cause.ON_THE_WAY in TRANSITIONS[item.status] and item.next_at is not None and not item.is_coming


def on_the_way(item: ActionItem, until: datetime, actor: Actor, now: datetime) -> Decision:
	"""Keep quiet until an instant (UTC) at which the `actor` is there; then it goes on where it stood, as after a snooze.

	The others who were notified are told. In place of a snooze it counts from now, and what comes next keeps its own time. Raises Refused.
	"""
	if item.is_coming:
		raise Refused(Refusal.ALREADY_COMING)
	if not can_be_on_the_way(item):
		raise Refused(Refusal.NOT_IN_THIS_STATUS)
	if until <= now:
		raise Refused(Refusal.PAST)
	if until - now > LONGEST_WAY:
		raise Refused(Refusal.TOO_LONG)
	cause = Cause.ON_THE_WAY
	quiet = replace(
		item,
		status=next_status(item.status, cause),
		due_at=until,
		resumes_at=resumes_after(item, until, now),
		maintenance="",
		coming=actor.named,
		version=item.version + 1,
	)
	kind = WRITES[cause]
	data = {"until": until, "by": actor.name, "via": actor.via}
	return Decision(
		item=quiet,
		events=(Event(kind, now, item.step, item.run, data, {"by": actor.named}),),
		notices=(Notice(Audience.NOTIFIED, kind, but_not=actor.addressed_as),),
		withdraw=True,
	)
