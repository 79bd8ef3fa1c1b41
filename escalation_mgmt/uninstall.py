"""What Frappe leaves behind when the app is taken off a site.

It deletes what a module owns: DocTypes, reports, cards, workspaces. It keeps what install and migrate made beside that,
and what Frappe 16 derives from a workspace: a sidebar for each, an icon for each, and those that people copied.
"""

import json
from pathlib import Path
from typing import Any

import frappe

from escalation_mgmt import agent_page
from escalation_mgmt.install import ROLES
from escalation_mgmt.operations import ticket_columns
from escalation_mgmt.storage import bell, restored
from escalation_mgmt.utils import installation
from escalation_mgmt.utils.doctypes import SETTINGS

APP = "escalation_mgmt"
MODULE = "Escalation Mgmt"
COUNTERS = ("ESC-", "MNT-")  # action items, maintenances
_SIDEBAR, _ICON, _LAYOUT = "Workspace Sidebar", "Desktop Icon", "Desktop Layout"  # of Frappe 16


def after_uninstall() -> None:
	"""Take it along. Nothing that tickets or people have is touched: the lines in a ticket's activity stay, and a role
	that somebody has, or that another DocType's permissions name.

	`uninstall-app --dry-run` calls this as well, with everything still there.
	"""
	if frappe.db.exists("Module Def", MODULE):
		return
	agent_page.remove()
	ticket_columns.remove()
	_remove_jobs()
	_remove_fixtures()
	bell.remove_all()
	_remove_from_the_desktop()
	_remove_roles()
	_remove_counters()
	frappe.db.delete("Singles", {"doctype": SETTINGS})
	frappe.db.delete("__Auth", {"doctype": ("like", "Escalation %")})
	installation.forget()
	restored.forget()
	for key in frappe.get_hooks("persistent_cache_keys", app_name=APP):
		frappe.cache.delete_value(
			key
		)  # the next installation must not learn that a dispatcher stopped months ago
	frappe.db.commit()  # the command doesn't, after this


def _remove_jobs() -> None:
	"""They would fail every minute."""
	for name in frappe.get_all(
		"Scheduled Job Type", filters={"method": ("like", f"{APP}.%")}, pluck="name", order_by="name"
	):
		_delete("Scheduled Job Type", name)


def _remove_fixtures() -> None:
	for file in sorted(Path(frappe.get_app_path(APP, "fixtures")).glob("*.json")):
		for record in json.loads(file.read_text()):
			_delete(record["doctype"], record["name"])


def _remove_from_the_desktop() -> None:
	"""Sidebars and icons of ours, those that people copied from them, and what others' sidebars have of ours. What Frappe
	itself does about it looks for the app's name where the app's title stands, and for sidebars that name an app.
	"""
	if not frappe.db.table_exists(_SIDEBAR):
		return  # Frappe 15
	sidebars = frappe.get_all(
		_SIDEBAR, or_filters={"app": APP, "module": MODULE}, pluck="name", order_by="name"
	)
	linked = {"link_type": _SIDEBAR, "link_to": ("in", sidebars)}
	icons = {
		*frappe.get_all(_ICON, filters={"app": APP}, pluck="name", order_by="name"),
		*(frappe.get_all(_ICON, filters=linked, pluck="name", order_by="name") if sidebars else ()),
	}
	for name in sorted(icons):
		frappe.db.set_value(
			_ICON, {"parent_icon": name}, "parent_icon", None
		)  # others' come out of the folder
		_delete(_ICON, name)
	for name in sidebars:
		_delete(_SIDEBAR, name)
	_remove_dead_links()
	_remove_from_layouts(icons)


def _remove_dead_links() -> None:
	for item in frappe.get_all(
		f"{_SIDEBAR} Item",
		filters={
			"link_to": ("like", "Escalation%"),
			"link_type": ("in", ("DocType", "Report", "Workspace", "Page", "Dashboard")),
		},
		fields=["name", "link_type", "link_to"],
		order_by="name",
	):
		if not frappe.db.exists(item.link_type, item.link_to):
			frappe.db.delete(f"{_SIDEBAR} Item", item.name)


def _remove_from_layouts(icons: set[str]) -> None:
	"""The desktop as somebody arranged it is a list of icons of its own."""
	if not frappe.db.table_exists(_LAYOUT):
		return
	for layout in frappe.get_all(_LAYOUT, fields=["name", "layout"], order_by="name"):
		try:
			before = json.loads(layout.layout or "[]")
		except ValueError:
			continue  # not ours to judge
		if (after := _without(before, icons)) != before:
			frappe.db.set_value(_LAYOUT, layout.name, "layout", json.dumps(after))


def _without(layout: Any, icons: set[str]) -> Any:
	"""A layout, which nests folders, without these icons."""
	if isinstance(layout, dict):
		return {key: _without(value, icons) for key, value in layout.items()}
	if not isinstance(layout, list):
		return layout
	return [
		_without(each, icons)
		for each in layout
		if not (isinstance(each, dict) and {each.get("name"), each.get("label")} & icons)
	]


def _remove_roles() -> None:
	"""Those that nobody has. Frappe's own look for links says who has one."""
	for name in ROLES:
		try:
			frappe.delete_doc("Role", name, ignore_permissions=True, ignore_missing=True)
		except frappe.LinkExistsError:
			frappe.clear_messages()


def _remove_counters() -> None:
	"""Of the names that our DocTypes gave, unless another DocType counts by the same."""
	for prefix in COUNTERS:
		by_prefix = {"autoname": ("like", f"{prefix}%")}
		if not frappe.get_all("DocType", filters=by_prefix, limit=1, order_by="name"):
			frappe.db.delete("Series", {"name": prefix})


def _delete(doctype: str, name: str) -> None:
	frappe.delete_doc(doctype, name, ignore_permissions=True, ignore_missing=True, force=True)
