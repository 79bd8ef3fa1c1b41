"""What a field of a ticket can say, by its type in Frappe, and its value as the engine takes it.

The engine compares words. A number is a word in one spelling: 3, 3.0 and "3.00" are "3". A Rating counts its stars, as people
see it, not the part of one that Frappe stores.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from frappe.utils import cint, get_datetime, getdate

from escalation_mgmt.utils.plain_text import cell

NUMBERS = frozenset({"Int", "Long Int", "Float", "Currency", "Percent", "Duration", "Rating", "Check"})
_WORDS = frozenset(
	{"Data", "Select", "Link", "Dynamic Link", "Autocomplete", "Small Text", "Read Only", "Phone", "Color", "Icon"}
)  # fmt: skip
_CHOSEN = NUMBERS | {"Link", "Dynamic Link", "Select"}
_TEXTS = frozenset({"Text", "Long Text", "Text Editor", "HTML Editor", "Markdown Editor", "Code"})
_TIMES = frozenset({"Datetime", "Date", "Time"})
_SCALES = frozenset({"Rating", "Check"})  # of these more is more urgent; of a number nobody knows
STARS = 5  # of a Rating that doesn't say how many it has
LONGEST = 140  # characters that an action item keeps of a word
PLACES = 9  # that Frappe keeps of a number

FITTING = {
	"subject": _WORDS | NUMBERS | _TEXTS | _TIMES,
	**dict.fromkeys(("priority", "team", "ticket_type", "customer", "status"), _WORDS | NUMBERS),
	**dict.fromkeys(("response_by", "resolution_by"), frozenset({"Datetime", "Date"})),
	"first_response": frozenset({"Datetime"}),
}
"""Which types of fields can say what of a ticket. All others are refused where the field is chosen."""

NAMING_A_USER = frozenset({"Link", "Dynamic Link", "Data", "Select", "Autocomplete", "Read Only"})


def is_number(field: Any) -> bool:
	"""Whether a field (a DocField; None: there is none) holds numbers."""
	return bool(field) and field.fieldtype in NUMBERS


def is_scale(field: Any) -> bool:
	"""Whether more is more urgent in a field (a DocField; None: there is none)."""
	return bool(field) and field.fieldtype in _SCALES


def as_word(field: Any, value: Any) -> str:
	"""What a field holds, in the one spelling that is compared; empty for nothing. Never raises."""
	if value is None or value == "":
		return ""
	if is_number(field):
		try:
			number = _number(value)
		except ValueError:
			return str(value)
		if field.fieldtype == "Rating":
			number = (number * _stars(field) * 2).quantize(Decimal(1)) / 2  # a half at least
		return _spelled(number)
	return value if isinstance(value, str) else str(value)


def canonical(field: Any, word: str) -> str:
	"""What a person wrote to be compared with a field, spelled as `as_word` spells it. Raises ValueError for what the field
	can't hold.
	"""
	if not word or not is_number(field):
		return word
	number = _number(word.strip())
	if field.fieldtype == "Check" and number not in (0, 1):
		raise ValueError(word)
	return _spelled(number)


def as_kept(field: Any, word: str) -> str:
	"""A word as an action item keeps it and plans are compared with it: what is chosen as it is, for it is a name; what a
	field takes as somebody wrote it, plain and no longer than we keep.
	"""
	return word if field and field.fieldtype in _CHOSEN else cell(word, LONGEST)


def as_value(field: Any, word: str) -> Any:
	"""What stands in the field where `as_word` says this."""
	if not word or not is_number(field):
		return word
	try:
		number = _number(word)
	except ValueError:
		return word
	if field.fieldtype == "Rating":
		return float(number / _stars(field))
	return int(number) if number == number.to_integral_value() else float(number)


def options(field: Any) -> list[str]:
	"""The words of a scale, which are few; [] for any other field."""
	if field.fieldtype == "Check":
		return ["1", "0"]
	return [str(stars) for stars in range(_stars(field), 0, -1)] if field.fieldtype == "Rating" else []


def urgency(field: Any, word: str) -> int:
	"""How urgent a word of a scale is: more stars, a box that is ticked. 0 for a field that is no scale."""
	if not is_scale(field):
		return 0
	try:
		return int(_number(word) * 10)
	except ValueError:
		return 0


def as_instant(field: Any, value: Any) -> datetime | None:
	"""A moment in the site's zone: of a Date, its end, for what is due on a day is due until it is over. None for what is no
	moment.
	"""
	if not value or not field or field.fieldtype not in ("Datetime", "Date"):
		return None
	if field.fieldtype == "Date" and (isinstance(value, str) or type(value) is date):
		return get_datetime(getdate(value)) + timedelta(days=1)
	return get_datetime(value)


def _number(value: Any) -> Decimal:
	"""Raises ValueError."""
	try:
		number = Decimal(str(value if not isinstance(value, bool) else cint(value)))
		if not number.is_finite() or abs(number) >= 10**18:
			raise ValueError(value)
		return round(number, PLACES)
	except InvalidOperation:
		raise ValueError(value) from None


def _spelled(number: Decimal) -> str:
	return f"{number.normalize():f}" if number else "0"


def _stars(field: Any) -> int:
	return cint(field.options) or STARS
