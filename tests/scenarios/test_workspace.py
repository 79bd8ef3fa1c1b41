"""The workspace: what its cards count, and the plans to copy from."""

import json
from pathlib import Path

import frappe

from escalation_mgmt import install, permissions
from escalation_mgmt.engine import Clock
from escalation_mgmt.operations import examples
from escalation_mgmt.preflight import validation
from escalation_mgmt.views import number_cards
from tests.world import World


def test_the_cards_count_what_the_reader_may_see(world: World) -> None:
	world.plan((0, "Email"), (20, "Email"))
	acknowledged, _running = world.ticket("first"), world.ticket("second")
	world.forward(10)
	first, second = world.expect_email("tech@x.test", "first"), world.expect_email("tech@x.test", "second")
	assert number_cards.overdue()["value"] == 0
	assert number_cards.time_to_acknowledge_today() == "–"
	world.wait(2)
	world.post(first.links[0])
	frappe.db.commit()
	assert number_cards.time_to_acknowledge_today() == "12m"
	world.wait(24)  # it may be tomorrow by now
	late = number_cards.overdue()
	assert late["value"] == 1
	assert world.item(acknowledged).status == "Acknowledged"
	frappe.set_user("stranger@x.test")
	assert (number_cards.overdue()["value"], number_cards.time_to_acknowledge_today()) == (0, "–")
	frappe.set_user("Administrator")
	world.post(second.links[0])
	world.tick()


def test_the_workspace_has_them(world: World) -> None:
	there = frappe.get_doc("Workspace", "Escalation")
	names = [card.number_card_name for card in there.number_cards]
	assert len(names) == 4
	in_page = [block["data"] for block in json.loads(there.content) if block["type"] == "number_card"]
	assert [block["number_card_name"] for block in in_page] == names
	for name in names:
		card = frappe.get_doc("Number Card", name)
		assert (card.is_standard, card.module) == (1, "Escalation Mgmt")
		if card.type == "Custom":
			frappe.get_attr(card.method)()
		else:
			assert frappe.get_list(card.document_type, filters=json.loads(card.filters_json)) == []


def test_examples_are_sound_and_disabled_and_dont_come_back(world: World) -> None:
	examples.make()
	made = [
		frappe.get_doc("Escalation Plan", name) for name in frappe.get_all("Escalation Plan", pluck="name")
	]
	assert len(made) == 5 and not any(plan.enabled for plan in made)
	assert not [problem for plan in made for problem in validation.problems(plan)]
	by_rank = sorted(made, key=lambda plan: plan.rank)
	asks = [[row.priority for row in plan.priorities] for plan in by_rank if plan.clock == "First Response"]
	assert asks == [["Urgent"], ["High"], []]
	assert {plan.clock for plan in made} == set(Clock)
	world.ticket(priority="Urgent")
	assert not world.count_items()
	by_rank[0].delete()
	examples.make()
	install.after_migrate()
	assert frappe.db.count("Escalation Plan") == 4
	for plan in by_rank[1:]:
		plan.delete()
	install.after_migrate()
	assert not frappe.db.count("Escalation Plan")


def test_who_sets_it_up_finds_it_on_the_apps_screen(world: World) -> None:
	for user, finds_it in (("manager@x.test", True), ("Administrator", True), ("tech@x.test", False)):
		frappe.set_user(user)
		assert permissions.sees_app() is finds_it
	frappe.set_user("Administrator")
	(entry,) = frappe.get_hooks("add_to_apps_screen", app_name="escalation_mgmt")
	assert frappe.get_attr(entry["has_permission"]) is permissions.sees_app
	assert Path(
		frappe.get_app_path(
			"escalation_mgmt", "public", entry["logo"].removeprefix("/assets/escalation_mgmt/")
		)
	).exists()
