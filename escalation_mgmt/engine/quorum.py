"""Several acknowledgements: a step can ask for everyone whom it reached, or for a number of them (design rule 5).

Each step that ran asks for its own. The item is acknowledged as soon as one of them has what it asks for: where the team
was asked for three and the lead, a step later, for one, the lead's alone is enough, and so are three of the team. Whom no
step reached, counts for any. Until then an acknowledgement is recorded, and that person isn't paged again.
"""

from collections.abc import Iterable
from dataclasses import replace

from escalation_mgmt.engine.decision import Recipient
from escalation_mgmt.engine.item import AckRequest, ActionItem
from escalation_mgmt.engine.plan import Step


def has_acknowledged(item: ActionItem, recipient: Recipient) -> bool:
	return recipient.counted_as in item.acks


def ask(item: ActionItem, step: Step, people: Iterable[str]) -> ActionItem:
	"""The item after a step has reached these people. Who has acknowledged already is one of those whom it asks for,
	unless that alone would be enough: then it passes them over, and asks for somebody else's."""
	reached = tuple(dict.fromkeys(people))
	if not item.plan.asks_quorum or set(reached) <= set(item.acks):
		return item
	before = next(
		(ask for ask in item.ack_requests if ask.step == step.number), AckRequest(step.number, step.needs, ())
	)
	others = tuple(ask for ask in item.ack_requests if ask.step != step.number)
	asked = replace(before, people=tuple(dict.fromkeys((*before.people, *reached))))
	if _enough((*others, asked), asked, set(item.acks)):
		new = (who for who in item.acks if who not in before.people)
		asked = replace(asked, excluded=tuple(dict.fromkeys((*before.excluded, *new))))
	return replace(item, ack_requests=(*others, asked))


def complete(ack_requests: tuple[AckRequest, ...], acks: Iterable[str]) -> bool:
	"""Whether these acknowledgements are enough. Where no step asked for several, one is."""
	given = set(acks)
	return not ack_requests or any(_enough(ack_requests, ask, given) for ask in ack_requests)


def progress(ack_requests: tuple[AckRequest, ...], acks: Iterable[str]) -> tuple[int, int] | None:
	"""How many of how many have acknowledged, for the step that asked for several last; None: one is enough."""
	several = [ask for ask in ack_requests if ask.needed > 1]
	if not several:
		return None
	return min(_have(ack_requests, several[-1], set(acks)), several[-1].needed), several[-1].needed


def tally(item: ActionItem) -> dict[str, int]:
	"""How many of how many have acknowledged, for an event's data: "have" of "needed"; {} where one is enough."""
	found = progress(item.ack_requests, item.acks)
	return {"have": found[0], "needed": found[1]} if found else {}


def _enough(ack_requests: tuple[AckRequest, ...], ask: AckRequest, acks: set[str]) -> bool:
	return _have(ack_requests, ask, acks) >= ask.needed


def _have(ack_requests: tuple[AckRequest, ...], ask: AckRequest, acks: set[str]) -> int:
	reached = frozenset[str]().union(*(each.asked for each in ack_requests))
	return len(acks & ask.asked) + len(acks - reached - set(ask.excluded))
