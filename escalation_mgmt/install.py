"""What an installation needs beside its DocTypes: two roles, and the id without which nothing is sent."""

import frappe

from escalation_mgmt import installation

ROLES = ("Escalation Manager", "Escalation Responder")


def before_install() -> None:
	make_roles()


def after_install() -> None:
	if not installation.is_live():
		installation.make_live()
	after_migrate()


def after_migrate() -> None:
	make_roles()


def make_roles() -> None:
	"""Roles stand before the DocTypes that name them."""
	for name in ROLES:
		if not frappe.db.exists("Role", name):
			frappe.get_doc({"doctype": "Role", "role_name": name, "desk_access": 1}).insert(
				ignore_permissions=True
			)
