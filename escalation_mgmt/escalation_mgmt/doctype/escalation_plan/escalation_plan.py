import frappe
from frappe import _
from frappe.model.document import Document

from escalation_mgmt.engine import RUNNING
from escalation_mgmt.facts import plans
from escalation_mgmt.preflight import validation
from escalation_mgmt.utils import clock
from escalation_mgmt.utils.doctypes import ITEM


class EscalationPlan(Document):
	"""Which tickets a plan takes, when it starts, its ordered steps, what stops it."""

	def validate(self) -> None:
		if problems := validation.problems(self):
			frappe.throw(problems, title=_("The plan can't be saved"), as_list=True)
		if self.enabled and not self.enabled_utc:
			self.enabled_utc = clock.now()
		elif not self.enabled:
			self.enabled_utc = None
		self.plan_version = plans.freeze(plans.from_doc(self))

	def on_update(self) -> None:
		plans.forget_watched()
		for warning in validation.warnings(self):
			frappe.msgprint(warning, indicator="orange", alert=True)

	def on_trash(self) -> None:
		running = frappe.db.count(ITEM, {"plan": self.name, "status": ("in", sorted(RUNNING))})
		if running:
			frappe.throw(
				_(
					"{0} running escalations follow this plan. Disable it: they go on, and no new one starts."
				).format(running),
				title=_("The plan can't be deleted"),
			)

	def after_delete(self) -> None:
		plans.forget_watched()
