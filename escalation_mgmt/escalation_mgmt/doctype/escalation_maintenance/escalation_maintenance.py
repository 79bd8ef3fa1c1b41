import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import get_datetime

from escalation_mgmt import clock, release
from escalation_mgmt.maintenances import CUSTOMER, TEAM


class EscalationMaintenance(Document):
	"""A pause of the site, a team or a customer: what falls due meanwhile is held, and goes on as its plan says."""

	def validate(self) -> None:
		if get_datetime(self.ends_at) <= get_datetime(self.starts_at):
			frappe.throw(_("It ends before it begins. Exchange From and To."))
		for scope, field in ((TEAM, "team"), (CUSTOMER, "customer")):
			if self.scope != scope:
				self.set(field, None)
			elif not self.get(field):
				frappe.throw(_("Say which {0}.").format(_(scope)))
		self.starts_utc = clock.to_utc(self.starts_at)
		self.ends_utc = self.flags.ends_utc or clock.to_utc(self.ends_at)

	def on_update(self) -> None:
		release.held_by(self.name)

	def on_trash(self) -> None:
		release.held_by(self.name)

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
