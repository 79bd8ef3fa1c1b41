"""What a language asks for: sentences with a number in them, in as many forms as it has, and the direction that it is written in.

Which form a number takes is CLDR's to say (Babel): one, few, many, ... A translator gives the first text for "one", the second for
all others; where a language has more forms, the second once more with the form's name as its context ("few", "many", ...).
"""

from typing import Any

import frappe
from babel import Locale, UnknownLocaleError
from frappe import _


def plural(count: int, one: Any, other: Any, *values: Any) -> str:
	"""The sentence for a number. `one`, `other`: texts marked by `frappe._lt`, in which {0} is the number and {1} and on are
	`values`.
	"""
	form = locale().plural_form(count)
	if form == "one":
		return str(one).format(count, *values)
	text = str(other) if form == "other" else _(other.msg, context=form)
	return text.format(count, *values)


def locale() -> Locale:
	"""That of the language of whom it is for; English where Babel doesn't know it."""
	try:
		return Locale.parse((getattr(frappe.local, "lang", None) or "en").replace("-", "_"))
	except (UnknownLocaleError, ValueError):
		return Locale("en")


def direction() -> str:
	"""`rtl` or `ltr`, for the `dir` of a page. What people wrote, in whichever language, has `dir="auto"` of its own."""
	return locale().text_direction
