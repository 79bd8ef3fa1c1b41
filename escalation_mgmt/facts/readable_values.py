"""What a ticket's field says to a person: the one way from a field to SMS, call, push, email, HTTP POST and page.

In the language of whom it is for (`frappe.local.lang`) and in their zone (`clock.in_zone`): rich text as its text, a number,
day, duration or amount as they write it, a link by its title. Templates still compare and calculate with the values
(`utils.worded`). Nothing is nothing: an empty field reads as an empty text.
"""

from datetime import date, datetime, timedelta
from typing import Any

import frappe
from babel.lists import format_list
from babel.numbers import format_currency, format_decimal
from babel.units import format_unit
from frappe import _
from frappe.model.meta import get_field_currency
from frappe.utils import cint, flt, format_date, format_time

from escalation_mgmt.facts import plain_values
from escalation_mgmt.facts.field_types import STARS
from escalation_mgmt.utils import clock
from escalation_mgmt.utils.html_text import text_of_html, text_of_plain
from escalation_mgmt.utils.language import locale
from escalation_mgmt.utils.worded import worded

RICH = frozenset({"Text Editor", "HTML Editor", "Comment", "HTML"})
_PICTURES = frozenset({"Signature"})  # drawn, in base64: nothing to read
_PLACES = 3  # of a number that isn't an amount
_UNITS = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))


class Reader:
	"""A document's fields as a person reads them, each read when it is asked for."""

	def __init__(self, doc: Any):
		self._doc = doc
		self._values = plain_values.of(doc)
		self._read: dict[str, Any] = {}

	def get(self, field: str) -> Any:
		"""None for an empty field, and where there is no such field or it may not be read."""
		if field not in self._read:
			df = self._doc.meta.get_field(field)
			if df and df.fieldtype in frappe.model.table_fields:
				self._read[field] = [_row(row) for row in self._doc.get(field) or []]
			else:
				self._read[field] = readable(df, field, self._values.get(field), self._doc)
		return self._read[field]


def text(df: Any, value: str) -> str:
	"""A text field as plain text. `df`: its DocField, or None."""
	kind = df.fieldtype if df else "Data"
	if kind in _PICTURES:
		return ""
	return text_of_html(value) if kind in RICH else text_of_plain(value)


def readable(df: Any, field: str, value: Any, doc: Any) -> Any:
	"""A value of a document as a person reads it."""
	kind = df.fieldtype if df else ""
	if value is None or value == "":
		return None
	if isinstance(value, str):
		return _of_text(df, field, value, doc)
	if isinstance(value, datetime):
		return worded(value, clock.shown(clock.to_utc(value)))
	if isinstance(value, date):
		return worded(value, format_date(value))
	if isinstance(value, timedelta):
		return worded(value, format_time(str(value)))
	if isinstance(value, bool) or kind == "Check":
		return worded(cint(value), _("Yes") if value else _("No"))
	if kind in _NUMBERS:
		return worded(value, _NUMBERS[kind](flt(value), df, doc))
	return value


def duration(seconds: float) -> str:
	"""A span in words: 1 hour, 5 minutes."""
	left, parts = round(abs(seconds)), []
	for unit, size in _UNITS:
		count, left = divmod(left, size)
		if count:
			parts.append(format_unit(count, f"duration-{unit}", length="long", locale=locale()))
	return (
		format_list(parts, style="unit", locale=locale())
		if parts
		else format_unit(0, "duration-second", locale=locale())
	)


def _row(row: Any) -> dict[str, Any]:
	reader = Reader(row)
	return {field: reader.get(field) for field in plain_values.of(row)}


def _of_text(df: Any, field: str, value: str, doc: Any) -> str:
	kind = df.fieldtype if df else ""
	if kind == "Select":
		return worded(value, _(value))
	if kind == "Link" or field in ("owner", "modified_by"):
		return worded(value, _title(df.options if df else "User", value))
	if kind == "Dynamic Link":
		return worded(value, _title(doc.get(df.options), value))
	return text(df, value)


def _title(doctype: str | None, name: str) -> str:
	"""What Desk shows in place of a document's name."""
	if not doctype or not frappe.db.exists("DocType", doctype):
		return name
	meta = frappe.get_meta(doctype)
	if not (meta.title_field and (meta.show_title_field_in_link or doctype == "User")):
		return name
	return text_of_plain(str(frappe.db.get_value(doctype, name, meta.title_field) or "")) or name


def _decimal(value: float, _df: Any = None, _doc: Any = None) -> str:
	return format_decimal(round(value, _PLACES), locale=locale())


def _amount(value: float, df: Any, doc: Any) -> str:
	currency = get_field_currency(df, doc) or frappe.db.get_default("currency")
	if not currency:
		return format_decimal(value, format="#,##0.00", locale=locale())
	return format_currency(value, currency, locale=locale())


def _stars(value: float, df: Any, _doc: Any) -> str:
	most = cint(df.options) or STARS
	return _("{0} of {1}").format(_decimal(round(value * most * 2) / 2), most)


_NUMBERS = {
	"Float": _decimal,
	"Percent": lambda value, df, doc: f"{_decimal(value)}\u00a0%",
	"Currency": _amount,
	"Duration": lambda value, df, doc: duration(value),
	"Rating": _stars,
}
