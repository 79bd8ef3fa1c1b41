"""What a message says: a plan's templates, filled for one ticket, one step and one person."""

from collections.abc import Callable, Collection, Iterator
from functools import lru_cache
from typing import Any

import frappe
from frappe import _
from jinja2 import TemplateError, meta

from escalation_mgmt.engine import Clock, EventKind, Plan, Step, Ticket
from escalation_mgmt.facts import plain_values, sources
from escalation_mgmt.facts.readable_values import Reader
from escalation_mgmt.facts.ticket_pages import TicketPages
from escalation_mgmt.notifiers.answers import first_line
from escalation_mgmt.storage import notice_wording
from escalation_mgmt.utils.budget import Refused, TooMuch
from escalation_mgmt.utils.doctypes import ITEM
from escalation_mgmt.utils.error_reports import report_error
from escalation_mgmt.utils.masking import masked
from escalation_mgmt.utils.public_address import path_of_form, public_url
from escalation_mgmt.utils.templating import NAMES as TEMPLATE_NAMES
from escalation_mgmt.utils.templating import WHOLE, Readable, fields_in, parse, render

NAMES = (
	"ticket",  # name, subject, priority, team, ticket_type, customer, doctype, url, and the ticket's own fields
	"plan",  # the plan's name
	"clock",  # which clock of the ticket it is about
	"step",  # the step's number
	"steps",  # how many steps the plan has
	"method",  # the step's method
	"person",  # the name of the person it goes to
	"item",  # the action item's name
	"link",  # the address that acknowledges
	"message",  # the rendered message (in an endpoint's body only)
)
"""What a template may name."""

_TICKET_FACTS = ("name", "doctype", "subject", "priority", "team", "ticket_type", "customer", "url")


class TicketView(Readable):
	"""A ticket as templates see it: the usual facts first, then any field of its own, read when it is asked for. Its `url` is
	that of the page on which `reader`, a user, reads it; without one, of its form in Desk.
	"""

	def __init__(
		self,
		ticket: Ticket,
		doc: Any = None,
		load: Any = None,
		*,
		reader: str | None = None,
		pages: TicketPages | None = None,
	):
		self.name = ticket.name
		self.doctype = ticket.doctype
		self.subject = ticket.subject
		self.priority = ticket.facts.priority
		self.team = ticket.facts.team
		self.ticket_type = ticket.facts.ticket_type
		self.customer = ticket.facts.customer
		self._doc, self._load = doc, load
		self._reader, self._pages = reader, pages or TicketPages()

	@property
	def url(self) -> str:
		return self._pages.url(self.doctype, self.name, self._reader)

	def __getattr__(self, field: str) -> Any:
		if field.startswith("_"):
			raise AttributeError(field)
		if self._doc is None and self._load:
			self._doc = Reader(self._load())  # a template can't call the document
		return self._doc.get(field) if self._doc else None


def context(
	ticket: TicketView, plan: Plan, step: Step | None, person: str, item: str, link: str
) -> dict[str, Any]:
	return {
		"ticket": ticket,
		"plan": plan.name,
		"clock": _(plan.clock),
		"step": step.number if step else 0,
		"steps": len(plan.steps),
		"method": step.method if step else "",
		"person": person,
		"item": item,
		"link": link,
	}


def page(plan: Plan, step: Step, known: dict[str, Any]) -> tuple[str, str, str]:
	"""Subject and text of a page, and what was wrong with its templates.

	A template that fails is no reason not to wake somebody: the app's own words go out instead.
	"""
	ticket = known["ticket"]

	def plain() -> str:
		return _PLAIN[plan.clock]().format(ticket.name)

	subject, wrong = _said(plan, plan.subject, known, plain)
	text, wrong_too = _said(plan, step.message or plan.message, known, lambda: f"{plain()}: {ticket.subject}")
	return subject, text, wrong or wrong_too


def _said(plan: Plan, template: str, known: dict[str, Any], plain: Callable[[], str]) -> tuple[str, str]:
	"""A text by its template, or else the app's own, and what was wrong with the template."""
	text, wrong = _rendered(template, known)
	# By the template: what a ticket is called says nothing of its clocks.
	if text and (known["clock"] in template or _names_clock(template)):
		return text, wrong
	return about(plan, known, text or plain()), wrong


@lru_cache(maxsize=1000)
def _names_clock(template: str) -> bool:
	return bool(fields_in(template, "clock"))


def about(plan: Plan, known: dict[str, Any], text: str) -> str:
	"""A text with the clock of the ticket that it is about; what names none is about the first response."""
	return text if plan.clock is Clock.FIRST_RESPONSE else _("{0}: {1}").format(known["clock"], text)


_PLAIN: dict[Clock, Callable[[], str]] = {
	Clock.FIRST_RESPONSE: lambda: _("Ticket {0} has not been answered"),
	Clock.NEXT_RESPONSE: lambda: _("The customer of ticket {0} waits for an answer"),
	Clock.RESOLUTION: lambda: _("Ticket {0} has not been resolved"),
}


def called_to_help(by: str | None) -> str:
	"""What stands above a page that asks somebody to help whoever has the ticket."""
	return _("{0} has it, and you are asked to help.").format(by)


def _rendered(template: str, known: dict[str, Any]) -> tuple[str, str]:
	"""The text, and what was wrong with its template; no text where something was."""
	try:
		return render(template, known).strip(), ""
	except Exception as e:
		report_error(f"Escalation Plan {known['plan']}: a message can't be rendered")
		return "", _("The plan's text can't be rendered ({0}); the app's own was sent.").format(
			masked(first_line(e, 200))
		)


def notice(
	about: str,
	known: dict[str, Any],
	acknowledged_by: str | None,
	assigned_to: str,
	coming: tuple[str, str] = ("", ""),
) -> tuple[str, str]:
	"""Subject and text of a notice: what became of an escalation. `assigned_to` names the ticket's assignees, `coming` who is on the
	way, and until when, as the reader reads it.
	"""
	number, subject = known["ticket"].name, known["ticket"].subject
	if about == EventKind.HELD_BY_RESTORE:
		return _of_site(notice_wording.head(about, number, acknowledged_by, assigned_to))
	more = {
		EventKind.EXHAUSTED: _("Every step of plan {0} has run and its last wait is over.").format(
			known["plan"]
		),
		EventKind.FAILED: _("{0} says to whom. The plan can be run again.").format(known["item"]),
		EventKind.REMINDED: _(
			"You acknowledged it, and nothing has happened since. Reply to it, change its status, or say that you "
			"are still on it. Else its escalation goes on."
		),
		EventKind.ON_THE_WAY: _("It is quiet until {0}. Then the escalation goes on.").format(coming[1])
		if coming[0]
		else "",
		EventKind.UNACKNOWLEDGED: _("It was given back. As long as a step is left, its escalation goes on."),
		EventKind.NOBODY_NOTIFIED: _(
			"Not one person of plan {0} can be reached. Assign the ticket, or correct the contacts or the "
			"provider, and the escalation starts again. {1} says who can't be reached, and why."
		).format(known["plan"], known["item"]),
		EventKind.PARKED: _("{0} says why. It is tried again every few minutes.").format(known["item"]),
	}
	head = notice_wording.head(about, number, acknowledged_by, assigned_to, coming[0])
	lines = [f"{head}: {subject}", more.get(about, ""), known["ticket"].url]
	return head, "\n".join(line for line in lines if line)


def _of_site(head: str) -> tuple[str, str]:
	"""Of a restored database: what concerns no ticket alone."""
	held = _(
		"Whatever is older waits until somebody has looked, and the heartbeat is silent until then. New tickets escalate. "
		"Action items show what is held:"
	)
	return head, "\n".join((f"{head}.", held, public_url(path_of_form(ITEM, "").rstrip("/"))))


def placeholders_wrong(
	template: str, doctype: str, *, in_body: bool = False, without: Collection[str] = ()
) -> Iterator[str]:
	"""What a template names that doesn't exist (or is among what it is `without`), each in words that tell what there is."""
	try:
		tree = parse(template)
	except TemplateError as e:
		yield _("is not a valid template: {0}").format(e)
		return
	options = [name for name in NAMES if (in_body or name != "message") and name not in without]
	known = {*options, *TEMPLATE_NAMES}
	for name in sorted(meta.find_undeclared_variables(tree) - known):
		yield _("names {0}, which doesn't exist. There are: {1}.").format(name, ", ".join(options))
	try:
		render(template, sample(doctype))
	except (TooMuch, Refused) as e:
		yield _("can't be used: {0}.").format(e)
	except Exception:
		pass
	if not doctype:
		return
	for field in sorted(own_fields_in(template)):
		if not plain_values.readable(doctype, field):
			yield _("names ticket.{0}, which no plan may read.").format(field)
	for field in _missing_in(template, doctype):
		yield _("names ticket.{0}; {1} has no such field.").format(field, _(doctype))


def missing_fields(template: str) -> list[str]:
	"""The fields of a ticket that a template names and that no DocType of tickets has."""
	missing = [_missing_in(template, doctype) for doctype in sources.doctypes()]
	return sorted(set.intersection(*map(set, missing))) if missing else []


def _missing_in(template: str, doctype: str) -> list[str]:
	fields = frappe.get_meta(doctype)
	known = {*frappe.model.default_fields, *frappe.model.optional_fields, WHOLE}
	return sorted(
		field for field in own_fields_in(template) if field not in known and not fields.has_field(field)
	)


def own_fields_in(template: str) -> frozenset[str]:
	"""The fields of the ticket's own DocType that a template asks for (`templating.fields_in`): the usual facts aren't among
	them.
	"""
	return fields_in(template, "ticket") - {*_TICKET_FACTS}


def sample(doctype: str) -> dict[str, Any]:
	"""A context to try a template on. Quotes, a backslash and a new line are in it: a body must stand them."""
	ticket = Ticket(doctype=doctype, name="0", subject='Sample "ticket" \\ with\na second line')
	view = TicketView(ticket, doc=Reader(frappe.new_doc(doctype)) if doctype else None)
	plan = Plan.from_dict(SAMPLE_PLAN)
	known = context(view, plan, None, 'Sample "Person"', "ESC-00000", public_url("/ack/sample"))
	return known | {"message": ticket.subject}


SAMPLE_PLAN: dict[str, Any] = {
	"name": "Sample", "rank": 0, "start": "At Once", "window": 0, "steps": [], "repeats": 0, "repeat_pause": 0,
	"last_wait": 0, "stop": {}, "owner": "", "subject": "", "message": "",
	"takes": {"doctype": "", "priorities": [], "team": "", "ticket_type": "", "customer": "", "condition": ""},
}  # fmt: skip
