"""Frappe's Auto Email Report, of our reports: what is sent is what its user may see, as its form promises.

Frappe makes the mail as whoever sends it, which is the scheduler as Administrator, and tells a script report nothing of the user.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import frappe
from frappe.desk import query_report
from frappe.email.doctype.auto_email_report.auto_email_report import AutoEmailReport
from frappe.utils import escape_html


class ReportMail(AutoEmailReport):
	def get_report_content(self) -> Any:
		"""As Frappe has it; None where there is nothing to send. Raises PermissionError where the user may not read the report."""
		if not self._is_ours:
			return super().get_report_content()
		with _as(self.user):
			return super().get_report_content()

	def get_html_table(self, columns: Any = None, data: Any = None) -> str:
		"""With what the report says above its rows: of the figures it leaves out, and the summary. Frappe mails the rows alone."""
		if not self._is_ours:
			return super().get_html_table(columns, data)
		described = self.description
		with _as(self.user):
			self.description = f"{described or ''}{self._said()}"
			try:
				return super().get_html_table(columns, data)
			finally:
				self.description = described

	@property
	def _is_ours(self) -> bool:
		about = frappe.db.get_value("Report", self.report, "ref_doctype")
		return bool(about) and frappe.get_meta(about).module == "Escalation Mgmt"

	def _said(self) -> str:
		filters = dict(frappe.parse_json(self.filters) or {})
		answer = query_report.run(
			self.report, filters=filters, ignore_prepared_report=True, are_default_filters=False
		)
		summary = [
			f"{escape_html(each['label'])}: {frappe.format(each['value'], {'fieldtype': each.get('datatype')})}"
			for each in answer.get("report_summary") or []
		]
		said = [" · ".join(summary), answer.get("message") or ""]
		return "".join(f"<p>{each}</p>" for each in said if each)


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
