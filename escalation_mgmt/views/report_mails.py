"""Frappe's Auto Email Report, of our reports: what is sent is what its user may see, as its form promises.

Frappe makes the mail as whoever sends it, which is the scheduler as Administrator, and tells a script report nothing of the user.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import frappe
from frappe.email.doctype.auto_email_report.auto_email_report import AutoEmailReport


class ReportMail(AutoEmailReport):
	def get_report_content(self) -> Any:
		"""As Frappe has it; None where there is nothing to send. Raises PermissionError where the user may not read the report."""
		about = frappe.db.get_value("Report", self.report, "ref_doctype")
		if not about or frappe.get_meta(about).module != "Escalation Mgmt":
			return super().get_report_content()
		with _as(self.user):
			return super().get_report_content()


@contextmanager
def _as(user: str) -> Iterator[None]:
	"""Meanwhile permissions are this user's. Not by `frappe.set_user`, which would forget what the request has asked."""
	local = frappe.local
	before = local.session.user, local.user_perms, local.role_permissions
	local.session.user, local.user_perms, local.role_permissions = user, None, {}
	try:
		yield
	finally:
		local.session.user, local.user_perms, local.role_permissions = before
