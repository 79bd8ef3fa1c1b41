"""What an installation needs beside its DocTypes: two roles, the id without which nothing is sent, and its part of
Helpdesk's agent page, and columns in the list of tickets; and plans to copy from.
"""

import frappe

from escalation_mgmt import agent_page
from escalation_mgmt.operations import examples, ticket_columns
from escalation_mgmt.utils import installation
from escalation_mgmt.utils.doctypes import DEED, EVENT, ITEM, NOTIFICATION

ROLES = ("Escalation Manager", "Escalation Responder")


def before_install() -> None:
	make_roles()


def after_install() -> None:
	if not installation.is_live():
		installation.make_live()
	after_migrate()
	examples.make()


def after_migrate() -> None:
	make_roles()
	make_indexes()
	agent_page.install()
	ticket_columns.install()


def after_app_install(app: str) -> None:
	"""Helpdesk may come later than we."""
	if app == "helpdesk":
		agent_page.install()
		ticket_columns.install()
		examples.make()


def make_roles() -> None:
	"""Roles stand before the DocTypes that name them."""
	for name in ROLES:
		if not frappe.db.exists("Role", name):
			frappe.get_doc({"doctype": "Role", "role_name": name, "desk_access": 1}).insert(
				ignore_permissions=True
			)


def make_indexes() -> None:
	"""Those of several columns. Frappe asks a DocType for them where its JSON has changed, not where they alone have."""
	for doctype in (DEED, EVENT, ITEM, NOTIFICATION):
		frappe.get_doc("DocType", doctype).run_module_method("on_doctype_update")
