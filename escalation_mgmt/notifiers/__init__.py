"""The registry of methods, read from the hook `escalation_notifiers` of every installed app."""

import frappe
from frappe import _

from escalation_mgmt.notifiers.base import CannotReach, Notifier

__all__ = ["CannotReach", "Notifier", "classes", "methods"]


def classes() -> dict[str, type[Notifier]]:
	"""Every registered notifier by its method, in the order of the hooks. Raises where two claim one method."""
	found: dict[str, type[Notifier]] = {}
	for path in frappe.get_hooks("escalation_notifiers"):
		notifier = frappe.get_attr(path)
		if found.setdefault(notifier.method, notifier) is not notifier:
			frappe.throw(_("Two apps provide the method {0}. Uninstall one of them.").format(notifier.method))
	return found


def methods() -> list[str]:
	return list(classes())
