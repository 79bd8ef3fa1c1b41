"""What a person may let a plan read of tickets, by Frappe's own permissions: of whoever saves it, tries it or looks back.

A plan reads every ticket of its DocType, for whoever it pages. So who can't read the DocType can't write a plan for it; and
who may read only some of its tickets (their own, those of a customer), or not all of a ticket's fields (by permission levels),
can let it name only what an action item shows anyway, or what they may read of every ticket.
"""

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

import frappe
from frappe import _
from frappe.model import default_fields, table_fields
from frappe.model.db_query import DatabaseQuery

from escalation_mgmt.facts import plain_values, sources

_OF_EVERY_TICKET = frozenset({*default_fields, *plain_values.PRIVATE_BUT_READ})


def check_doctype(doctype: str) -> None:
	"""Raises PermissionError where the present user may not read documents of a DocType at all."""
	check_fields(doctype, ())


def check_fields(doctype: str, asked: Iterable[str]) -> None:
	"""Raises PermissionError where the present user can't let a plan read one of these fields of every ticket."""
	if refused := refusals(doctype, asked):
		frappe.throw(
			refused, frappe.PermissionError, title=_("A plan can't read more than you"), as_list=True
		)


def refusals(doctype: str, asked: Iterable[str]) -> list[str]:
	"""Why the present user can't let a plan read these fields of every ticket, in words; [] where they can."""
	if not frappe.has_permission(doctype, "read"):
		return [
			_("You may not read {0}, so no plan of yours may. Ask for the right to read it.").format(
				_(doctype)
			)
		]
	return list(_Rights(doctype).refused(asked))


class _Rights:
	"""What the present user may read of the tickets of a DocType."""

	def __init__(self, doctype: str):
		self._doctype, self._meta = doctype, frappe.get_meta(doctype)

	def refused(self, asked: Iterable[str]) -> Iterator[str]:
		for field in sorted({*asked}):
			if field in _OF_EVERY_TICKET or field in self._shown:
				continue
			known = self._meta.get_field(field)
			if not known and _is_nothing(field):
				continue
			# `doc` itself, or a method of it: that reads the whole ticket
			what = field if known else _("all fields of a ticket")
			if self._sees_some_only:
				yield _("You may read only some of {0}. A plan of yours can't name {1}.").format(
					_(self._doctype), what
				)
			elif not all(map(self._may_read, [known] if known else self._meta.fields)):
				yield _("You may not read {1} of {0}. A plan of yours can't name it.").format(
					_(self._doctype), what
				)

	@cached_property
	def _shown(self) -> set[str]:
		"""What every action item shows of its ticket: whoever made it a source has decided on that."""
		return set(sources.source(self._doctype).fields)

	@cached_property
	def _sees_some_only(self) -> bool:
		"""Whether Frappe narrows what they are shown of the DocType: by user permissions, owner, or an app's own rule."""
		return bool(DatabaseQuery(self._doctype, user=frappe.session.user).build_match_conditions())

	def _may_read(self, field: Any) -> bool:
		if frappe.session.user == "Administrator":
			return True
		parts = frappe.get_meta(field.options).fields if field.fieldtype in table_fields else []
		return all(map(self._is_at_hand, (field, *parts)))

	def _is_at_hand(self, field: Any) -> bool:
		"""By the levels of the ticket's DocType, which count for the tables in it too. Frappe 16 masks some fields besides."""
		rights = ("read", "mask") if field.get("mask") else ("read",)
		return all((field.permlevel or 0) in self._levels(right) for right in rights)

	def _levels(self, right: str) -> list[int]:
		return self._meta.get_permlevel_access(right, user=frappe.session.user)


def _is_nothing(field: str) -> bool:
	"""A name that no ticket has, nor the plain values that stand for one: nothing is read by it, and validation says so."""
	return field.isidentifier() and not field.startswith("_") and not hasattr(frappe._dict, field)
