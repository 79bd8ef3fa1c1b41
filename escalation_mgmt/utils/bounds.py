"""What a form's numbers, times and long texts may be, by the type of their field. Checked before anything calculates with them.

Frappe takes what it is given: "12abc" becomes 12 or 0, and what no column holds is an error of the database's.
"""

import math
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

import frappe
from frappe import _
from frappe.utils import get_datetime, get_time, getdate

from escalation_mgmt.utils.doctypes import ENDPOINT, PLAN, SETTINGS, STEP

DAYS = 366
"""The longest that a form's duration can be, so that no sum of them leaves the calendar, and working time is counted soon."""

_DAY = 86400
_LARGEST = 2**31 - 1  # that a column of whole numbers holds
_OF_TYPE = {
	"Int": (0, 1_000_000),
	"Float": (0, 1_000_000_000),
	"Currency": (0, 1_000_000_000),
	"Percent": (0, 100),
	"Duration": (0, DAYS * _DAY),
	"Check": (0, 1),
	"Rating": (0, 1),
}
_OF_FIELD = {
	(ENDPOINT, "timeout"): (0, 30),
	(PLAN, "repeats"): (0, 100),
	(PLAN, "percent"): (0, 99),
	(PLAN, "further_calls"): (0, 10),
	(PLAN, "call_pause"): (0, 3600),
	(STEP, "acknowledgement_count"): (0, 1000),
	(SETTINGS, "link_hours"): (0, DAYS * 24),
	(SETTINGS, "keep_days"): (0, 36_500),
	(SETTINGS, "limit_minutes"): (0, 24 * 60),
	**{
		(SETTINGS, field): (0, 1000)
		for field in ("most_sms", "most_calls", "most_pushes", "most_by_one", "most_on_ticket")
	},
}
_YEARS = (1971, 2999)
# Characters. A column of MariaDB's holds 65,535 bytes, and a password stands there encrypted, a third longer.
_CHARACTERS = {"Small Text": 16_000, "Text": 16_000, "Password": 10_000}
LONGEST_ADDRESS = 2000
"""Characters of an address of the web, or of a template that stands in one line: more than any service asks for."""
_CHARACTERS_OF_FIELD = {
	(ENDPOINT, "url"): LONGEST_ADDRESS,
	(PLAN, "subject"): LONGEST_ADDRESS,
	(SETTINGS, "public_url"): LONGEST_ADDRESS,
	(SETTINGS, "heartbeat_url"): LONGEST_ADDRESS,
}


class Wrong(ValueError):
	"""`str` says what is wrong with a value, after the name of what it is."""


class Negative(Wrong):
	pass


class TooLarge(Wrong):
	pass


def check(doc: Any, _method: str = "") -> None:
	"""Throw where a number, a time or a long text of a document can't be. A hook: of our DocTypes, before they are validated; a plan
	says it with everything else that is wrong with it (`preflight.validation`).
	"""
	if found := problems(doc):
		frappe.throw(found, title=_("That can't be saved"), as_list=True)


def problems(doc: Any) -> list[str]:
	"""What is wrong with a document's numbers, times and long texts, and with those of its rows, in words that name the field.

	A value that is wrong is taken out of the document: what goes on with it calculates with its values.
	"""
	return [words for part in (doc, *doc.get_all_children()) for words in _of(part)]


def _of(part: Any) -> Iterator[str]:
	for df in part.meta.fields:
		is_text = df.fieldtype in _CHARACTERS or (part.doctype, df.fieldname) in _CHARACTERS_OF_FIELD
		check_value = _text if is_text else _CHECKS.get(df.fieldtype)
		value = part.get(df.fieldname)
		if not check_value or value is None or df.get("is_virtual"):
			continue
		try:
			# A text becomes what was understood: a column of MariaDB's takes no other.
			if value == "" and not is_text:
				part.set(df.fieldname, None)
			elif isinstance(value, str):
				part.set(df.fieldname, check_value(part.doctype, df, value))
			else:
				check_value(part.doctype, df, value)
		except Wrong as e:
			part.set(df.fieldname, None)
			words = _("{0} {1}").format(_(df.label), e)
			yield _row(part).format(words) if part.get("parentfield") else words


def _row(part: Any) -> str:
	if part.doctype == STEP:
		return _("Step {0}: {1}").format(part.idx, "{0}")
	return _("{0}, row {1}: {2}").format(_(part.doctype), part.idx, "{0}")


def number(value: Any, lowest: float, largest: float, *, whole: bool = False) -> float:
	"""The number that is given, as a text or a number. Raises Wrong where it is none, or not within these bounds."""
	try:
		found = float(value)
	except (TypeError, ValueError, OverflowError):
		raise Wrong(_("is no number: {0}.").format(_short(value))) from None
	if math.isnan(found):
		raise Wrong(_("is no number: {0}.").format(_short(value)))
	if found < lowest == 0:
		raise Negative(_("can't be negative."))
	if not lowest <= found <= largest:
		raise TooLarge(_("must be between {0} and {1}.").format(lowest, largest))
	if whole and found != int(found):
		raise Wrong(_("must be a whole number."))
	return found


def seconds(value: Any, label: str) -> timedelta:
	"""A duration that is given in seconds. Throws, in words that begin with `label`, where it can't be."""
	try:
		return timedelta(seconds=number(value or 0, *_OF_TYPE["Duration"]))
	except Negative:
		frappe.throw(_("A time can't be negative."))
	except TooLarge:
		frappe.throw(_("{0} {1}").format(label, _("must be at most {0} days.").format(DAYS)))
	except Wrong as e:
		frappe.throw(_("{0} {1}").format(label, e))


def day(value: Any) -> date:
	"""A date that is given. Throws where it is none that can be."""
	try:
		_moment(getdate)("", None, value)
	except Wrong as e:
		frappe.throw(_("{0} {1}").format(_("Date"), e))
	return getdate(value)


def is_possible(at: datetime | date) -> bool:
	"""Whether a time is one that can be calculated with in any zone."""
	return _YEARS[0] <= at.year <= _YEARS[1]


def _number(doctype: str, df: Any, value: Any) -> float:
	lowest, largest = _OF_FIELD.get((doctype, df.fieldname), _OF_TYPE[df.fieldtype])
	if df.get("read_only") and df.fieldtype != "Check":  # ours: as much as its column holds
		lowest, largest = -_LARGEST, _LARGEST
	try:
		whole = df.fieldtype in ("Int", "Check")
		found = number(value, lowest, largest, whole=whole)
		return int(found) if whole else found
	except TooLarge as e:
		raise (
			Wrong(_("must be at most {0} days.").format(DAYS)) if df.fieldtype == "Duration" else e
		) from None


def _text(doctype: str, df: Any, value: Any) -> Any:
	most = _CHARACTERS_OF_FIELD.get((doctype, df.fieldname)) or _CHARACTERS[df.fieldtype]
	if not df.get("read_only") and isinstance(value, str) and len(value.strip()) > most:
		raise Wrong(_("is too long: it can have at most {0} characters.").format(most))
	return value


def _moment(of: Callable[[Any], Any]) -> Callable[[str, Any, Any], Any]:
	def check_value(_doctype: str, _df: Any, value: Any) -> str:
		try:
			found = of(value) if isinstance(value, str | datetime | date | time | timedelta) else None
			possible = found is not None and (not isinstance(found, date) or is_possible(found))
		except (TypeError, ValueError, OverflowError, AttributeError):  # the last is Frappe's own, for 25:61
			possible = False
		except frappe.ValidationError:
			frappe.clear_last_message()
			possible = False
		if not possible:
			raise Wrong(_("is no time that can be: {0}.").format(_short(value)))
		return str(found)

	return check_value


def _time(value: Any) -> Any:
	return value if isinstance(value, timedelta) else str(get_time(value))


def _short(value: Any) -> str:
	return frappe.utils.escape_html(str(value)[:40])


_CHECKS: dict[str, Callable[[str, Any, Any], Any]] = {
	**dict.fromkeys(_OF_TYPE, _number),
	"Datetime": _moment(get_datetime),
	"Date": _moment(getdate),
	"Time": _moment(_time),
}
