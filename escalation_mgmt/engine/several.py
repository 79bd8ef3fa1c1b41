"""Several acknowledgements: a step can ask for everyone whom it reached, or for a number of them (design rule 5).

Each step that ran asks for its own. The item is acknowledged as soon as one of them has what it asks for: where the team
was asked for three and the lead, a step later, for one, the lead's alone is enough, and so are three of the team. Whom no
step reached, counts for any. Until then an acknowledgement is recorded, and that person isn't paged again.
"""

from collections.abc import Iterable
from dataclasses import replace

from escalation_mgmt.engine.decision import Recipient
from escalation_mgmt.engine.item import ActionItem, Ask
from escalation_mgmt.engine.plan import Step


def key(recipient: Recipient) -> str:
	"""Under which an acknowledgement is counted: the user, or the label of an address that is nobody's."""
	return recipient.user or recipient.label


def has_acknowledged(item: ActionItem, recipient: Recipient) -> bool:
	return key(recipient) in item.acks


def ask(item: ActionItem, step: Step, people: Iterable[str]) -> ActionItem:
	"""The item after a step has reached these people. Who has acknowledged already is one of those whom it asks for,
	unless that alone would be enough: then it passes them over, and asks for somebody else's."""
	reached = tuple(dict.fromkeys(people))
	if not item.plan.asks_several or set(reached) <= set(item.acks):
		return item
	before = next((ask for ask in item.asks if ask.step == step.number), Ask(step.number, step.needs, ()))
	others = tuple(ask for ask in item.asks if ask.step != step.number)
	asked = replace(before, people=tuple(dict.fromkeys((*before.people, *reached))))
	if _enough((*others, asked), asked, set(item.acks)):
		new = (who for who in item.acks if who not in before.people)
		asked = replace(asked, passes_over=tuple(dict.fromkeys((*before.passes_over, *new))))
	return replace(item, asks=(*others, asked))


def complete(asks: tuple[Ask, ...], acks: Iterable[str]) -> bool:
	"""Whether these acknowledgements are enough. Where no step asked for several, one is."""
	given = set(acks)
	return not asks or any(_enough(asks, ask, given) for ask in asks)


def progress(asks: tuple[Ask, ...], acks: Iterable[str]) -> tuple[int, int] | None:
	"""How many of how many have acknowledged, for the step that asked for several last; None: one is enough."""
	several = [ask for ask in asks if ask.needed > 1]
	if not several:
		return None
	return min(_have(asks, several[-1], set(acks)), several[-1].needed), several[-1].needed


def tally(item: ActionItem) -> dict[str, int]:
	"""The same as plain values: "have" of "needed"; {} where one is enough."""
	found = progress(item.asks, item.acks)
	return {"have": found[0], "needed": found[1]} if found else {}


def _enough(asks: tuple[Ask, ...], ask: Ask, acks: set[str]) -> bool:
	return _have(asks, ask, acks) >= ask.needed


def _have(asks: tuple[Ask, ...], ask: Ask, acks: set[str]) -> int:
	reached = frozenset[str]().union(*(each.asked for each in asks))
	return len(acks & ask.asked) + len(acks - reached - set(ask.passes_over))
