"""Phone numbers: E.164 (ITU-T), by phonenumbers."""

from collections.abc import Callable
from functools import lru_cache

import frappe
import phonenumbers
from frappe import _
from phonenumbers import NumberParseException, PhoneNumberType

from escalation_mgmt.notifiers.base import CannotReach, Person

SHORTEST = len("+6834000")  # of all countries' numbers


def normalised(number: str, shown: Callable[[str], str] = str) -> str:
	"""The number in E.164, such as +491701234567. Raises ValueError, in words that say what to write.

	Without a country code it is taken for one of the site's country (System Settings). `shown` is how the words name the
	number: as it was typed, or `masked`.
	"""
	number = (number or "").strip()
	try:
		found = _parsed(number, region())
	except NumberParseException:
		raise ValueError(_("{0} is not a phone number. {1}").format(shown(number), _example())) from None
	if found.extension:
		raise ValueError(
			_("{0} has an extension, which neither an SMS nor a call reaches.").format(shown(number))
		)
	canonical = phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)
	if not phonenumbers.is_possible_number(found) or len(canonical) < SHORTEST:
		raise ValueError(_("{0} has too few or too many digits. {1}").format(shown(number), _example()))
	return canonical


def _example() -> str:
	return _("Write it with its country code, such as +49 170 1234567.")


# A tenth of a burst's decisions went into parsing the same numbers again and again.
_parsed = lru_cache(maxsize=4096)(phonenumbers.parse)


def mobile_of(person: Person) -> str:
	"""The verified mobile number of a person. Raises CannotReach."""
	if not person.mobile_no:
		raise CannotReach(_("Has no mobile number. Enter one in their Escalation Contact."))
	if not person.mobile_verified:
		raise CannotReach(_("The mobile number is not verified. Verify it in their Escalation Contact."))
	return person.mobile_no


def checked(address: str) -> str:
	"""The number in E.164. Raises CannotReach, which history shows: the number is masked in it."""
	try:
		return normalised(address, masked)
	except ValueError as e:
		raise CannotReach(str(e)) from None


def takes_sms(number: str) -> bool:
	"""Whether a number can be one that takes SMS: no known landline, toll-free or premium number."""
	never = (
		PhoneNumberType.FIXED_LINE,
		PhoneNumberType.TOLL_FREE,
		PhoneNumberType.PREMIUM_RATE,
		PhoneNumberType.SHARED_COST,
	)
	return phonenumbers.number_type(_parsed(number)) not in never


def masked(number: str) -> str:
	"""The number as history may show it: its country code and its last two digits."""
	try:
		country = f"+{_parsed(number, region()).country_code}"
	except NumberParseException:
		country = ""
	return f"{country}…{number[-2:]}"


def region() -> str | None:
	"""The site's country as ISO 3166 has it, for numbers without a country code."""
	country = frappe.db.get_single_value("System Settings", "country")
	code = frappe.get_cached_value("Country", country, "code") if country else None
	return code.upper() if code else None
