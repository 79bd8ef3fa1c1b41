"""Scenario 45 in Desk: the database was restored; a bar says so, and whoever manages escalations looks, and decides."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from host import paths, servers, sites
from host.processes import Stack
from tests.browser.desk import PHONE, Desk, plan_for, run
from tests.browser.seen import at_every_width, expect_seen
from tests.browser.test_accessibility import complaints

SITE = "test-browser-restored.localhost"
SUBJECT = "The lift is stuck again"
PLAN = plan_for(
	SUBJECT,
	"Lift",
	{"method": "Email", "whom": "User", "user": "tech@x.test"},
	{"method": "Email", "whom": "User", "user": "lead@x.test", "wait": 3600},
)
RESTORED = """
import json, sqlite3, sys, time
from contextlib import closing
from datetime import timedelta
from host import sites
sites.enter(sys.argv[1])
sites.connect(sys.argv[1])
import frappe
from escalation_mgmt.dispatch import dispatcher
from escalation_mgmt.utils import clock
frappe.get_doc(json.loads(sys.argv[2])).insert()
for _number in range(4):
	frappe.get_doc({"doctype": "HD Ticket", "subject": sys.argv[3], "priority": "High", "raised_by": "c@x.test"}).insert()
frappe.db.commit()
time.sleep(1.1)
began = clock.now()
def tick(minutes):
	clock.use(lambda: began + timedelta(minutes=minutes))
	dispatcher.tick()
tick(0)
frappe.db.commit()
database = frappe.get_site_path("db", f"{frappe.conf.db_name}.db")
with closing(sqlite3.connect(database)) as live, closing(sqlite3.connect(":memory:")) as copy:
	live.backup(copy)
	for minutes in range(1, 6):
		tick(minutes)
	frappe.db.commit()
	copy.backup(live)
frappe.db.rollback()
clock.use(None)
dispatcher.tick()
"""


@pytest.fixture
def restored(desk: Desk) -> Iterator[str]:
	"""The address of a site of its own, whose database was restored by some minutes."""
	port = servers.free_port(paths.port(7))
	url = f"http://127.0.0.1:{port}"
	given = {
		"url": url,
		"smtp": desk.providers.smtp_address,
		"pager": desk.providers.pager_url,
		"secret": desk.providers.pager_secret,
	}
	run("-m", "tests.browser.site", SITE, json.dumps(given))
	run("-c", RESTORED, SITE, json.dumps(PLAN), SUBJECT)
	for _ticket in range(4):
		desk.inbox.expect(method="Email", to="tech@x.test", contains=SUBJECT)
	desk.inbox.expect(method="Email", to="owner@x.test", contains="The database was restored")
	with Stack(SITE, "web", port=port):
		yield url
	sites.drop_site(SITE)


def test_45_a_manager_looks_and_decides(desk: Desk, restored: str) -> None:
	with desk.window(url=restored) as manager:
		manager.log_in("admin@x.test")
		manager.open("/app/escalation-action-item")
		page = manager.page
		bar = page.locator(".escalation-restored")
		expect(bar).to_contain_text(
			"4 escalations from before it are held until somebody has looked at them."
		)
		for _where in at_every_width(manager):
			expect(bar).to_be_visible()
			expect_seen(bar)
		assert not complaints(page, ".escalation-restored")
		bar.get_by_role("button", name="Show What Is Held").click()
		rows = page.locator(".list-row .indicator-pill:visible", has_text="Held after a Restore")
		expect(rows).to_have_count(4)
		page.wait_for_url(re.compile("held_utc"))
		manager.idle()  # a list that is left before it knows its saved filters fails in Frappe

		# One from its form.
		listed = manager.server(
			"frappe.client.get_list", doctype="Escalation Action Item", order_by="name asc"
		)
		first, second, third, _fourth = (row["name"] for row in listed)
		manager.go(f"/app/escalation-action-item/{first}")
		state = page.locator(".escalation-state:visible")
		expect(state).to_contain_text("The database was restored: held since")
		for _where in at_every_width(manager, PHONE["width"], 1280):
			expect(state).to_be_visible()
			expect_seen(state)
		page.locator("button[data-action='let_go_on']:visible").click()
		expect(state).not_to_contain_text("The database was restored")
		expect(page.locator(".escalation-next:visible")).to_contain_text("Step 2 (Email)")

		# Two in the list.
		manager.go("/app/escalation-action-item")
		for name in (second, third):
			page.locator(f".list-row-checkbox[data-name='{name}']").check()
		page.get_by_role("button", name="Actions", exact=True).click()
		page.get_by_role("link", name="Cancel Them…").click()
		dialog = page.get_by_role("dialog")
		dialog.get_by_label("Reason").fill("They were acknowledged before the restore")
		dialog.get_by_role("button", name="Cancel Them").click()
		expect(page.locator(".desk-alert", has_text="2 escalations were cancelled.")).to_be_visible()
		manager.idle()

		# All others from the bar.
		page.clock.install()
		manager.open("/app/escalation-settings")
		expect(bar).to_contain_text("1 escalation from before it is held until somebody has looked at it.")
		expect(page.locator(".escalation-figures .red")).to_contain_text("An earlier state of the database")
		bar.get_by_role("button", name="Let All Go On").click()
		page.get_by_role("dialog").get_by_role("button", name="Yes").click()
		expect(bar).to_have_count(0)
		assert manager.server("escalation_mgmt.api.health.report")["restored"] is False
		said = re.sub(r"\s+", " ", str(manager.server("escalation_mgmt.api.timeline", action_item=second)))
		assert "They were acknowledged before the restore" in said and "Ada Admin" in said


def test_45_who_can_decide_nothing_sees_no_bar(desk: Desk, restored: str) -> None:
	with desk.window(url=restored) as tech:
		tech.log_in("tech@x.test")
		tech.open("/app/escalation-action-item")
		expect(tech.page.locator(".list-row .indicator-pill:visible").first).to_be_visible()
		expect(tech.page.locator(".escalation-restored")).to_have_count(0)
