"""What reports are made of: columns, and the figures above them."""

from typing import Any

from frappe import _

from escalation_mgmt.storage import wording

NONE = "–"
"""In place of a figure that there is none of."""


def column(fieldname: str, label: str, fieldtype: str, width: int, **more: Any) -> dict[str, Any]:
	if fieldtype in ("Data", "Link", "Dynamic Link"):
		more.setdefault("align", "left")  # Desk would ask the first row, and take nothing for a number
	return {"fieldname": fieldname, "label": label, "fieldtype": fieldtype, "width": width, **more}


def count(fieldname: str, label: str, width: int = 110) -> dict[str, Any]:
	return column(fieldname, label, "Int", width)


def percent(fieldname: str, label: str, width: int = 130) -> dict[str, Any]:
	"""Of a column whose values are in percent (`rounded`). Its label says so, for files and mails show the number alone."""
	return _empty_where_none(fieldname, f"{label} (%)", "Percent", width, align="right", precision=1)


def instant(fieldname: str, label: str, width: int = 185) -> dict[str, Any]:
	"""Of a column whose values are of the site's clock (`clock.to_site`)."""
	return _empty_where_none(fieldname, label, "Datetime", width)


def seconds(fieldname: str, label: str, width: int) -> dict[str, Any]:
	"""Of a column whose values are seconds and tenths."""
	return _empty_where_none(fieldname, label, "Float", width, align="right", precision=1)


def rounded(value: float | None) -> float | None:
	"""To a tenth; None stays."""
	return None if value is None else round(value, 1)


def whole_percent(share: float) -> int:
	"""To a whole number: 0 and 100 only of none and of all, for beside it stands how many are missing."""
	return min(max(round(share), 1), 99) if 0 < share < 100 else round(share)


def _empty_where_none(fieldname: str, label: str, shown_as: str, width: int, **more: Any) -> dict[str, Any]:
	"""In Frappe's mails of reports a percentage that there is none of is "0.0%", a number 0, and an instant "None". So it is text for
	Frappe, and Desk shows it as what it is (report_filters.js).
	"""
	return column(fieldname, label, "Data", width, shown_as=shown_as, **more)


def duration(fieldname: str, label: str, width: int = 150) -> dict[str, Any]:
	"""Of a column whose values are in seconds."""
	return column(fieldname, label, "Duration", width)


def summary(total: dict[str, Any]) -> list[dict[str, Any]]:
	"""The figures that stand above a report, of all that it is about (`figures.total`); `NONE` where there is none."""
	share = total["share"]
	few = share is not None and share < 80  # a hint to look, no judgement
	return [
		above(_("Escalations"), total["escalations"]),
		above(
			_("Acknowledged"),
			NONE if share is None else f"{whole_percent(share)} %",
			"Red" if few else "Green",
		),
		above(_("Median Time to Acknowledge"), time(total["median"])),
		above(_("90th Percentile"), time(total["p90"])),
		above(_("Exhausted"), total["exhausted"], "Red" if total["exhausted"] else "Grey"),
		above(_("Nobody Notified"), total["nobody_notified"], "Red" if total["nobody_notified"] else "Grey"),
	]


def time(seconds: float | None) -> str:
	"""Seconds as words; `NONE` where there are none."""
	return NONE if seconds is None else wording.duration(seconds)


def above(label: str, value: Any, indicator: str = "Blue") -> dict[str, Any]:
	"""A figure that stands above a report."""
	return {"label": label, "value": str(value), "datatype": "Data", "indicator": indicator}
