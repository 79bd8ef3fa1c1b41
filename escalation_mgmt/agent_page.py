"""Helpdesk's agent page: the HD Form Script that brings our line there; installed with the app, removed with it."""

import hashlib

import frappe

from escalation_mgmt.facts.sources import HD_TICKET

FORM_SCRIPT = "HD Form Script"
NAME = "Escalation"
FILES = ("agent_page.js", "agent_page_style.js", "ticket_escalation.js", "ticket_parts.js")

# Whatever is wrong with our part, the agent's page works.
SCRIPT = """// Installed by Escalation Management, and written anew by every migration. Disable it here if it isn't wanted.
async function setupForm(page) {
	try {
		const { setup } = await import("/assets/escalation_mgmt/js/agent_page.js?v=VERSION");
		setup(page);
	} catch (error) {
		console.error("Escalation:", error);
	}
	return { actions: [] };
}
"""


def install() -> None:
	"""Put the script there, or renew it; nothing where there is no Helpdesk (or one without form scripts)."""
	if not frappe.db.exists("DocType", FORM_SCRIPT):
		return
	if frappe.db.exists(FORM_SCRIPT, NAME):
		doc = frappe.get_doc(FORM_SCRIPT, NAME)
	else:
		doc = frappe.new_doc(FORM_SCRIPT)
		doc.update({"name": NAME, "enabled": 1})  # whoever disables it later keeps it disabled
	doc.update({"dt": HD_TICKET, "apply_to": "Form", "script": SCRIPT.replace("VERSION", _version())})
	doc.save(ignore_permissions=True)


def remove() -> None:
	if frappe.db.exists("DocType", FORM_SCRIPT):
		frappe.delete_doc(FORM_SCRIPT, NAME, ignore_permissions=True, ignore_missing=True, force=True)


def _version() -> str:
	"""Of what browsers load: they keep it until this changes."""
	content = hashlib.sha256()
	for name in FILES:
		with open(frappe.get_app_path("escalation_mgmt", "public", "js", name), "rb") as file:
			content.update(file.read())
	return content.hexdigest()[:12]
