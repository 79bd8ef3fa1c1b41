"""Frappe 16's desktop and sidebar: our icon, for whom it is, also where the app was installed before it had one."""

import json
from typing import Any

import frappe
import pytest
from frappe.model.sync import sync_for

from escalation_mgmt.patches.v0_1 import desktop_of_our_own
from tests.on_site import add_person
from tests.world import World, needs

SIDEBAR, ICON = "Workspace Sidebar", "Desktop Icon"


@pytest.fixture(autouse=True)
def on_16(world: World) -> None:
	needs(SIDEBAR)  # of 15 there are icons, of another kind


def icons_of(user: str) -> list[tuple[str, str]]:
	"""Label and picture of each icon of ours that the user's desktop shows."""
	from frappe.boot import get_sidebar_items
	from frappe.desk.desktop import get_workspace_sidebar_items
	from frappe.desk.doctype.desktop_icon.desktop_icon import get_desktop_icons

	frappe.set_user(user)
	try:
		frappe.clear_cache(user=user)
		frappe.cache.hdel("desktop_icons", user)
		pages = [page["name"] for page in get_workspace_sidebar_items()["pages"]]
		boot = frappe._dict(workspace_sidebar_item=get_sidebar_items(pages))
		shown = get_desktop_icons(user, boot)
		return [
			(icon.label, icon.logo_url)
			for icon in shown
			if not icon.hidden and (icon.app == "escalation_mgmt" or "Escalation" in icon.label)
		]
	finally:
		frappe.set_user("Administrator")


OURS = [("Escalation", "/assets/escalation_mgmt/images/escalation.svg")]


@pytest.mark.parametrize("user", ["Administrator", "manager@x.test", "tech@x.test"])
def test_who_works_with_it_has_one_icon_that_opens_it(world: World, user: str) -> None:
	assert icons_of(user) == OURS


def test_others_have_none(world: World) -> None:
	add_person("paula@x.test", "Paula Plain", "Workspace Manager")
	assert icons_of("paula@x.test") == []


def as_frappe_made_it() -> None:
	"""What a site has where the app was installed before: Frappe's own, from the workspace and the hooks."""
	from frappe.utils.install import auto_generate_icons_and_sidebar

	for doctype in (ICON, SIDEBAR):
		for name in frappe.get_all(
			doctype, filters={"app": "escalation_mgmt"}, pluck="name", order_by="name"
		):
			frappe.delete_doc(doctype, name, force=True)
	auto_generate_icons_and_sidebar()
	assert frappe.db.get_value(ICON, "Escalation", "standard") == 0


@pytest.mark.parametrize(
	"before", [as_frappe_made_it, lambda: None], ids=["the app was there", "nothing of it"]
)
def test_migrating_brings_them(world: World, before: Any) -> None:
	before()
	desktop_of_our_own.execute()
	sync_for("escalation_mgmt")
	assert icons_of("tech@x.test") == OURS
	assert frappe.db.get_value(SIDEBAR, "Escalation", ["standard", "app"]) == (1, "escalation_mgmt")


def test_what_somebody_made_stays(world: World) -> None:
	mine = frappe.copy_doc(frappe.get_doc(SIDEBAR, "Escalation"))
	mine.update({"title": "Escalation-tech@x.test", "for_user": "tech@x.test", "standard": 0, "app": None})
	mine.insert()
	try:
		desktop_of_our_own.execute()
		assert frappe.db.exists(SIDEBAR, mine.name)
		assert frappe.db.exists(SIDEBAR, "Escalation")
	finally:
		frappe.delete_doc(SIDEBAR, mine.name, force=True)
		frappe.db.commit()


def test_the_sidebar_has_what_the_workspace_has(world: World) -> None:
	workspace, sidebar = frappe.get_doc("Workspace", "Escalation"), frappe.get_doc(SIDEBAR, "Escalation")
	of_workspace = [(row.label, row.link_to) for row in workspace.links if row.type == "Link"]
	of_workspace.insert(1, ("Dashboard", "Escalation"))  # a shortcut there: a link can't lead to one
	assert [(row.label, row.link_to) for row in sidebar.items if row.type == "Link"] == [
		("Home", "Escalation"),
		*of_workspace,
	]
	blocks = json.loads(workspace.content)
	sections = [block["data"]["card_name"] for block in blocks if block["type"] == "card"]
	assert [row.label for row in sidebar.items if row.type == "Section Break"] == sections[1:], (
		"the first is on top"
	)
