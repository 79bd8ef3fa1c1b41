"""What goes wrong at Twilio: what it means for a message, and in words that tell what to do.

Source of the codes: https://www.twilio.com/docs/api/errors
"""

from typing import Any

from frappe import _
from twilio.base.exceptions import TwilioException

from escalation_mgmt.notifiers import answers
from escalation_mgmt.notifiers.answers import Trouble
from escalation_mgmt.notifiers.base import Failed, Outcome, Retry, Unknown
from escalation_mgmt.notifiers.twilio.client import CONNECT_SECONDS, SECONDS, Busy

_RETRIED = frozenset({20429, 21611, 30001, 30022, 14107, 10004, 20500, 20503})
_OF_ADDRESS = frozenset(
	(
		*(13223, 13224, 21211, 21214, 21217, 21401, 21614),  # no number, or none that takes this
		*(30003, 30005, 30006),  # out of reach, given up, a landline
		21610,  # its owner wants no SMS
	)
)
"""The number's own fault, whoever sends to it."""
_OF_MESSAGE = frozenset({21602, 21604, 21617})


def outcome(error: Exception) -> Outcome:
	"""What an exception means for what was sent. Raises what nobody foresaw."""
	if isinstance(error, Busy):
		said = _("Twilio is busy or ill ({0}).").format(str(error)[:200])
		# A gateway that lost its answer: what is behind it may have taken it.
		return Unknown(said) if error.status in (502, 504) else Retry(said, error.after)
	if isinstance(error, TwilioException) and getattr(error, "status", None):
		return refused(error)
	if trouble := answers.trouble(error):
		return _unanswered(error, trouble)
	if isinstance(error, ValueError | TwilioException):
		said = answers.one_line(str(error), 200)
		return Unknown(_("Twilio's answer can't be understood: {0}").format(said))
	raise error


def _unanswered(error: Exception, trouble: Trouble) -> Outcome:
	match trouble:
		case Trouble.NO_CONNECTION_IN_TIME:
			return Retry(_("No connection to Twilio within {0} s.").format(CONNECT_SECONDS))
		case Trouble.NO_ANSWER_IN_TIME:
			return Unknown(_("Twilio gave no answer within {0} s.").format(SECONDS))
		case Trouble.NO_CONNECTION:
			return Retry(_("No connection to Twilio: {0}").format(str(error.strerror or error)[:200]))
		case Trouble.PROXY_REFUSED:
			return Retry(_("The proxy doesn't let us through to Twilio: {0}").format(answers.by_proxy(error)))
	return Unknown(_("The connection broke before Twilio had answered: {0}").format(repr(error)[:200]))


def refused(error: Any) -> Outcome:
	"""A refusal by Twilio, as a TwilioRestException (or its TwilioServiceException) tells it."""
	code = int(error.code or 0)
	said = getattr(error, "msg", None) or getattr(error, "detail", None) or getattr(error, "title", "")
	words = in_words(code) or answers.one_line(str(said), 200)
	detail = _("{0} (Twilio {1})").format(words, code or error.status)
	return Retry(detail) if code in _RETRIED else Failed(detail, by_no_provider=by_no_provider(code))


def by_no_provider(code: int | str | None) -> bool:
	"""Whether another account or provider would refuse as well what Twilio refused with this code: the number's own fault, or
	the message's. What Twilio says of our account, of our sender or of the country may be otherwise elsewhere.
	"""
	try:
		return int(code or 0) in _OF_ADDRESS | _OF_MESSAGE
	except ValueError:
		return False


def in_words(code: int | str | None) -> str:
	"""What an error code of Twilio's means, and what to do; empty for one that isn't known here."""
	try:
		return _codes().get(int(code or 0), "")
	except ValueError:
		return ""


def _codes() -> dict[int, str]:
	settings = _("Correct it in Escalation Settings.")
	return {
		10001: _("The Twilio account is not active. Log in at Twilio; it may be suspended or out of money."),
		10004: _("Too many calls at once for this Twilio account. Ask Twilio for a higher limit."),
		13223: _("Twilio can't dial this number: it is not valid. Correct it in the contact."),
		13224: _("Twilio can't dial this number: no network takes it. Check it in the contact."),
		13225: _("Twilio forbids calls to this number. Choose another number or method."),
		13227: _("Calls to this country are not allowed. Allow it at Twilio under Voice, Geographic Permissions."),
		14107: _("Too many messages at once for this sender. Add another number in Escalation Settings."),
		20003: _("Twilio doesn't accept our log-in. Check Account SID and Auth Token (or API key)."),
		20404: _("Twilio doesn't know this account or resource. Check the Account SID."),
		20429: _("Twilio is asked too often at once."),
		20500: _("Twilio had an internal error."),
		20503: _("Twilio is not available now."),
		21205: _("Twilio can't use our address for its callbacks. Check the Public Address."),
		21210: _("The calling number isn't one of your Twilio numbers. {0}").format(settings),
		21211: _("The number is not valid. Correct it in the contact, with its country code."),
		21212: _("The sender's number is not valid. {0}").format(settings),
		21214: _("This number can't be called. Check it in the contact."),
		21215: _("Calls to this country are not allowed. Allow it at Twilio under Voice, Geographic Permissions."),
		21216: _("Twilio forbids calls to this number. Choose another number or method."),
		21219: _("A Twilio trial account reaches verified numbers only. Verify it at Twilio, or upgrade."),
		21408: _("SMS to this country are not allowed. Allow it at Twilio under Messaging, Geo Permissions."),
		21601: _("The sender's number can't send SMS. Choose another in Escalation Settings."),
		21602: _("The SMS has no text. Check the plan's message."),
		21603: _("The SMS has no sender. Enter a number in Escalation Settings."),
		21604: _("The SMS has no recipient. Enter a number in the contact."),
		21606: _("The sender's number isn't yours or can't send SMS to this country. {0}").format(settings),
		21608: _("A Twilio trial account reaches verified numbers only. Verify it at Twilio, or upgrade."),
		21609: _("Twilio can't use our address for receipts. Check the Public Address."),
		21610: _("This phone has sent STOP. Its owner sends START to your number to be reached again."),
		21611: _("Too many messages wait for this sender. Add another number in Escalation Settings."),
		21612: _("Twilio can't send from this number to that one. Add a number of the recipient's country."),
		21614: _("This is no mobile number: it takes no SMS. Enter a mobile number in the contact."),
		21617: _("The SMS is too long. Shorten the plan's message."),
		21659: _("The sender isn't one of your Twilio numbers. {0}").format(settings),
		21701: _("There is no such Messaging Service. {0}").format(settings),
		21703: _("The Messaging Service has no sender. Add a number to it at Twilio."),
		30001: _("Too many messages wait at Twilio for this sender. Add another number."),
		30002: _("The Twilio account is suspended. Log in at Twilio."),
		30003: _("The phone was off or out of reach."),
		30004: _("The phone, or its network, blocks our messages. Ask its owner to allow them."),
		30005: _("There is no phone with this number any more. Correct it in the contact."),
		30006: _("This is a landline or a network that takes no SMS. Enter a mobile number in the contact."),
		30007: _("The network took the SMS for spam. Register the sender at Twilio, or shorten the text."),
		30008: _("The network failed to deliver it, and didn't say why."),
		30010: _("The SMS costs more than the limit that was set."),
		30022: _("The sender's daily limit in the USA is reached. Register a higher one at Twilio."),
		30032: _("This toll-free sender isn't verified. Verify it at Twilio, or take another number."),
		30034: _("SMS to the USA need a registered sender (A2P 10DLC). Register it at Twilio."),
		30036: _("It waited too long to be of use, and Twilio dropped it."),
		30410: _("The network didn't answer in time."),
		30454: _("The same text was sent too often to this number."),
		32009: _("The phone isn't registered with Twilio now."),
		63038: _("The account's daily limit of messages is reached. Ask Twilio for a higher one."),
	}  # fmt: skip


def known_codes() -> list[int]:
	"""For the documentation's test."""
	return sorted(_codes())
