"""When an item is due, worked out anew from nothing but its plan, its calendar and its history."""

from datetime import datetime, timedelta

from escalation_mgmt.engine import ActionItem, Clock, Event, Plan, StartAt, WorkingTime
from escalation_mgmt.engine import EventKind as K
from escalation_mgmt.engine.waits import following, wait_before


def due_by_history(item: ActionItem, history: list[Event], working: WorkingTime) -> datetime | None:
	replay = _Replay(item, working)
	for event in history:
		replay.take(event)
	return replay.due


def group_of(plan: Plan, step: int) -> int:
	return next(n for n, group in enumerate(plan.groups) if step in {s.number for s in group})


class _Replay:
	"""`at` is the position (run, group) that comes next, `resumes` when it would have been due but for a snooze."""

	def __init__(self, item: ActionItem, working: WorkingTime):
		self.item, self.plan, self.working = item, item.plan, working
		self.due: datetime | None = None
		self.resumes: datetime | None = None
		self.at, self.asleep = (0, 0), False
		self.scheduled, self.held = True, False
		self.stopped: datetime | None = None

	def take(self, event: Event) -> None:
		if event.kind is K.ACKNOWLEDGED:
			self.before = {**vars(self), "was_stopped": self.stopped}
		if self.stopped and event.kind is not K.CLOCK_GOES_ON:
			assert event.kind not in (
				K.STEP_RAN,
				K.PASSED_OVER,
				K.WINDOW_OVER,
				K.TIMED_OUT,
				K.REMINDED,
				K.EXHAUSTED,
			)
			anew = (K.ACKNOWLEDGED, K.STILL_ON_IT, K.UNACKNOWLEDGED, K.HANDED_OVER, K.STARTED_AGAIN)
			if event.kind in (*anew, K.SNOOZE_OVER):  # what is waited for from now on
				self.stopped = event.at
		match event.kind:
			case K.CREATED | K.WINDOW_MOVED | K.WINDOW_OVER:
				self._window(event)
			case K.CLOCK_STOPPED | K.CLOCK_GOES_ON:
				self._clock(event)
			case K.IN_MAINTENANCE | K.MAINTENANCE_CHANGED | K.MAINTENANCE_OVER:
				self._maintenance(event)
			case K.SNOOZED | K.SNOOZE_OVER | K.ON_THE_WAY:
				self._snooze(event)
			case K.UNDONE | K.UNDONE_IN_WINDOW | K.UNDONE_SNOOZED | K.UNDONE_EXHAUSTED:
				self._undo(event)
			case K.ACKNOWLEDGED | K.STILL_ON_IT | K.REMINDED | K.WORKED_ON | K.TIMED_OUT | K.UNACKNOWLEDGED:
				self._acknowledgement(event)
			case K.HANDED_OVER | K.PERSON_ADDED:
				self._person(event)
			case K.STEP_RAN | K.PASSED_OVER:
				self._step(event)
			case K.HELD | K.BROUGHT_FORWARD | K.RUN_AGAIN | K.STARTED_AGAIN | K.NOBODY_NOTIFIED:
				self._other_time(event)
			case K.RESOLVED | K.CANCELLED | K.REPLACED | K.EXHAUSTED:
				self.due = None

	def _after(self, at: datetime, wait: timedelta) -> datetime:
		return self.working.add(at, wait) if self.plan.counts_working_time else at + wait

	def _window(self, event: Event) -> None:
		if event.kind is K.WINDOW_OVER:
			self.scheduled = False
			if event.data.get("skipped"):
				return  # by what is brought forward with the next line
			assert event.at >= self.due
			self.due = self._after(event.at, self.plan.steps[0].wait)
			return
		self.due = event.data["due"]
		assert self.due >= self.item.opened_at
		if event.data.get("at_once"):
			assert self.due == event.at == self.item.opened_at
		elif self.plan.start is StartAt.AFTER_WINDOW and self.plan.clock is not Clock.NEXT_RESPONSE:
			assert self.due == self._after(self.item.opened_at, self.plan.window)

	def _clock(self, event: Event) -> None:
		"""It stands still, or goes on with what was left."""
		if event.kind is K.CLOCK_STOPPED:
			assert not self.stopped
			self.stopped = event.at
			return
		stopped, due = self.stopped, self.due
		assert (stopped and event.data.get("due", None) is None) or due
		self.stopped = None
		if self.resumes:
			self.resumes += event.at - stopped
		if due is None:
			return
		self.due = event.data["due"]
		if self.held:
			assert self.due == max(due, event.at)
		elif self.scheduled and self.plan.starts_by_deadline:
			assert self.due >= event.at
		elif self.asleep or not self.plan.counts_working_time:
			assert self.due == event.at + max(due - stopped, timedelta())
		else:
			left = self.working.between(stopped, due) if due > stopped else timedelta()
			assert self.due == self.working.add(event.at, left)

	def _maintenance(self, event: Event) -> None:
		self.held = event.kind is not K.MAINTENANCE_OVER
		if event.kind is K.MAINTENANCE_CHANGED:
			self.due = event.at
			return
		assert event.at >= self.due
		if event.kind is K.IN_MAINTENANCE:
			self.due = event.data["until"]
			assert self.due > event.at
			return
		starts_over = event.data.get("over")
		if starts_over:
			self.at, self.resumes = (0, 0), None
		if self.asleep and starts_over:
			self.resumes = event.data["due"]
			assert self.resumes == self._after(event.at, self.plan.steps[0].wait)
		else:
			self.due = event.data.get("due", self.due)

	def _undo(self, event: Event) -> None:
		"""As before the acknowledgement; what its clock stood still meanwhile is added."""
		before, stopped = self.before, self.stopped
		for name in ("due", "resumes", "asleep", "held", "scheduled"):
			setattr(self, name, before[name])
		if stopped and before["was_stopped"]:
			self.stopped = before["was_stopped"]
		elif before["was_stopped"]:
			self.due = event.data.get("due")

	def _snooze(self, event: Event) -> None:
		if event.kind is K.ON_THE_WAY and self.asleep:
			until, left = event.data["until"], (self.resumes or self.due) - self.due
			in_last_wait = self.at[1] == len(self.plan.groups)
			self.resumes = until + left if in_last_wait else self.resumes
			self.due = until
			return
		if event.kind in (K.SNOOZED, K.ON_THE_WAY):
			until = event.data["until"]
			in_last_wait = self.at[1] == len(self.plan.groups)
			resumes = until + max(self.due - event.at, timedelta()) if in_last_wait else self.due
			self.due, self.resumes, self.asleep = until, resumes, True
			return
		ended = event.at if event.data else self.due
		assert ended <= event.at
		self.due, self.resumes, self.asleep = max(ended, self.resumes or ended), None, False

	def _acknowledgement(self, event: Event) -> None:
		if event.kind in (K.REMINDED, K.TIMED_OUT):
			assert event.at >= self.due
		match event.kind:
			case K.ACKNOWLEDGED | K.STILL_ON_IT:
				self.asleep, self.resumes = False, None
				self.due = self._after(event.at, self.plan.ack_timeout) if self.plan.ack_timeout else None
			case K.REMINDED:
				self.due = self._after(event.at, self.plan.ack_grace)
			case K.WORKED_ON:
				self.due = None
			case K.TIMED_OUT:
				self.due = event.data.get("due", self.due)
			case K.UNACKNOWLEDGED:
				self.due = event.data["due"]
				assert self.due >= self._after(event.at, wait_before(self.plan, *self.at))

	def _person(self, event: Event) -> None:
		if step := event.data.get("counts_as"):
			self.at = following(self.plan, event.run, group_of(self.plan, step))
		if event.kind is K.HANDED_OVER:
			self.due, self.resumes, self.asleep = event.data["due"], None, False
			assert self.due >= self._after(event.at, wait_before(self.plan, *self.at))

	def _step(self, event: Event) -> None:
		plan, group = self.plan, group_of(self.plan, event.step)
		if group + 1 < len(plan.groups):
			wait, self.at = plan.groups[group + 1][0].wait, (event.run, group + 1)
		elif event.run < plan.repeats:
			wait, self.at = plan.repeat_pause + plan.steps[0].wait, (event.run + 1, 0)
		else:
			wait, self.at = plan.last_wait, (event.run, len(plan.groups))
		self.due = self._after(event.at, wait)

	def _other_time(self, event: Event) -> None:
		match event.kind:
			case K.HELD:
				self.due = event.data["until"]
				assert self.due == self.working.next(event.at) > event.at
			case K.BROUGHT_FORWARD:
				self.due, self.resumes = min(self.due, event.at), None
				self.at = event.run, group_of(self.plan, event.step)
			case K.RUN_AGAIN:
				assert self.at == (event.run, len(self.plan.groups))
				self.due, self.resumes, self.asleep = event.at, None, False
				self.at = event.run + 1, 0
			case K.STARTED_AGAIN:
				self.due = event.data.get("due", event.at)
			case K.NOBODY_NOTIFIED:
				self.due, self.at = None, (event.run, 0)
