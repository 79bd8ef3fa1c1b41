import frappe
from frappe.model.document import Document

from escalation_mgmt.utils.doctypes import DEED


class EscalationDeed(Document):
	"""An act on a ticket that a step has ordered: written with the claim, done after its commit. Only our code reads it; what became of it stands in the item's history."""


def on_doctype_update() -> None:
	"""Of an item, a step and a run there is one: a pass that begins again orders none twice."""
	frappe.db.add_unique(DEED, ["action_item", "step", "run"])
