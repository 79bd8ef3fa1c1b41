"""A request for this app, or about its documents, that holds half of a character (of a surrogate pair) is refused in words.

No database takes that. Frappe 16 refuses such JSON itself; 15 goes on, and breaks in the middle of whatever asks the database
first.
"""

import json
from contextlib import suppress
from typing import Any

import frappe
from frappe import _

from escalation_mgmt.utils.plain_text import check_storable

_OURS = (b"escalation_mgmt", b"Escalation ", b"Escalation%20")


def refuse() -> None:
	"""Before a request is handled. Raises ValidationError."""
	request = frappe.request
	body = request.get_data() if request else b""
	if b"\\ud" not in body.lower():
		return
	asked = request.full_path.encode()
	if not any(ours in part for ours in _OURS for part in (asked, body)):
		return
	try:
		for value in dict(frappe.form_dict).values():
			check_storable(_read(value))
	except UnicodeEncodeError:
		frappe.throw(_("There is half of a character in it, which can't be stored. Type the text again."))


def _read(value: Any) -> Any:
	"""What Frappe makes of a value: a text that is JSON is read."""
	if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
		with suppress(ValueError, RecursionError):
			return json.loads(value)
	return value
