"""What Frappe 15 and 16 alike understand of how much a list holds: `limit`; without it, everything."""

from typing import Any

import frappe
import pytest


@pytest.mark.parametrize("ask", [frappe.get_all, frappe.get_list])
def test_a_list_without_a_limit_is_whole(world: Any, ask: Any) -> None:
	for number in range(21):
		frappe.get_doc({"doctype": "ToDo", "description": f"{number}"}).insert()
	assert len(ask("ToDo", order_by="name")) == 21
	assert len(ask("ToDo", order_by="name", limit=0)) == 21
	assert len(ask("ToDo", order_by="name", limit=3)) == 3
