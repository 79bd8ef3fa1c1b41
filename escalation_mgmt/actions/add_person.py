"""Adding a person to an escalation, who is paged as well: at once, and with every further step."""

from functools import partial

from frappe import _

from escalation_mgmt.actions import person
from escalation_mgmt.actions.action import Action, Result, where
from escalation_mgmt.actions.carry_out import Locked, carry_out
from escalation_mgmt.engine import ActionItem, Actor, Decision, Refusal, Refused, Status, can_add
from escalation_mgmt.engine import add_person as engine_add_person
from escalation_mgmt.storage import wording


def add_person(item: str, who: str, name: str, actor: Actor, note: str = "") -> Result:
	"""Let the user `who`, called `name`, be paged as well, and read the `note`.

	The caller has checked that this person may, and commits. Raises ValidationError where they can't be reached.
	"""
	return carry_out(
		item,
		decide=lambda locked: engine_add_person(locked.item, who, name, actor, locked.context, note=note),
		refuse=partial(_refuse, name),
		say=partial(_say, name),
		pages_by=actor,
	)


def _say(name: str, _locked: Locked, decision: Decision) -> str:
	if decision.item.status is Status.ACKNOWLEDGED:
		return _("{0} is paged now, and asked to help. {1} still has it.").format(
			name, decision.item.acknowledged_by
		)
	if decision.item.in_last_wait:
		return _("{0} is paged now. No further step is left.").format(name)
	return _("{0} is paged now, and with every further step.").format(name)


def _refuse(name: str, why: Refused, item: ActionItem) -> str:
	match why.refusal:
		case Refusal.CANNOT_BE_REACHED:
			person.throw_unreachable(name, why)
		case Refusal.ALREADY_ACKNOWLEDGED:
			return _("{0} has acknowledged already; nothing was changed.").format(name)
		case Refusal.ALREADY_ADDED:
			return _("{0} was added before; nothing was changed.").format(name)
	return _("The escalation is {0}; nobody can be added.").format(wording.status(item.status))


ADD_PERSON = Action(
	"add_person",
	label=lambda: _("Add a Person…"),
	offered=where(can_add),
	run=lambda click: add_person(
		click.item.id, *person.chosen(click, "who"), click.actor, person.note(click)
	),
	fields=person.fields("who", lambda: _("Who Is Paged as Well")),
)
