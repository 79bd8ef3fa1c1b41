"""What a request carries, kept out of Frappe's logs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import frappe

from escalation_mgmt.utils.masking import masked


@contextmanager
def unlogged() -> Iterator[None]:
	"""Meanwhile Frappe knows nothing of what was posted, and of the address only what is no secret: each line of its log and
	each Error Log ends with all of it, a sender's number and text and a link's token too (design rule 9).
	"""
	form, request = frappe.local.form_dict, getattr(frappe.local, "request", None)
	frappe.local.form_dict = frappe._dict()
	if request:
		frappe.local.request = _Unlogged(request)
	try:
		yield
	finally:
		frappe.local.form_dict = form
		if request:
			frappe.local.request = request


class _Unlogged:
	"""A request, but for what stands in its address."""

	def __init__(self, request: Any):
		self._request = request

	def __getattr__(self, name: str) -> Any:
		value = getattr(self._request, name)
		return masked(value) if value and name in ("path", "referrer") else value
