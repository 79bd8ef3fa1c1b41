"""What people are called whom figures are of."""

from collections.abc import Collection

import frappe


def names(users: Collection[str]) -> dict[str, str]:
	"""As they are called today, by user; without those that are no users any more: history knows what they were called."""
	found = frappe.get_all(
		"User", filters={"name": ("in", list(users) or [""])}, fields=["name", "full_name"], order_by="name"
	)
	return {user.name: user.full_name for user in found if user.full_name}
