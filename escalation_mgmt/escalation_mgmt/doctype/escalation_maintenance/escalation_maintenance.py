import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import get_datetime

from escalation_mgmt.dispatch import maintenance_end
from escalation_mgmt.facts import sources
from escalation_mgmt.facts.maintenances import FIELD
from escalation_mgmt.utils import clock
from escalation_mgmt.utils.plain_text import cell


class EscalationMaintenance(Document):
	"""A pause of the site, a team or a customer: what falls due meanwhile is held, and goes on as its plan says."""

	def validate(self) -> None:
		known = self.starts_at and self.ends_at  # Frappe says which is missing
		if known and get_datetime(self.ends_at) <= get_datetime(self.starts_at):
			frappe.throw(_("It ends before it begins. Exchange From and To."))
		for scope, field in FIELD.items():
			if self.scope != scope:
				self.set(field, None)
			elif not self.get(field):
				frappe.throw(_("Say which {0}.").format(_(scope)))
			elif self.has_value_changed(field):  # one that is gone by now can still be ended
				self.set(field, self._known(scope, field))
		self.reason = "\n".join(cell(line) for line in (self.reason or "").split("\n"))
		self.starts_utc = clock.to_utc(self.starts_at)
		self.ends_utc = self.flags.ends_utc or clock.to_utc(self.ends_at)

	def _known(self, scope: str, field: str) -> str:
		name = sources.canonical_name(field, self.get(field))
		if not name:
			given = frappe.utils.escape_html(self.get(field))
			frappe.throw(_("There is no {0} {1}. Choose one that is offered.").format(_(scope), given))
		return name

	def on_update(self) -> None:
		maintenance_end.held_by(self.name)

	def on_trash(self) -> None:
		self._refuse_while_it_holds()

	def _refuse_while_it_holds(self) -> None:
		"""Ending it has consequences that the question whether to delete it doesn't tell."""
		runs = get_datetime(self.starts_utc) <= clock.now() < get_datetime(self.ends_utc)
		if runs and (held := maintenance_end.names_held_by(self.name)):
			frappe.throw(
				_(
					"It holds escalations ({0}). End it first, with End Now: then they go on, start over or are cancelled,"
					" as their plans say."
				).format(len(held))
			)

	@frappe.whitelist()
	def end_now(self) -> None:
		"""End it early: what it held goes on at once. For whoever may write it."""
		self.check_permission("write")
		now = clock.now()
		if now <= get_datetime(self.starts_utc):
			frappe.throw(_("It hasn't begun yet. Delete it, or change its time."))
		if now >= get_datetime(self.ends_utc):
			frappe.throw(_("It is over already."))
		self.ends_at = clock.to_site(now)
		self.flags.ends_utc = now  # exactly, also in the hour that clocks show twice
		self.save()
