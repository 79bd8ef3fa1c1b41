"""Somebody looks at what a restored database holds, and lets it go on or cancels it: one from its form, several or all of them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

import frappe
from frappe import _

from escalation_mgmt.actions.action import Action, Result
from escalation_mgmt.actions.carry_out import carry_out
from escalation_mgmt.dispatch.evaluation import Snapshot
from escalation_mgmt.engine import ActionItem, Actor, Decision, can_stop, stop
from escalation_mgmt.engine import let_go_on as engine_let_go_on
from escalation_mgmt.storage import action_items, outbox, restored
from escalation_mgmt.utils import clock, fault_points
from escalation_mgmt.utils.doctypes import SETTINGS
from escalation_mgmt.utils.error_reports import report_error
from escalation_mgmt.utils.jobs import tick_soon
from escalation_mgmt.utils.retry import retry_on_conflict

SET = 200  # items that are decided in one transaction


def let_go_on(item: str, actor: Actor) -> Result:
	"""Let a held item go on. The caller has checked that this person may, and commits."""
	return carry_out(
		item,
		decide=lambda locked: engine_let_go_on(locked.stored.item, actor, locked.now),
		refuse=lambda _why, _item: _("It isn't held any more; nothing was changed."),
		say=lambda _locked, decision: (
			_("It goes on. What fell due meanwhile runs now, once.")
			if decision.item.next_at
			else _("It goes on.")
		),
	)


def let_all_go_on(actor: Actor, names: Sequence[str] | None = None) -> int:
	"""Let held items go on: these, or all there are. Returns how many. Each set is committed by itself."""
	return _decide(names, lambda held: _decided(held, partial(engine_let_go_on, actor=actor)))


def cancel_all(actor: Actor, reason: str, names: Sequence[str] | None = None) -> int:
	"""Cancel held items, and what of them isn't sent yet: these, or all there are. Returns how many. Each set is committed by itself.

	Nobody is told: of what happened before the restore those who were notified know more than the database does.
	"""

	def cancel(held: Sequence[action_items.Stored]) -> None:
		outbox.take_back_held([stored.item.id for stored in held], clock.now())
		_decided(held, partial(_cancelled, actor=actor, reason=reason))

	return _decide(names, cancel)


def looked(actor: Actor) -> None:
	"""Somebody has looked at the restore: nothing more is held because of it, and the heartbeat goes on. The caller commits."""
	if not restored.found():
		return
	restored.looked()
	said = _("{0} has looked at the restored database ({1}).").format(actor.name, _(actor.via))
	frappe.get_doc(SETTINGS).add_comment("Info", said)


def _cancelled(item: ActionItem, now: datetime, *, actor: Actor, reason: str) -> Decision:
	if not can_stop(item.status):  # it had ended: only what was to be sent of it was held
		return engine_let_go_on(item, actor, now)
	return replace(stop(item, actor, reason, now), notices=())


def _decided(held: Sequence[action_items.Stored], decide: Callable[..., Decision]) -> None:
	now = clock.now()
	decided = [(stored, decide(stored.item, now=now)) for stored in held]
	Snapshot([stored.key for stored in held]).apply(decided, now)
	tick_soon()


def _decide(names: Sequence[str] | None, do: Callable[[Sequence[action_items.Stored]], None]) -> int:
	return sum(_safely(some, do) for some in _sets(names))


def _safely(names: Sequence[str], do: Callable[[Sequence[action_items.Stored]], None]) -> int:
	"""What is wrong with one is reported, and it stays held; it stops no other (design rule 8)."""
	try:
		return retry_on_conflict(partial(_one_set, names, do))
	except Exception:
		frappe.db.rollback()
		if len(names) > 1:
			return sum(_safely([name], do) for name in names)
		report_error(f"Escalation: {names[0]} can't be decided")
		frappe.db.commit()
		return 0


def _one_set(names: Sequence[str], do: Callable[[Sequence[action_items.Stored]], None]) -> int:
	held = [stored for stored in action_items.lock(names) if stored.item.held_at]
	if held:
		do(held)
	fault_points.commit("looked")
	return len(held)


def _sets(names: Sequence[str] | None) -> Iterator[Sequence[str]]:
	if names is not None:
		for start in range(0, len(names), SET):
			yield names[start : start + SET]
		return
	after = ""
	while some := restored.held_items(SET, after):
		after = some[-1]
		yield some


LET_GO_ON = Action(
	"let_go_on",
	label=lambda: _("Let It Go On"),
	offered=lambda item: item is not None and bool(item.held_at),
	run=lambda click: let_go_on(click.item.id, click.actor),
	managers=True,
)
