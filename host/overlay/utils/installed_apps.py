"""Overlay of `frappe/utils/installed_apps.py`."""


def get_setup_wizard_completed_apps() -> list[str]:
	return frappe.get_installed_apps()
