"""What a message would say, before there is one: rendered as delivery renders it, with a link and a code that are none."""

from collections.abc import Callable
from typing import Any

from frappe import _

from escalation_mgmt.delivery import messages
from escalation_mgmt.delivery.bundles import names
from escalation_mgmt.delivery.render import as_read_by
from escalation_mgmt.delivery.tokens import link
from escalation_mgmt.engine import EventKind, Plan, Recipient, Step, Ticket
from escalation_mgmt.facts.people import Directory
from escalation_mgmt.facts.ticket_pages import TicketPages
from escalation_mgmt.notifiers.base import Message
from escalation_mgmt.storage.addressees import TO_BE_ACKNOWLEDGED

NOBODY = "…"
"""Who acknowledged, where nobody has."""

_ITEM, _CODE, _TOKEN = "ESC-00000", "…", "x" * 43
"""Stand where a message has what only a real one has. As long as it, for what is too long is cut."""


class Previews:
	"""The words of messages about one ticket by one plan. `load` reads the ticket's document, for templates."""

	def __init__(self, plan: Plan, ticket: Ticket, load: Callable[[], Any], directory: Directory) -> None:
		self._plan, self._ticket, self._directory = plan, ticket, directory
		self._load, self._pages = load, TicketPages()

	def page(self, step: Step, to: Recipient) -> str:
		"""What a step's page says to one recipient. Where it can't be rendered, why not."""
		with as_read_by(to.user, self._directory) as language:
			known = self._known(step, to, acknowledges=True)
			subject, text, wrong = messages.page(self._plan, step, known)
			return "\n\n".join(filter(None, (wrong, self._words(to, known, subject, text, language))))

	def notice(self, about: EventKind, to: Recipient) -> str:
		"""What a notice to one recipient says of what became of the escalation."""
		with as_read_by(to.user, self._directory) as language:
			known = self._known(None, to, acknowledges=about in TO_BE_ACKNOWLEDGED)
			assigned_to = names(self._ticket.assignees, self._directory)
			subject, text = messages.notice(about, known, NOBODY, assigned_to)
			return self._words(to, known, subject, text, language)

	def _known(self, step: Step | None, to: Recipient, *, acknowledges: bool) -> dict[str, Any]:
		without_token = link(_TOKEN) if acknowledges else ""
		view = messages.TicketView(self._ticket, load=self._load, reader=to.user, pages=self._pages)
		return messages.context(view, self._plan, step, to.label, _ITEM, without_token)

	def _words(self, to: Recipient, known: dict[str, Any], subject: str, text: str, language: str) -> str:
		notifier, _why = self._directory.notifier(to.method)
		if notifier is None:
			return f"{subject}\n\n{text}"
		message = Message(
			notification="",
			attempt="",
			address=to.address,
			subject=subject,
			text=text,
			link=known["link"],
			endpoint=to.endpoint,
			language=language,
			reply_code=_CODE if notifier.takes_replies and known["link"] else "",
			context=known | {"message": text},
		)
		try:
			return notifier.words(message).replace(_TOKEN, "…")
		except Exception as e:
			return _("The message can't be rendered: {0}").format(str(e)[:300])
