"""What the page behind an acknowledgement link says: of one escalation or of a bundle, before and after something is pressed."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from frappe import _

from escalation_mgmt.actions.acknowledge import Acknowledgement
from escalation_mgmt.actions.from_message import Done, Offer, What
from escalation_mgmt.engine import can_acknowledge, is_theirs
from escalation_mgmt.utils import clock
from escalation_mgmt.views.on_a_phone import Card


@dataclass(frozen=True, slots=True)
class Line:
	"""One escalation as the page shows it. `state`: how it stands, as far as the page doesn't say so anyway."""

	ticket: str
	subject: str
	priority: str = ""
	tone: str = ""
	clock: str = ""
	age: str = ""
	since: str = ""
	next: str = ""
	told: tuple[tuple[str, str], ...] = ()
	others: str = ""
	state: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
	"""What the page says. With one line in `items` it is about one escalation, with several about a bundle."""

	title: str
	text: str
	status: int = 200
	tone: str = "plain"  # plain, urgent or good
	button: str = ""
	items: tuple[Line, ...] = ()
	offers: tuple[Offer, ...] = ()  # what else can be done
	open: str = ""  # the page on which whoever the link went to reads the ticket, after they log in
	done: bool = False  # something was pressed, and this is what came of it

	def as_json(self) -> dict[str, Any]:
		"""For the button on a notification: what it says, and the ticket where it is about one alone."""
		(alone,) = self.items if len(self.items) == 1 else (Line("", ""),)
		said = {name: getattr(self, name) for name in ("title", "text", "status", "tone", "button", "done")}
		said["items"] = [asdict(line) for line in self.items]
		return {**said, "ticket": alone.ticket, "subject": alone.subject}

	@property
	def undo(self) -> Offer | None:
		"""For a minute it stands where the button was."""
		return next((each for each in self.offers if each.what is What.UNDO), None)

	@property
	def others(self) -> list[Offer]:
		"""What stands below the button: for whom it still waits."""
		return [
			each for each in self.offers if self.button and each.what not in (What.ACKNOWLEDGE, What.UNDO)
		]


@dataclass(frozen=True, slots=True)
class Shown:
	"""What a page is made of: how each escalation stands for its reader, what is known of it, what they can do."""

	message: Any  # the one that the link came with
	done: Mapping[str, Acknowledgement]
	cards: Mapping[str, Card]
	now: float  # Unix time, in seconds
	offers: Sequence[Offer] = ()
	pressed: Done | None = None  # what came of what was pressed


def sheet_of(shown: Shown) -> Sheet | None:
	"""None: nothing is left of what the link was about."""
	found = [(shown.cards[name], each) for name, each in shown.done.items() if name in shown.cards]
	if not found:
		return None
	alone = len(shown.done) == 1
	title, text, tone, button = _said(shown, found[0][1]) if alone else _said_of_several(found)
	pressed = shown.pressed
	if pressed and pressed.what is not What.ACKNOWLEDGE:
		title, text = _title_of(pressed), pressed.message
	return Sheet(
		title,
		text,
		tone=tone,
		button=button,
		items=tuple(_line(card, each, shown.now, alone=alone) for card, each in found),
		offers=tuple(
			each for each in shown.offers if not pressed or not pressed.done or each.what is not pressed.what
		),
		open=found[0][0].url if len(found) == 1 else "",
		done=pressed is not None,
	)


def _title_of(pressed: Done) -> str:
	"""What came of anything but an acknowledgement, in two or three words."""
	if not pressed.done:
		return _("Nothing was changed")
	words = {
		What.PASS_ON: _("Somebody else is asked"),
		What.ON_MY_WAY: _("You are on your way"),
		What.SNOOZE: _("Quiet for a while"),
		What.UNDO: _("Undone"),
	}
	return words[pressed.what]


def _said(shown: Shown, done: Acknowledgement) -> tuple[str, str, str, str]:
	"""Title, text, tone and button of one escalation."""
	message = shown.message
	if done.renewed:
		return _("Noted"), _("You are still on it. The escalation waits for you."), "good", ""
	if done.waits:
		return _("Acknowledged"), done.in_words, "good", ""
	if done.taken:
		text = _("Acknowledged. The escalation has stopped. The ticket is waiting for your answer.")
		return _("You have it"), text, "good", ""
	if can_acknowledge(done.status):
		if done.completes:
			text = _("Press the button to take it. The escalation stops, and the others are told.")
		else:
			text = _("Press the button, and you aren't asked again.") + " " + done.so_far
		return _("Not acknowledged yet"), text, "urgent", _("Acknowledge")
	if done.asks(message.user or "", message.recipient):
		text = _("You acknowledged it, and nothing has happened since. Else the escalation goes on.")
		return _("Are you still on it?"), text, "urgent", _("I Am Still on It")
	if done.by and done.at:
		whose = {"acknowledged_user": done.user, "acknowledged_by": done.by}
		theirs = is_theirs(message.user or "", message.recipient, **whose)
		title = _("You have it") if theirs else _("Already acknowledged")
		text = (
			_("Already acknowledged by {0}, {1}.").format(done.by, clock.shown(done.at))
			if done.named
			else _("Already acknowledged, {0}.").format(clock.shown(done.at))
		)
		return title, text, "good", ""
	return _("Nothing to do any more"), done.in_words, "plain", ""


def _said_of_several(found: list[tuple[Card, Acknowledgement]]) -> tuple[str, str, str, str]:
	"""The same of a bundle, whose one button is for all that is open. Who has what stands in its line."""
	waiting = sum(can_acknowledge(each.status) and not each.waits for _card, each in found)
	if taken := sum(each.taken for _card, each in found):
		text = _("{0} of {1} escalations have stopped for you. Their tickets are waiting for your answer.")
		return _("You have them"), text.format(taken, len(found)), "good", ""
	if waiting:
		text = _(
			"Press the button to take all that are open. Their escalations stop, and the others are told."
		)
		return _("Not acknowledged yet"), text, "urgent", _("Acknowledge All {0}").format(waiting)
	return _("Nothing to do any more"), _("Somebody has each of these, or it is over."), "plain", ""


def _line(card: Card, done: Acknowledgement, now: float, *, alone: bool) -> Line:
	waits = can_acknowledge(done.status) and not done.waits
	return Line(
		card.ticket,
		card.subject,
		priority=card.priority,
		tone=card.tone,
		clock=card.clock,
		age=card.age(now),
		since=card.began(now),
		next=card.comes_next(now) if alone or waits else "",
		told=tuple(card.who_was_told(now)) if alone else (),
		others=card.others if alone else "",
		state=_stands(card, done, waits=waits, alone=alone),
	)


def _stands(card: Card, done: Acknowledgement, *, waits: bool, alone: bool) -> str:
	"""How it stands, beside what the page says at its button."""
	if waits:
		return card.state if alone else ""
	return "" if alone else _("Acknowledged") if done.taken else done.in_words
