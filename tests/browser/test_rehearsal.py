"""An administrator who has never seen it tries a plan out for Friday evening, and finds who can't be reached."""

import re

from playwright.sync_api import Locator, expect

from tests.browser.desk import Desk, Window
from tests.browser.seen import expect_seen
from tests.browser.test_desk import close, control, duration, row

PLAN = "Night Watch"
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
UNVERIFIED = "Sam Second can't be reached by Email: The email address is not verified."


def set_up(admin: Window) -> None:
	hours = [{"workday": day, "start_time": "9:00:00", "end_time": "18:00:00"} for day in DAYS]
	calendar = {"doctype": "Escalation Calendar", "title": "Weekdays", "time_zone": "UTC", "hours": hours}
	admin.server("frappe.client.insert", doc=calendar)
	contact = {"doctype": "Escalation Contact", "user": "second@x.test", "email": "sam@elsewhere.test"}
	admin.server("frappe.client.insert", doc=contact)
	steps = [
		{"wait": 0, "method": "Email", "whom": "User", "user": "lead@x.test"},
		{"wait": 1800, "method": "Email", "whom": "User", "user": "second@x.test"},
	]
	plan = {
		"doctype": "Escalation Plan",
		"title": PLAN,
		"rank": 90,
		"plan_owner": "owner@x.test",
		"reference_doctype": "HD Ticket",
		"start": "At Once",
		"calendar": "Escalation Calendar",
		"escalation_calendar": "Weekdays",
		"priorities": [{"priority": "Low"}],
		"steps": steps,
	}
	admin.server("frappe.client.insert", doc=plan)


def unfolds_to_its_words(admin: Window, timeline: Locator) -> None:
	"""By mouse and by keyboard."""
	message = timeline.locator("li", has_text="Step 1, Email: to Leo Lead")
	words = message.locator(".escalation-message-text")
	expect(words).to_be_hidden()
	message.get_by_text("What it says").click()
	expect(words).to_contain_text("Ticket … (Low) has not been answered: its subject")
	expect(words).to_contain_text("/ack/…")
	expect_seen(words)
	admin.page.keyboard.press("Enter")
	expect(words).to_be_hidden()


def test_a_plan_is_rehearsed_for_friday_evening(desk: Desk) -> None:
	with desk.window() as admin:
		admin.log_in("admin@x.test")
		set_up(admin)
		page = admin.page

		admin.open("/app/escalation")
		readiness = page.locator(".readiness")
		expect(readiness).to_contain_text(UNVERIFIED)

		admin.go(f"/app/escalation-plan/{PLAN}")
		warning = page.locator(".form-message, .form-dashboard-section, .headline-alert").filter(
			has_text=UNVERIFIED
		)
		expect(warning.first).to_be_visible()
		# What is on the screen counts, saved or not: the wait becomes an hour.
		row(page, "steps", 2).locator(".btn-open-row").click()
		opened = page.locator(".grid-row-open")
		duration(control(opened, "wait"), "1h")
		close(opened)
		page.get_by_role("button", name="Rehearse", exact=True).click()
		dialog = page.locator(".modal-dialog:visible")
		expect(dialog).to_contain_text("Nothing was sent.")
		starts = control(dialog, "at")
		expect(starts).to_be_focused()
		now, friday, tonight = (
			dialog.get_by_role("button", name=t, exact=True) for t in ("Now", "Friday 17:50", "Tonight 3:00")
		)
		expect(now).to_have_attribute("aria-pressed", "true")
		timeline = dialog.locator(".escalation-rehearsal")
		tonight.click()
		expect(starts).to_have_value("Tonight 3:00")
		expect(timeline).to_contain_text("03:00:00")
		friday.click()
		expect(friday).to_have_attribute("aria-pressed", "true")
		expect(now).to_have_attribute("aria-pressed", "false")
		expect(friday).to_be_focused()
		expect(timeline).to_contain_text(re.compile(r"Friday.*17:50:00.*Step 1, Email: to Leo Lead", re.S))
		expect(timeline).to_contain_text(re.compile(r"Monday.*09:50:00.*Step 2, Email: reached nobody", re.S))
		unfolds_to_its_words(admin, timeline)
		missed = timeline.locator("li.red", has_text=UNVERIFIED)
		expect(dialog.locator(".escalation-unreachable")).to_have_text("Can't be reached: Sam Second")
		with admin.context.expect_page() as tab:
			missed.get_by_role("link", name=re.compile("and verify it")).click()
		tab.value.wait_for_url(re.compile("escalation-contact/second"))
		tab.value.close()

		admin.go("/app/escalation-plan/new")
		page.get_by_role("button", name="Rehearse", exact=True).click()
		refused = page.locator(".modal-dialog:visible", has_text="The plan can't be rehearsed")
		expect(refused).to_contain_text("Title is missing")
		admin.expect_error("ValidationError")

		saved = admin.server("frappe.client.get", doctype="Escalation Plan", name=PLAN)
		assert saved["steps"][1]["wait"] == 1800, "a rehearsal saves nothing"
		admin.server("frappe.client.delete", doctype="Escalation Contact", name="second@x.test")
		admin.server(
			"frappe.client.delete", doctype="Escalation Plan", name=PLAN
		)  # it would take others' tickets
	desk.inbox.assert_empty()
