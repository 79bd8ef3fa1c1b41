"""Scenario 29: what is old goes, with all that belongs to it; what runs stays."""

from datetime import timedelta

import frappe

from escalation_mgmt.operations import retention
from escalation_mgmt.utils import rows
from tests.world import World

DAY = 24 * 60
PARTS = ("Escalation Action Item", "Escalation Notification", "Escalation Event", "Escalation Plan Version")


def counts() -> dict[str, int]:
	frappe.db.commit()
	return {doctype: frappe.db.count(doctype) for doctype in PARTS}


def keep(days: int) -> None:
	frappe.db.set_single_value("Escalation Settings", "keep_days", days)
	frappe.db.commit()


def answered_and_running(world: World):
	"""Two tickets that escalate; one is resolved. Its plan was edited since, so its version is nobody's any more."""
	plan = world.plan((0, "Email"))
	old = world.ticket()
	world.forward(10)
	world.expect_email("tech@x.test")
	plan.reload().update({"last_wait": 60 * DAY * 100})
	plan.save()
	running = world.ticket("Still burning")
	world.forward(10)
	world.expect_email("tech@x.test")
	world.change(old, status="Resolved")
	world.tick()
	world.expect_email("tech@x.test", "has been answered")
	return world.item(old), world.item(running)


def test_29_old_items_go_with_all_that_belongs_to_them_and_none_that_runs(world: World) -> None:
	keep(30)
	try:
		old, running = answered_and_running(world)
		old.add_comment("Comment", "Well done")
		before = counts()
		world.wait(29 * DAY)
		retention.daily()
		assert counts() == before
		world.wait(2 * DAY)
		retention.daily()
		assert counts() == dict.fromkeys(PARTS, 1) | {"Escalation Event": len(world.kinds(running))}
		assert not frappe.db.exists("Escalation Action Item", old.name)
		assert not frappe.db.exists("Comment", {"reference_name": old.name})
		assert frappe.get_all("Escalation Action Item", pluck="name", order_by="name") == [running.name]
	finally:
		keep(0)


def test_whose_turn_it_was_goes_as_escalations_do(world: World) -> None:
	def turn(user: str, days: int) -> dict:
		at = world.now - timedelta(days=days)
		return {"name": rows.new_name(), "team": "Network", "user": user, "chosen_utc": at}

	rows.insert_all("Escalation Turn", [turn("tech@x.test", 31), turn("lead@x.test", 29)])
	retention.daily()
	assert frappe.db.count("Escalation Turn") == 2
	keep(30)
	try:
		retention.daily()
		assert frappe.get_all("Escalation Turn", pluck="user") == ["lead@x.test"]
	finally:
		keep(0)


def test_29_zero_days_keep_everything(world: World) -> None:
	keep(0)
	answered_and_running(world)
	before = counts()
	world.wait(4000 * DAY)
	retention.daily()
	assert counts() == before


def test_9_addresses_go_seven_days_after_the_end(world: World) -> None:
	old, running = answered_and_running(world)

	def addresses(item) -> set[str]:
		return {message.address for message in world.messages(item)}

	world.wait(7 * DAY - 1)
	retention.daily()
	assert addresses(old) == {"tech@x.test"}
	world.wait(2)
	retention.daily()
	assert addresses(old) == {""} and addresses(running) == {"tech@x.test"}
	assert {row["person"] for row in world.report()} == {"Tina Tech"}


def test_devices_that_are_gone_go_after_thirty_days(world: World) -> None:
	from escalation_mgmt.notifiers.push import devices

	world.device("tech@x.test", label="lost")
	world.device("tech@x.test", label="kept")
	world.device("tech@x.test", label="just lost")
	names = dict(frappe.get_all("Escalation Device", fields=["label", "name"], as_list=True, order_by="name"))
	devices.mark_dead({names["lost"]: "gone", names["just lost"]: "gone"})
	long_ago = frappe.utils.add_days(frappe.utils.now_datetime(), -31)
	for label in ("lost", "kept"):
		frappe.db.set_value("Escalation Device", names[label], "modified", long_ago, update_modified=False)
	frappe.db.commit()
	retention.daily()
	left = frappe.get_all("Escalation Device", pluck="label", order_by="name")
	assert sorted(left) == ["just lost", "kept"]
