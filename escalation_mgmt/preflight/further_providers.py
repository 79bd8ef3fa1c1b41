"""What can't be right of the further providers in Escalation Settings, when they are saved; and what each is called."""

from collections.abc import Iterator, Sequence
from typing import Any

from frappe import _

from escalation_mgmt.notifiers.several import Kind
from escalation_mgmt.notifiers.twilio.account import OWN, check_settings
from escalation_mgmt.utils.plain_text import cell


def problems(rows: Sequence[Any]) -> list[str]:
	"""In words that name the row. Names are made where there are none; numbers are made canonical."""
	found, taken = [], {OWN, str(Kind.SMS_SETTINGS)}
	for row in rows:
		row.title = _title(row, taken)
	for row in rows:
		found += [_("Row {0}: {1}").format(row.idx, words) for words in _of_row(row, rows)]
	return found


def _title(row: Any, taken: set[str]) -> str:
	if row.kind == Kind.EMAIL_ACCOUNT:
		return row.email_account or ""
	if row.kind != Kind.TWILIO:
		return OWN if row.kind == Kind.TWILIO_ABOVE else str(Kind.SMS_SETTINGS)
	given = " ".join(cell(row.title, 140).split())  # it stands with messages, which others list and print
	if not given or given == OWN:
		number = 2
		while (given := f"{OWN} {number}") in taken:
			number += 1
	taken.add(given)
	return given


def _of_row(row: Any, rows: Sequence[Any]) -> Iterator[str]:
	same = [each for each in rows if each.title == row.title and _is_email(each) == _is_email(row)]
	if same[0] is not row:
		yield _("{0} is there twice. Take one of them out, or give it another name.").format(row.title)
	if _is_email(row) and not row.email_account:
		yield _("Choose an Email Account.")
	if row.kind in (Kind.TWILIO, Kind.TWILIO_ABOVE) and not (row.sms or row.calls):
		yield _("Choose SMS, Phone Calls, or both.")
	if row.kind == Kind.TWILIO:
		if "\n" in (row.title or "") or row.title == Kind.SMS_SETTINGS:
			yield _("{0} is what another provider is called.").format(row.title)
		if not row.account_sid or not row.auth_token:
			yield _("Enter Account SID and Auth Token: callbacks are checked with it.")
		try:
			check_settings(row, "")
		except ValueError as e:
			yield str(e)


def _is_email(row: Any) -> bool:
	return row.kind == Kind.EMAIL_ACCOUNT
