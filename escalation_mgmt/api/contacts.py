"""Contacts: a number is verified by a code that is sent to it; a test message; our numbers as a vCard.

Everything here is for the contact's own user and for managers.
"""

import hmac
import secrets
from datetime import timedelta
from typing import Any

import frappe
from frappe import _
from werkzeug.wrappers import Response

from escalation_mgmt import permissions
from escalation_mgmt.delivery.single_message import send_single
from escalation_mgmt.facts.people import Directory, Person
from escalation_mgmt.notifiers import CannotReach
from escalation_mgmt.notifiers.base import Notifier, Sent
from escalation_mgmt.notifiers.twilio.account import accounts
from escalation_mgmt.notifiers.twilio.sms import SmsNotifier
from escalation_mgmt.storage import addressees
from escalation_mgmt.utils import clock, installation, rows, site_key, typed
from escalation_mgmt.utils.doctypes import CONTACT, CONTACT_CODE
from escalation_mgmt.utils.error_reports import reported
from escalation_mgmt.utils.rate_limit import hourly

CODE_LIVES = timedelta(minutes=10)
TRIES = 5  # before a code is worth nothing
CODES_PER_HOUR = TESTS_PER_HOUR = 5


@frappe.whitelist(methods=["POST"])
@reported("Escalation: send_code broke")
def send_code(contact: str) -> dict[str, Any]:
	"""Send a code to the contact's mobile number. Returns {"sent": whether Twilio took it, "message": in words}."""
	doc = _mine(contact)
	notifier, why = SmsNotifier(), _not_live() or _has_left(doc.user)
	if why := why or notifier.not_ready():
		return {"sent": False, "message": why}
	if not doc.mobile_no:
		return {"sent": False, "message": _("Enter the mobile number and save it first.")}
	try:
		number = notifier.check_address(doc.mobile_no)
	except CannotReach as e:
		return {"sent": False, "message": str(e)}
	hourly("code", contact, CODES_PER_HOUR)
	code = f"{secrets.randbelow(10**typed.CODE_DIGITS):0{typed.CODE_DIGITS}}"
	_locked(contact)
	_forget_code(contact)
	waiting = {
		"name": contact,
		"mobile_no": number,
		"code_hash": _hashed(contact, number, code),
		"tries": 0,
		"expires_utc": clock.now() + CODE_LIVES,
	}
	rows.insert_all(CONTACT_CODE, [waiting])
	frappe.db.commit()  # before it is sent: who has the code must not find it unknown
	text = _("{0} is your code. It is valid for 10 minutes.").format(code)
	return _sent(notifier, number, text, doc.language)


@frappe.whitelist(methods=["POST"])
@reported("Escalation: check_code broke")
def check_code(contact: str, code: str) -> dict[str, Any]:
	"""Verify the contact's number by the code that was sent to it. Returns {"verified", "message"}; never throws for a
	wrong code, so that the try counts."""
	doc = _mine(contact)
	tried = _locked(contact)
	if (
		not tried.code_hash
		or tried.sent_to != tried.mobile_no
		or tried.expires_utc < clock.now()
		or _has_left(doc.user)
	):
		return {"verified": False, "message": _("There is no valid code for this number. Send a new one.")}
	if tried.tries >= TRIES:
		return {"verified": False, "message": _("Too many wrong codes. Send a new one.")}
	read = typed.code(str(code))
	if not read:  # no code at all: nobody guesses by it, so no try is lost
		return {
			"verified": False,
			"message": _("The code has {0} digits, and nothing else.").format(typed.CODE_DIGITS),
		}
	given = _hashed(contact, tried.mobile_no, read)
	if not hmac.compare_digest(given, tried.code_hash):
		frappe.db.set_value(CONTACT_CODE, contact, "tries", tried.tries + 1)
		return {"verified": False, "message": _("The code is wrong.")}
	_forget_code(contact)
	frappe.db.set_value(CONTACT, contact, "mobile_verified", 1)
	return {"verified": True, "message": _("The number is verified.")}


@frappe.whitelist(methods=["POST"])
@reported("Escalation: send_test broke")
def send_test(contact: str, method: str) -> dict[str, Any]:
	"""Send the contact's user a test by a method, now. Returns {"sent", "message"}."""
	doc = _mine(contact)
	directory = Directory()
	person = directory.person(doc.user)
	notifier, why = directory.notifier(method)
	if why := _not_live() or why:
		return {"sent": False, "message": why}
	if not isinstance(person, Person) or not notifier:
		return {"sent": False, "message": str(person)}
	try:
		address = notifier.address_of(person)
	except CannotReach as e:
		return {"sent": False, "message": str(e)}
	hourly("test", contact, TESTS_PER_HOUR)
	return _sent(
		notifier,
		address,
		_("This is a test. Escalations reach you by {0}.").format(_(method)),
		person.language,
	)


@frappe.whitelist()
def ways(contact: str) -> list[str]:
	"""The methods that a test can be sent by to the contact's user."""
	doc = _mine(contact)
	directory = Directory()
	person = directory.person(doc.user)
	found = []
	for method in directory.methods():
		notifier, why = directory.notifier(method)
		if notifier and not why and isinstance(person, Person):
			try:
				notifier.address_of(person)
				found.append(method)
			except CannotReach:
				continue
	return found


@frappe.whitelist()
def vcard() -> Response:
	"""The numbers that we call and write from, as a contact for a phone, so that it lets them through at night."""
	permissions.only_for_staff()
	name = _escaped(_("Escalation {0}").format(frappe.local.site))
	numbers = [f"TEL;TYPE=CELL:{number}" for ours in accounts() for number in ours.numbers]
	# RFC 2426, which every phone reads.
	lines = ["BEGIN:VCARD", "VERSION:3.0", f"N:{name};;;;", f"FN:{name}", *numbers, "END:VCARD", ""]
	return Response(
		"\r\n".join(lines),
		mimetype="text/vcard",
		headers={"Content-Disposition": 'attachment; filename="escalation.vcf"'},
	)


def _escaped(text: str) -> str:
	for character in ("\\", ";", ","):
		text = text.replace(character, "\\" + character)
	return " ".join(text.split())


def _mine(contact: str) -> Any:
	"""The contact, if it is the present user's own or they are a manager. Raises PermissionError."""
	user = frappe.session.user
	whose = frappe.db.get_value(CONTACT, contact, "user")
	if user == "Guest" or not (permissions.sees_all(user) or user == whose):
		raise frappe.PermissionError(_("Only {0} and managers may do that.").format(contact))
	return frappe.get_doc(CONTACT, contact)


def _has_left(user: str) -> str:
	return "" if addressees.is_enabled(user) else _("The user is disabled.")


def _not_live() -> str:
	return "" if installation.is_live() else _("This site is a copy: it sends nothing.")


def _hashed(contact: str, number: str, code: str) -> str:
	"""A million codes are soon tried: without the site's own key the hash tells nothing."""
	return site_key.signed(contact, number, code)


def _locked(contact: str) -> Any:
	"""A contact's number and the code that waits, under a lock: a snapshot's number may be older than the code."""
	return frappe.db.sql(
		"select c.`mobile_no`, w.`mobile_no` as sent_to, w.`code_hash`, w.`tries`, w.`expires_utc`"
		f" from `tab{CONTACT}` c left join `tab{CONTACT_CODE}` w on w.`name` = c.`name`"
		" where c.`name` = %s for update",
		(contact,),
		as_dict=True,
	)[0]


def _forget_code(contact: str) -> None:
	frappe.db.delete(CONTACT_CODE, {"name": contact})


def _sent(notifier: Notifier, address: str, text: str, language: str | None) -> dict[str, Any]:
	outcome = send_single(notifier, address, text, language or "")
	if isinstance(outcome, Sent):
		return {"sent": True, "message": _("Sent to {0}.").format(notifier.mask(address))}
	return {"sent": False, "message": outcome.detail}
