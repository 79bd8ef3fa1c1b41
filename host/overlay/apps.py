"""Overlay of `frappe/apps.py`."""


@frappe.whitelist()
@request_cache
def get_apps():
	"""What each app puts on the apps screen, for this user."""
	shown = []
	for app in frappe.get_installed_apps():
		if app == "frappe":
			continue
		for entry in frappe.get_hooks("add_to_apps_screen", app_name=app):
			allowed = entry.get("has_permission")
			try:
				if allowed and not frappe.get_attr(allowed)():
					continue
			except Exception:
				frappe.log_error(f"Failed to call has_permission hook ({allowed}) for {app}")
				continue
			shown.append(
				{"name": app, "logo": entry.get("logo"), "title": _(entry.get("title")), "route": entry.get("route")}
			)
	return shown
