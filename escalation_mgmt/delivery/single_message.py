"""One message by itself: a test, a code, or an answer to an email. Nothing is queued, and nothing recorded."""

from dataclasses import replace

from frappe import _

from escalation_mgmt.notifiers.base import Failed, Message, Notifier, Outcome
from escalation_mgmt.utils import rows
from escalation_mgmt.utils.masking import masked


def send_single(
	notifier: Notifier, address: str, text: str, language: str = "", subject: str = "", about: str = ""
) -> Outcome:
	"""Send it now, and say what became of it. `about`: the message in whose name it goes."""
	message = Message(
		notification=about or rows.new_name(),
		attempt=rows.new_name(),
		address=address,
		subject=subject or _("Test"),
		text=text,
		link="",
		language=language,
		context={"item": "test"},
	)
	outcome = next((outcome for _message, outcome in notifier.send([message])), Failed(""))
	return replace(outcome, detail=masked(outcome.detail))
