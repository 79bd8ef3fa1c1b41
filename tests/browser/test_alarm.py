"""Scenario 28 in Desk: the dispatcher stands still, and everybody who can do something about it sees it."""

import re

from playwright.sync_api import expect

from tests.browser.desk import SITE, Desk, plan_for, run
from tests.browser.seen import at_every_width, expect_seen
from tests.browser.test_accessibility import complaints
from tests.browser.test_desk import log_ticket

SUBJECT = "The lift is stuck"
PLAN = plan_for(
	SUBJECT,
	"Lift",
	{"method": "Email", "whom": "Assignee"},
	window=3600,
	last_wait=7200,
)
LATE = """
import sys
from datetime import timedelta
from host import sites
sites.enter(sys.argv[1])
sites.connect(sys.argv[1])
import frappe
from escalation_mgmt.utils import clock
frappe.db.set_value("Escalation Action Item", sys.argv[2], "due_utc", clock.now() - timedelta(minutes=6))
frappe.db.commit()
"""
STOPPED = """
import sys
from datetime import timedelta
from host import sites
sites.enter(sys.argv[1])
sites.connect(sys.argv[1])
from escalation_mgmt.dispatch import monitor
from escalation_mgmt.utils import clock
monitor.ticked(clock.now() - timedelta(minutes=6))
"""
MINUTE = 61_000


def test_28_a_bar_in_desk_while_the_dispatcher_stands_still(desk: Desk) -> None:
	desk.as_administrator("frappe.client.insert", doc=PLAN)
	with desk.window() as manager, desk.window(phone=True) as phone:
		for window in (manager, phone):
			window.page.clock.install()
		manager.log_in("admin@x.test")
		item = log_ticket(manager, SUBJECT, "High")
		manager.open("/app/escalation-settings")
		figures = manager.page.locator(".escalation-figures")
		expect(figures).to_contain_text(re.compile(r"Overdue\s*nothing"))
		expect(manager.page.locator(".escalation-alarm")).to_have_count(0)

		bar = manager.page.locator(".escalation-alarm")
		run("-c", STOPPED, SITE)
		manager.page.clock.fast_forward(MINUTE)
		shown = bar.locator(".escalation-alarm-text")
		expect(shown).to_contain_text("The dispatcher has not looked for 6m")
		for _where in at_every_width(manager):
			expect_seen(bar)
		assert not complaints(manager.page, ".escalation-alarm")
		bar.evaluate("bar => { bar.was_here = true }")
		spoken = bar.get_by_role("alert")
		first = spoken.inner_text()
		manager.page.clock.fast_forward(MINUTE)
		expect(shown).to_contain_text(re.compile(r"has not looked for [67]m"))
		assert spoken.inner_text() == first, "the same is spoken each minute"
		run("-c", LATE, SITE, item)
		manager.page.clock.fast_forward(MINUTE)
		expect(shown).to_contain_text("1 step is overdue, by 6m")
		assert "1 step is overdue" in spoken.inner_text(), "something else is wrong now"
		assert bar.evaluate("bar => bar.was_here"), "the bar was made anew"
		expect(figures.locator(".red", has_text="1 step is overdue")).to_be_visible()
		phone.log_in("manager@x.test")
		phone.open("/app/escalation")
		there = phone.page.locator(".escalation-alarm")
		expect(there).to_contain_text("Is the dispatcher running?")
		expect_seen(there)
		manager.open(f"/app/escalation-action-item/{item}")
		manager.page.clock.fast_forward(1000)
		expect(manager.page.locator(".escalation-next")).to_contain_text("is due now")

		with desk.dispatcher():
			desk.inbox.expect(method="Email", to="tech@x.test", contains=SUBJECT, timeout=30)
			for window in (manager, phone):
				window.page.clock.fast_forward(MINUTE)
			expect(bar).to_have_count(0)
			expect(there).to_have_count(0)
	desk.as_administrator(
		"frappe.client.set_value", doctype="Escalation Plan", name="Lift", fieldname="enabled", value=0
	)
	desk.inbox.assert_empty()
