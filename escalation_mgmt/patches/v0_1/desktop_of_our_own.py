"""On Frappe 16 the app brings its sidebar and its icons along. Before, Frappe made them from the workspace, without knowing
whose they are; what is there under a name isn't replaced by ours, so it goes before ours come.

What people made of theirs stays.
"""

import json
from pathlib import Path

import frappe

FOLDERS = ("desktop_icon", "workspace_sidebar")


def execute() -> None:
	for folder in FOLDERS:
		for file in sorted(Path(frappe.get_app_path("escalation_mgmt", folder)).glob("*.json")):
			record = json.loads(file.read_text())
			# Frappe 15, or one on the way from it, has no such table.
			if frappe.db.table_exists(record["doctype"]) and frappe.db.exists(
				record["doctype"], {"name": record["name"], "standard": 0}
			):
				frappe.delete_doc(record["doctype"], record["name"], ignore_permissions=True, force=True)
