import frappe
from frappe import _
from frappe.model.document import Document

from escalation_mgmt.engine import RUNNING, Clock, Plan, StartAt, takes_more
from escalation_mgmt.facts import people, plans, sources
from escalation_mgmt.operations import default_texts, ticket_columns
from escalation_mgmt.preflight import names, rights, taking, validation
from escalation_mgmt.utils import clock
from escalation_mgmt.utils.doctypes import ITEM


class EscalationPlan(Document):
	"""Which tickets a plan takes, when it starts, its ordered steps, what stops it."""

	def validate(self) -> None:
		plans.check_choices(self)
		self._keep_one_start()
		default_texts.follow_clock(self)
		rights.check_plan(self)
		if problems := self._problems():
			frappe.throw(problems, title=_("The plan can't be saved"), as_list=True)
		before = self.get_doc_before_save()
		self.enabled_utc = before.enabled_utc if before else None  # whatever a form or a caller says
		enables = self.enabled and not self.enabled_utc
		if enables:
			self._find_owner()
		plan = plans.from_doc(self)
		self.flags.takes_more = enables or (self.enabled and self._takes_more_than_before(plan))
		if self.flags.takes_more:
			self.enabled_utc = clock.now()
		elif not self.enabled:
			self.enabled_utc = None
		self.plan_version = plans.freeze(plan)

	def _keep_one_start(self) -> None:
		"""The deadline of a next response is the end of the plan's own window: of two names for it one is kept."""
		if self.clock == Clock.NEXT_RESPONSE and self.start == StartAt.AT_DEADLINE:
			self.start = str(StartAt.AFTER_WINDOW)

	def _takes_more_than_before(self, plan: Plan) -> bool:
		before = self.get_doc_before_save()
		was = plans.from_doc(before) if before else None
		return was is None or plan.clock is not was.clock or takes_more(plan.takes, was.takes)

	def _find_owner(self) -> None:
		"""Whoever enables a plan whose owner is nobody (Administrator's, as examples can be, or one who left) is its owner."""
		user = frappe.session.user
		if not people.nobody_behind(self.plan_owner) or people.nobody_behind(user):
			return
		was, self.plan_owner = self.plan_owner, user
		frappe.msgprint(
			_("You are its owner now: nobody sits behind {0}, whom it named.").format(was), alert=True
		)

	def _problems(self) -> list[str]:
		"""What it is refused for. Who switches a plan off needn't first put right what isn't there any more."""
		there = self.reference_doctype and frappe.db.exists("DocType", self.reference_doctype)
		if there and sources.is_source(self.reference_doctype):
			names.spell(self)
		problems = validation.problems(self)
		if self.enabled or not problems:
			return problems
		lost = names.lost_in_plan(self)
		return [problem for problem in problems if problem not in lost]

	def on_update(self) -> None:
		plans.forget_watched()
		taking.follow(self)
		if self.enabled:
			ticket_columns.install_soon(self.reference_doctype)
		if self.flags.enabling_was_said:
			return
		if self.flags.takes_more and (said := taking.in_words(self)):
			frappe.msgprint(said, indicator="blue")
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
		taking.follow(self)
