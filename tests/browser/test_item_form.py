"""Whoever was woken looks at the action item: what happened, what comes next and when, and does something about it."""

import re
from datetime import datetime, timedelta

from playwright.sync_api import Locator, Page, expect

from tests.browser.desk import PATIENCE, Desk, Window, plan_for
from tests.browser.seen import THEME, at_every_width, expect_seen
from tests.browser.test_accessibility import complaints
from tests.browser.test_desk import log_ticket

SECONDS = PATIENCE / 1000
SUBJECT = "The cooling of room 2 has stopped"
PLAN = plan_for(
	SUBJECT,
	"Cooling",
	{"method": "Email", "whom": "Assignee"},
	{"wait": 300, "method": "SMS", "whom": "User", "user": "lead@x.test"},
	{"wait": 300, "method": "Email", "whom": "User", "user": "second@x.test"},
)


def test_what_happened_and_what_is_planned(desk: Desk) -> None:
	desk.as_administrator("frappe.client.insert", doc=PLAN)
	set_zone(desk, "Asia/Kathmandu")
	with desk.window() as agent, desk.dispatcher():
		agent.log_in("tech@x.test")
		item = log_ticket(agent, SUBJECT, "High")
		agent.open(f"/app/escalation-action-item/{item}")
		page = agent.page
		timeline = page.locator(".escalation-timeline")
		desk.inbox.expect(method="Email", to="tech@x.test", contains=SUBJECT, timeout=SECONDS)
		expect(page.locator(".escalation-state")).to_have_text("Step 1 of 3 has run.")
		expect(page.locator(".escalation-next")).to_have_text(re.compile(r"Step 2 \(SMS\) in [45]:\d\d"))
		now = timeline.locator(".escalation-now")
		expect(now).to_contain_text("What follows is planned")
		planned = timeline.locator("li.planned")
		expect(planned.filter(has_text="Step 3, Email: to Sam Second.")).to_have_count(1)
		expect(planned.filter(has_text="Leo Lead can't be reached by SMS")).to_have_class(re.compile("red"))
		sent = timeline.locator("li", has_text="Email to Tina Tech was sent.")
		assert sent.bounding_box()["y"] < now.bounding_box()["y"] < planned.first.bounding_box()["y"]
		in_the_sites_zone(desk, item, sent)

		actions = page.locator(".escalation-actions [data-action]")
		expect(actions).to_have_text(
			[
				*("Acknowledge", "Escalate Now", "Escalate to Step…"),
				*("Snooze 15m", "Snooze 30m", "Snooze 1h", "Snooze…"),
				*("Add a Person…", "Hand Over…", "Stop…"),
			]
		)
		expect(page.locator(".escalation-actions > [data-action]")).to_have_count(2)
		more = page.locator(".escalation-actions").get_by_role("button", name="More")
		for _where in at_every_width(agent):
			expect_seen(page.locator(".escalation-summary"))
			more.click()
			expect_seen(actions.filter(has_text="Stop"))
			page.keyboard.press("Escape")
		actions.filter(has_text="Escalate Now").click()
		expect(page.locator(".escalation-state")).to_have_text("Step 3 of 3 has run.")
		expect(planned.filter(has_text="Step 3")).to_have_count(0)
		asked = page.locator(".modal-dialog:visible", has_text="Reason")
		more.click()
		actions.filter(has_text="Stop").click()
		an_old_state_stops_nothing(desk, page, item, asked)
		asked.get_by_role("button", name="Stop", exact=True).click()  # having read what happened
		expect(page.locator(".escalation-state")).to_have_text("Stopped by Tina Tech: The cooling runs again")
		expect(now).to_have_count(0)
		expect(actions).to_have_text(["Start a Plan…"])
		desk.inbox.expect(method="Email", to="second@x.test", contains=SUBJECT, timeout=SECONDS)
		desk.inbox.expect(method="Email", to="second@x.test", contains="cancelled", timeout=SECONDS)
		it_says_why_it_shows_nothing(agent, item)
	set_zone(desk, "")
	desk.as_administrator(
		"frappe.client.set_value", doctype="Escalation Plan", name="Cooling", fieldname="enabled", value=0
	)
	desk.inbox.assert_empty()


def set_zone(desk: Desk, zone: str) -> None:
	tech = {"doctype": "User", "name": "tech@x.test"}
	desk.as_administrator("frappe.client.set_value", **tech, fieldname="time_zone", value=zone)


def in_the_sites_zone(desk: Desk, item: str, sent: Locator) -> None:
	"""Whoever reads, wherever they are: as the sentences above have it, and as the label says."""
	asked = {"doctype": "Escalation Event", "filters": {"action_item": item, "kind": "Sent"}}
	event = desk.as_administrator("frappe.client.get_value", **asked, fieldname="at_utc")
	of_site = event["at_utc"]  # it is in UTC here
	expect(sent.locator("time")).to_have_text(of_site.split()[1].partition(".")[0])


def somebody_else_snoozes_it(desk: Desk, item: str) -> None:
	seen = desk.as_administrator("escalation_mgmt.api.timeline", action_item=item)["seen"]
	until = {"until": str(datetime.now() + timedelta(hours=2))}
	said = desk.as_administrator(
		"escalation_mgmt.api.act_on_item", action_item=item, action="snooze", seen=seen, values=until
	)
	assert said["done"], said


def it_says_why_it_shows_nothing(agent: Window, item: str) -> None:
	"""Also where it has never had anything to show."""
	agent.page.route("**/escalation_mgmt.api.timeline?**", lambda route: route.abort())
	agent.open(f"/app/escalation-action-item/{item}")
	expect(agent.page.locator(".escalation-stale")).to_have_text("The server can't be reached.")


def an_old_state_stops_nothing(desk: Desk, page: Page, item: str, asked: Locator) -> None:
	"""Somebody was quicker: that is said where the reason is being written."""
	asked.locator("textarea").fill("The cooling runs again")
	somebody_else_snoozes_it(desk, item)
	expect(page.locator(".escalation-state")).to_contain_text("Quiet until")
	asked.get_by_role("button", name="Stop", exact=True).click()
	refused = asked.locator(".escalation-refused")
	expect(refused).to_contain_text("Nothing was done, because this happened")
	expect_seen(refused)
	for theme in ("dark", "light"):
		page.evaluate(THEME, theme)
		assert not complaints(page, ".escalation-refused")
	expect(page.locator(".escalation-state")).to_contain_text("Quiet until")
