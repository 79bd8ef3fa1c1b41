"""What Twilio calls: receipts, calls that are answered, keys that are pressed, SMS that come in.

Each request proves first that it is Twilio's (design rule 12): nothing of ours is read or written before. Only what can't
prove it is limited in rate, because a storm of escalations brings a storm of receipts.

A signature has no date. What reads a message aloud or acts is done once for each SID (`storage.callbacks`); a receipt takes a
message's state forward only, so that it changes nothing when it comes again.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import frappe
from frappe import _
from frappe.translate import print_language
from twilio.twiml.messaging_response import MessagingResponse
from werkzeug.wrappers import Response

from escalation_mgmt import delivery
from escalation_mgmt.actions.acknowledge import acknowledge_by, as_they_are, in_words
from escalation_mgmt.actions.action import Result, recipient_as_actor
from escalation_mgmt.actions.carry_out import Locked
from escalation_mgmt.actions.escalate_now import run_again
from escalation_mgmt.actions.from_message import What, of_several, results_of
from escalation_mgmt.actions.no_more_calls import no_more_calls
from escalation_mgmt.engine import OnMachine, can_acknowledge
from escalation_mgmt.inbound import receipts, replies
from escalation_mgmt.inbound.receipts import Receipt
from escalation_mgmt.notifiers import several
from escalation_mgmt.notifiers.twilio import account, errors, gsm7, twiml
from escalation_mgmt.notifiers.twilio.phone_call import METHOD as CALL
from escalation_mgmt.notifiers.twilio.signature import signed_by
from escalation_mgmt.storage import action_items, addressees, callbacks, message_secrets, outbox
from escalation_mgmt.storage.message_state import MessageState
from escalation_mgmt.utils import clock, rate_limit, visitor
from escalation_mgmt.utils.doctypes import CONTACT, ITEM, NOTIFICATION
from escalation_mgmt.utils.error_reports import report_error
from escalation_mgmt.utils.request_data import unlogged
from escalation_mgmt.utils.retry import retry_on_conflict

By = frozenset[str]
"""The names of accounts of ours by which a request is signed."""
FORGED_PER_MINUTE = 30  # of one address of the internet
WRONG_KEYS = 3
LONGEST_CALL = timedelta(hours=4)  # Twilio ends it then
_MACHINES = ("machine", "fax")
_MESSAGES = {
	"sent": MessageState.SENT,
	"delivered": MessageState.DELIVERED,
	"read": MessageState.DELIVERED,
	"failed": MessageState.FAILED,
	"undelivered": MessageState.FAILED,
}
# A call that ended with nothing said was taken, but told nobody anything.
_CALLS = dict.fromkeys(("completed", "busy", "no-answer"), MessageState.NOT_ANSWERED) | dict.fromkeys(
	("failed", "canceled"), MessageState.FAILED
)


# `xss_safe`: Frappe would clean a guest's values before anybody has asked who they are, which costs version 15 a minute for
# some; we take what was posted itself, once its signature is right.
@frappe.whitelist(allow_guest=True, xss_safe=True, methods=["POST"])
def message_status() -> Response:
	"""A receipt for an SMS."""
	return _for_twilio(_message_status)


@frappe.whitelist(allow_guest=True, xss_safe=True, methods=["POST"])
def call_status() -> Response:
	"""A call has ended, or couldn't be made."""
	return _for_twilio(_call_status)


@frappe.whitelist(allow_guest=True, xss_safe=True, methods=["POST"])
def call_answered() -> Response:
	"""Somebody, or something, took a call: what to say."""
	return _for_twilio(_call_answered)


@frappe.whitelist(allow_guest=True, xss_safe=True, methods=["POST"])
def call_key() -> Response:
	"""A key was pressed."""
	return _for_twilio(_call_key)


@frappe.whitelist(allow_guest=True, xss_safe=True, methods=["POST"])
def incoming_sms() -> Response:
	"""An SMS to one of our numbers."""
	return _for_twilio(_incoming_sms)


def _for_twilio(handle: Callable[[Any, Any, By], str]) -> Response:
	"""Answer Twilio's request: with TwiML, or with nothing. `handle` takes what was posted, what the address says, and by whose
	accounts it was signed.
	"""
	request = frappe.request
	signature = request.headers.get("X-Twilio-Signature", "")
	query = request.query_string.decode("ascii", "replace")
	with unlogged():
		try:
			by = signed_by(request.path, query, request.form, signature)
			if not by:
				return _refuse()
			if account.OWN in by:
				by |= {""}  # messages of before there were several
			said = retry_on_conflict(
				lambda: handle(request.form, request.args, by)
			)  # most callbacks come but once
		except Exception:
			frappe.db.rollback()
			report_error("Escalation: a callback of Twilio's broke")  # Frappe's own report would hold numbers
			frappe.db.commit()
			return Response(status=500)
	return Response(said, mimetype="text/xml") if said else Response(status=204)


def _refuse() -> Response:
	if not rate_limit.within("forged", visitor.address(), FORGED_PER_MINUTE, 60):
		return Response(status=429)
	return Response("This request isn't signed by Twilio for this site's public address.", status=403)


def _message_status(said: Any, ours: Any, by: By) -> str:
	if status := _MESSAGES.get(said.get("MessageStatus", "")):
		receipts.take(_receipt(said, ours, by, "MessageSid", status))
	return ""


def _call_status(said: Any, ours: Any, by: By) -> str:
	if status := _CALLS.get(said.get("CallStatus", "")):
		words = {
			"busy": _("Busy, or declined."),
			"no-answer": _("Nobody answered."),
			"completed": _("It ended before anything was said."),
		}
		detail = words.get(said["CallStatus"], "")
		again = status == MessageState.NOT_ANSWERED
		receipts.take(_receipt(said, ours, by, "CallSid", status, detail, again=again, over=True))
	return ""


def _receipt(
	said: Any, ours: Any, by: By, id: str, status: MessageState, detail: str = "", **more: bool
) -> Receipt:
	code = said.get("ErrorCode", "")
	words = errors.in_words(code) or said.get("ErrorMessage", "")
	if status == MessageState.FAILED and (code or words):
		detail = _("{0} (Twilio {1})").format(words, code).strip()
	return Receipt(
		notification=ours.get("n", ""),
		attempt=ours.get("a", ""),
		provider_id=said.get(id, ""),
		status=status,
		detail=detail,
		providers=by,
		named=bool(several.rows()),
		by_no_provider=errors.by_no_provider(code),
		**more,
	)


def _account(said: Any, by: By) -> tuple[str, ...]:
	"""What keeps an event apart from one that another account of ours could sign; empty: the first account's."""
	return () if "" in by else (said.get("AccountSid", ""),)


def _call_answered(said: Any, ours: Any, by: By) -> str:
	event = ("answered", said.get("CallSid", ""), ours.get("n", ""), ours.get("a", ""), *_account(said, by))
	return callbacks.once(event, lambda: _answered(said, ours, by)) or _nothing()


def _answered(said: Any, ours: Any, by: By) -> str:
	answered_by = said.get("AnsweredBy", "")
	call = _Call.of(ours, by)
	if not call:
		return _nothing()
	if answered_by.startswith(_MACHINES):
		return _machine_took(call, said, ours, by)
	detail = _("By a person.") if answered_by == "human" else ""
	receipts.take(_receipt(said, ours, by, "CallSid", MessageState.ANSWERED, detail))
	return call.read(ours)


def _machine_took(call: "_Call", said: Any, ours: Any, by: By) -> str:
	"""It is left the message, or hung up on, as the plan says."""
	wanted = call.on_machine
	words = _("A machine took the call.")
	if wanted is OnMachine.LEAVE_MESSAGE:
		words = _("A machine took the call, and was left the message.")
	again = wanted is OnMachine.NOT_ANSWERED
	receipts.take(_receipt(said, ours, by, "CallSid", MessageState.NOT_ANSWERED, words, again=again))
	if wanted is OnMachine.LEAVE_MESSAGE:
		return call.speaker.leave(call.message, call.tickets)
	return call.speaker.end()


def _call_key(said: Any, ours: Any, by: By) -> str:
	call = _Call.of(ours, by)
	if not call or call.row.status == MessageState.NOT_ANSWERED:  # a machine's tones acknowledge nothing
		return _nothing()
	with print_language(call.language):
		key = said.get("Digits", "")
		if act := _ACTS.get(key):
			# Where in the call it was pressed stands in the address.
			asked = frappe.request.query_string.decode("ascii", "replace")
			event = ("key", said.get("CallSid", ""), key, asked, *_account(said, by))
			return callbacks.once(event, lambda: act(call, ours)) or _nothing()
		if key == twiml.REPEAT:
			return call.read(ours)
		wrong = int(ours.get("t", "0")) + 1
		if wrong >= WRONG_KEYS:
			return call.speaker.end(_("That was a wrong key. The escalation goes on."))
		return call.read(ours, _("That was a wrong key."), wrong)


def _key_acknowledges(call: "_Call", _ours: Any) -> str:
	return call.speaker.end(in_words(acknowledge_by(call.answered, CALL, of_generation=True)))


def _key_escalates(call: "_Call", ours: Any) -> str:
	once_more = ours.get("r") == "1"  # asked for, and offered to run the plan again
	results = _run_again(call.answered) if once_more else results_of(What.PASS_ON, call.answered, CALL)
	if not once_more and all(result.instead for result in results):
		return call.read(ours, results[0].message, run_again=True)
	return call.speaker.end(of_several(results))


def _run_again(answered: Sequence[Any]) -> list[Result]:
	locked = {each.item.id: each for each in Locked.all(row.action_item for row in answered)}
	return [
		run_again(
			locked.get(row.action_item, row.action_item),
			recipient_as_actor(row, CALL),
			expected=outbox.next_of(row),
		)
		for row in answered
	]


def _key_stops_calls(call: "_Call", _ours: Any) -> str:
	return call.speaker.end(of_several(no_more_calls(call.answered)))


_ACTS: dict[str, Callable[["_Call", Any], str]] = {
	twiml.ACKNOWLEDGE: _key_acknowledges,
	twiml.ESCALATE: _key_escalates,
	twiml.NO_MORE_CALLS: _key_stops_calls,
}


def _incoming_sms(said: Any, _ours: Any, by: By) -> str:
	def take() -> str:
		answer = replies.take(said.get("From", ""), said.get("Body", ""), said.get("OptOutType", ""), by)
		response = MessagingResponse()
		if answer:
			response.message(gsm7.plainer(answer))
		return str(response)

	# Without an id nobody could tell it from one that was recorded.
	sid = said.get("MessageSid", "")
	done = callbacks.once(("sms", sid, *_account(said, by)), take) if sid else None
	return done or str(MessagingResponse())


class _Call:
	"""A call of ours that goes on now."""

	def __init__(self, row: Any, answered: Sequence[Any], tickets: Sequence[str], message: Any, voice: str):
		self.row, self.answered, self.tickets, self.message = row, answered, tickets, message
		self.language = message.language or frappe.local.lang
		self.speaker = twiml.Speaker(self.language, voice)

	@classmethod
	def of(cls, ours: Any, by: By) -> "_Call | None":
		name = ours.get("n", "")
		fields = ["name", "action_item", "method", "recipient", "user", "status", "sent_utc", *outbox.NEXT]
		fields += ["provider", "earlier_provider"]
		row = frappe.db.get_value(NOTIFICATION, name, fields, as_dict=True) if name else None
		if not row or row.method != CALL or not outbox.went_by(row) & by:
			return None
		voice = frappe.db.get_value(CONTACT, {"user": row.user}, "voice") if row.user else ""
		row.address = message_secrets.address_of(name)
		answered = addressees.who_answers(row)
		if not answered:
			return None
		if row.sent_utc and clock.now() - row.sent_utc > LONGEST_CALL:
			return None
		message = delivery.message_of(name)
		if not message:
			return None
		items = [each.action_item for each in answered]
		tickets = frappe.get_all(
			ITEM, filters={"name": ("in", items)}, pluck="reference_name", order_by="name"
		)
		return cls(row, answered, list(map(str, tickets)), message, voice or "")

	@property
	def on_machine(self) -> OnMachine:
		found = action_items.read([self.row.action_item])
		return found[0].item.plan.calls.machine if found else OnMachine.HANG_UP

	def read(self, ours: Any, first: str = "", wrong: int = 0, *, run_again: bool = False) -> str:
		known = as_they_are(self.answered, of_generation=True)
		if all(each.begun_anew or each.waits or not can_acknowledge(each.status) for each in known.values()):
			with print_language(self.language):
				return self.speaker.end(in_words(known))
		run_again = run_again or ours.get("r") == "1"
		more = {"r": "1"} if run_again else {}
		keys_url = account.account().callback(
			"call_key", n=ours["n"], a=ours.get("a", ""), t=str(wrong), **more
		)
		return self.speaker.read(self.message, self.tickets, keys_url, first, run_again=run_again)


def _nothing() -> str:
	return twiml.Speaker("").end(_("There is nothing to acknowledge any more."))
