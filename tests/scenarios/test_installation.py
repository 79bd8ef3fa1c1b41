"""Scenario 30: a copy is mute."""

import frappe

from escalation_mgmt.api import settings as settings_api
from escalation_mgmt.dispatch import dispatcher
from escalation_mgmt.utils import installation
from tests.world import World


def test_30_a_copy_sends_nothing_and_says_so_until_it_is_made_live(world: World) -> None:
	world.plan((0, "Email"))
	ticket = world.ticket()
	queued = world.ticket("queued before the copy was made")
	original = frappe.conf.pop(installation.KEY)  # the copy's own configuration file knows no id
	try:
		world.forward(10)
		world.sweep()
		assert world.item(ticket).status == "Scheduled"
		assert dispatcher.pause() == dispatcher.LONGEST_SLEEP, "it is in no hurry for what it doesn't run"
		bootinfo = frappe._dict()
		installation.boot(bootinfo)
		assert bootinfo.escalation_mute
		for other in ("", "another", None):
			frappe.conf[installation.KEY] = other
			world.tick()
			assert world.inbox.unexpected() == [], "a copy is mute"

		# Over HTTP: within a test, Frappe 15 lets everybody through.
		refused = world.login("tech@x.test").post(
			f"{world.url}/api/method/escalation_mgmt.api.settings.make_live", timeout=30
		)
		assert refused.status_code == 403, refused.text
		frappe.set_user("admin@x.test")
		settings_api.make_live()
		frappe.set_user("Administrator")
		assert frappe.db.get_single_value("Escalation Settings", "installation_id") != original
		frappe.db.commit()
		frappe.conf[installation.KEY] = frappe.get_site_config()[installation.KEY]
		world.tick()
		world.expect_email("tech@x.test", "Server outage")
		world.expect_email("tech@x.test", "queued before")
		assert world.item(queued).status == "Escalating"
	finally:
		frappe.set_user("Administrator")
