"""Overlay of `frappe/utils/change_log.py`."""


@frappe.whitelist()
def get_versions():
	"""Title, description and version of each installed app."""
	versions = {}
	for app in frappe.get_installed_apps(_ensure_on_bench=True):
		hooks = frappe.get_hooks(app_name=app)
		versions[app] = {
			"title": (hooks.get("app_title") or [app])[0],
			"description": (hooks.get("app_description") or [""])[0],
			"branch": "",
			"version": getattr(frappe.get_module(app), "__version__", "0.0.1"),
		}
	return versions


def check_for_update():
	"""Asks no one."""
