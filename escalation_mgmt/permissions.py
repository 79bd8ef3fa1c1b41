"""Who sees which escalation: managers all, everyone what concerns them, whoever may read a ticket its own."""

from typing import Any

import frappe
from frappe import _
from frappe.model.db_query import DatabaseQuery

from escalation_mgmt.utils.doctypes import CONTACT, DEVICE, EVENT, ITEM, NOTIFICATION
from escalation_mgmt.utils.identity import is_there

MANAGERS = ("System Manager", "Escalation Manager")


def only_for_managers() -> None:
	"""Raises PermissionError for anybody else, and says who may. Frappe 15's own lets everybody pass while tests run."""
	if not sees_all(frappe.session.user):
		allowed = ", ".join(_(role) for role in MANAGERS)
		frappe.throw(_("This action is only allowed for {}").format(allowed), frappe.PermissionError)


def only_for_staff() -> None:
	"""Raises PermissionError for whoever has no business with escalations at all: customers, who may read their own
	tickets, don't learn whether they escalate, nor whether an action item of some name exists.
	"""
	frappe.has_permission(ITEM, "read", throw=True)


def is_staff() -> bool:
	"""Whether the present user has any business with escalations."""
	return bool(frappe.has_permission(ITEM, "read"))


def sees_app() -> bool:
	"""Whether the present user finds the app on Frappe's apps screen."""
	return sees_all(frappe.session.user)


def sees_all(user: str) -> bool:
	return user == "Administrator" or bool({*MANAGERS, "Administrator"} & {*frappe.get_roles(user)})


def concerns(item: Any, user: str) -> bool:
	"""Whether a user was notified of an action item, or may read its ticket."""
	if frappe.db.exists(NOTIFICATION, {"action_item": item.name, "user": user}):
		return True
	if not is_there(item.reference_doctype, item.reference_name, item.ticket_created):
		return False
	return bool(frappe.has_permission(item.reference_doctype, "read", item.reference_name, user=user))


def item_has_permission(doc: Any, ptype: str = "read", user: str | None = None, debug: bool = False) -> bool:
	user = user or frappe.session.user
	return sees_all(user) or concerns(doc, user)


def part_has_permission(doc: Any, ptype: str = "read", user: str | None = None, debug: bool = False) -> bool:
	"""A notification or an event is seen by whoever sees its action item."""
	user = user or frappe.session.user
	if sees_all(user):
		return True
	item = frappe.db.get_value(
		ITEM, doc.action_item, ["name", "reference_doctype", "reference_name", "ticket_created"], as_dict=True
	)
	return bool(item) and concerns(item, user)


def contact_has_permission(
	doc: Any, ptype: str = "read", user: str | None = None, debug: bool = False
) -> bool:
	"""A contact or a device is seen by its own user."""
	user = user or frappe.session.user
	return sees_all(user) or doc.user == user


def item_conditions(user: str | None = None, doctype: str | None = None) -> str:
	user = user or frappe.session.user
	return "" if sees_all(user) else f"({_visible(user, f'`tab{ITEM}`')})"


def notification_conditions(user: str | None = None, doctype: str | None = None) -> str:
	return _part_conditions(NOTIFICATION, user)


def event_conditions(user: str | None = None, doctype: str | None = None) -> str:
	return _part_conditions(EVENT, user)


def _part_conditions(doctype: str, user: str | None) -> str:
	user = user or frappe.session.user
	if sees_all(user):
		return ""
	of = f"item.`name` = `tab{doctype}`.`action_item`"
	return f"exists (select 1 from `tab{ITEM}` item where {of} and ({_visible(user, 'item')}))"


def contact_conditions(user: str | None = None, doctype: str | None = None) -> str:
	user = user or frappe.session.user
	return "" if sees_all(user) else f"`tab{CONTACT}`.`user` = {frappe.db.escape(user)}"


def device_conditions(user: str | None = None, doctype: str | None = None) -> str:
	user = user or frappe.session.user
	return "" if sees_all(user) else f"`tab{DEVICE}`.`user` = {frappe.db.escape(user)}"


def _visible(user: str, item: str) -> str:
	"""Which rows of `item` (a table or an alias) a user may see. `exists` by key, because `in (... union ...)` would
	be worked out anew for every row."""
	parts = [
		f"exists (select 1 from `tab{NOTIFICATION}` message where message.`action_item` = {item}.`name`"
		f" and message.`user` = {frappe.db.escape(user)})"
	]
	doctypes = frappe.get_all(
		ITEM, pluck="reference_doctype", distinct=True, order_by="reference_doctype", ignore_permissions=True
	)
	for doctype in doctypes:
		if not frappe.db.exists("DocType", doctype) or not frappe.has_permission(doctype, "read", user=user):
			continue
		name = f"{item}.`reference_name`"
		if frappe.get_meta(doctype).autoname == "autoincrement":
			name = f"cast({name} as {'unsigned' if frappe.db.db_type == 'mariadb' else 'integer'})"
		may_read = DatabaseQuery(doctype, user=user).build_match_conditions()
		parts.append(
			f"({item}.`reference_doctype` = {frappe.db.escape(doctype)} and exists (select 1 from `tab{doctype}`"
			f" where `tab{doctype}`.`name` = {name}"
			f" and coalesce({item}.`ticket_created`, `tab{doctype}`.`creation`) = `tab{doctype}`.`creation`"
			f"{f' and ({may_read})' if may_read else ''}))"
		)
	return " or ".join(parts)
