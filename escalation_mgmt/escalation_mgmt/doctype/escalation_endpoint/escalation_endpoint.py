import frappe
from frappe import _
from frappe.model.document import Document
from standardwebhooks import Webhook

from escalation_mgmt.delivery import messages
from escalation_mgmt.facts import sources
from escalation_mgmt.notifiers import CannotReach, egress
from escalation_mgmt.notifiers.http_post import (
	HttpPostNotifier,
	belongs_to_request,
	checked_header,
	render_payload,
)
from escalation_mgmt.preflight import rights
from escalation_mgmt.storage import circuits
from escalation_mgmt.utils import clock, row_secrets

SECRETS = ("secret", "previous_secret")
LONGEST_SECONDS = 30  # two of them after each other are a batch's longest (notifiers.base.BATCH_SECONDS)


class EscalationEndpoint(Document):
	"""A named HTTP POST destination. Steps name it; its secrets live only here."""

	def validate(self) -> None:
		self.url = (self.url or "").strip()
		if wrong := egress.blank_in(self.url):
			frappe.throw(wrong, title=_("Address"))
		try:
			egress.check_url(self.url, egress.allowed_hosts())
		except egress.Forbidden as e:
			frappe.throw(str(e), title=_("Address"))
		if not 1 <= (self.timeout or 10) <= LONGEST_SECONDS:
			frappe.throw(_("The time-out must be between 1 and {0} seconds.").format(LONGEST_SECONDS))
		self._check_headers()
		self.check_payload("")
		rights.check_endpoint(self)
		for field in SECRETS:
			self._check_secret(field)
		self._refuse_secrets_of_another_host()

	def on_update(self) -> None:
		circuits.try_at_once(clock.now(), HttpPostNotifier.method, self.name)
		row_secrets.forget_removed(self, "headers")

	def on_trash(self) -> None:
		row_secrets.forget_all(self, "headers")

	def check_payload(self, doctype: str) -> None:
		"""Throw where the body names what doesn't exist, or isn't JSON for a sample ticket of `doctype`."""
		for wrong in messages.placeholders_wrong(self.payload, doctype, in_body=True):
			frappe.throw(_("The body of endpoint {0} {1}").format(self.name or self.title, wrong))
		try:
			render_payload(self.payload, messages.sample(doctype), strict=True)
		except Exception as e:
			self._refuse_missing_fields()
			frappe.throw(
				_(
					"The body of endpoint {0} doesn't render to JSON for a ticket whose subject has quotes and a "
					"second line: {1}. Put each value in as {{{{ ticket.subject | tojson }}}}, without quotes around it."
				).format(self.name or self.title, getattr(e, "around", e))
			)

	def _refuse_missing_fields(self) -> None:
		"""A field that isn't there puts nothing in, and JSON then says something else is wrong, somewhere."""
		if missing := messages.missing_fields(self.payload):
			tickets = ", ".join(_(doctype) for doctype in sources.doctypes())
			frappe.throw(
				_(
					"The body of endpoint {0} names {1}, but no ticket has such a field ({2}). Correct the name."
				).format(self.name or self.title, ", ".join(f"ticket.{field}" for field in missing), tickets)
			)

	def _check_headers(self) -> None:
		"""Refuse in words what would else be left out, or one of two."""
		seen: set[str] = set()
		for row in self.headers:
			row.header = (row.header or "").strip()
			name = row.header.lower()
			wrong = ""
			if belongs_to_request(row.header):
				wrong = _("{0} is made with each request, and can't be chosen.").format(row.header)
			elif name in seen:
				wrong = _("{0} is there twice.").format(row.header)
			elif not (row.value and self.is_dummy_password(row.value)):
				try:
					checked_header(row.header, row.value or "")
				except CannotReach as e:
					wrong = str(e)
			if wrong:
				frappe.throw(_("Row {0}: {1}").format(row.idx, wrong), title=_("Headers"))
			seen.add(name)

	def _refuse_secrets_of_another_host(self) -> None:
		"""A secret stays with the host that it was entered for. Else whoever may write an endpoint, but never saw its secrets,
		could have them sent elsewhere: by another address, by a copy, or by a row of another endpoint.
		"""
		before = self.get_doc_before_save()
		stays = bool(before) and egress.origin(before.url) == egress.origin(self.url)
		rows = {row.name for row in before.headers} if stays else set()
		kept = [
			*(_(self.meta.get_label(field)) for field in SECRETS if not stays and self._is_kept(field)),
			*(row.header for row in self.headers if row.name not in rows and self._is_kept("value", row)),
		]
		if kept:
			frappe.throw(
				_(
					"The address goes to another host than the one that these secrets were entered for. Enter them anew, or "
					"take them out: {0}."
				).format(", ".join(kept)),
				title=_("Secrets Stay With Their Host"),
			)

	def _is_kept(self, field: str, of: Document | None = None) -> bool:
		"""Whether a field holds the stars that stand for what was saved before."""
		value = (of or self).get(field)
		return bool(value) and self.is_dummy_password(value)

	def _check_secret(self, field: str) -> None:
		secret = self.get(field)
		if not secret or self.is_dummy_password(secret):
			return
		try:
			Webhook(secret)
		except Exception:
			frappe.throw(
				_("{0}: a signing secret is base64, with or without whsec_ before it.").format(
					_(self.meta.get_label(field))
				)
			)
