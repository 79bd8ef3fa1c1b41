"""The functions of Frappe's that administrators' templates have, with no more arguments than a message needs."""

from collections.abc import Callable
from typing import Any

import frappe.utils
from frappe import _

from escalation_mgmt.utils import clock
from escalation_mgmt.utils.budget import TooMuch

_LONGEST_TIME = 100  # characters of an instant that is read, and of a format: it is parsed bit by bit


def _translated(text: str, context: str | None = None) -> str:
	"""In the language of whom the message is for: another one would be read from the files of every app, at each call."""
	return _(text, context=context)


def _date(value: Any = None, format_string: str | None = None) -> str:
	return frappe.utils.format_date(_short(value), _short(format_string))


def _datetime(value: Any = None, format_string: str | None = None) -> str:
	"""In the zone of whom the message is for, as `clock.shown`."""
	if not value:
		return ""
	instant = clock.to_utc(_short(value))
	return clock.shown(instant, _short(format_string))


def _duration(seconds: float, hide_days: bool = False) -> str:
	return frappe.utils.format_duration(seconds, hide_days)


def _short(value: Any) -> Any:
	if isinstance(value, str) and len(value) > _LONGEST_TIME:
		raise TooMuch(_("it reads a time from a long text"))
	return value


FUNCTIONS: dict[str, Callable[..., Any]] = {
	"_": _translated,
	"format_date": _date,
	"format_datetime": _datetime,
	"format_duration": _duration,
}
"""{name: function}"""
