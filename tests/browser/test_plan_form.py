"""Writing a plan: its times while typing, what is wrong with it at once, and which tickets it would have taken."""

import re

from playwright.sync_api import Page, expect

from tests.browser.desk import Desk, Window
from tests.browser.test_desk import control, go_to_a_new_plan, row

TICKET = {
	"doctype": "HD Ticket",
	"subject": "The lights are out",
	"priority": "Medium",
	"raised_by": "c@x.test",
}


def rungs(page: Page) -> list[str]:
	return [
		re.sub(r"\s+", " ", rung).strip() for rung in page.locator(".escalation-ladder li").all_inner_texts()
	]


def test_the_ladder_while_typing(desk: Desk) -> None:
	with desk.window() as admin:
		admin.log_in("admin@x.test")
		admin.server("frappe.client.insert", doc=TICKET)
		admin.server("frappe.client.insert", doc=plan("Takes All", rank=3, enabled=0))
		go_to_a_new_plan(admin)
		page = admin.page
		control(page, "title").fill("Ladder")
		admin.page.evaluate(
			"""() => {
				cur_frm.clear_table('steps');
				for (const method of ['Email', 'SMS', 'Phone Call']) cur_frm.add_child('steps', {method, whom: 'Assignee'});
				cur_frm.refresh_field('steps');
			}"""
		)
		row(page, "steps", 2).locator(".btn-open-row").click()
		opened = page.locator(".grid-row-open")
		wait = control(opened, "wait")
		wait.fill("5m")  # and stays in the box
		ladder = page.locator(".escalation-ladder")
		expect(ladder).to_contain_text(
			re.compile(r"0s\s*1. Email to the assignee\s*5m\s*2. SMS to the assignee")
		)
		assert wait.evaluate("box => box === document.activeElement"), "the box lost what was typed"
		wait.fill("7m")
		expect(ladder).to_contain_text(
			re.compile(r"7m\s*2. SMS to the assignee\s*3. Phone Call to the assignee")
		)
		opened.locator(".grid-collapse-row").first.click()
		expect(opened).to_have_count(0)
		assert rungs(page) == [
			"0s 1. Email to the assignee",
			"7m 2. SMS to the assignee 3. Phone Call to the assignee",
			"37m nobody acknowledged: exhausted, and the plan's owner is told",
		]
		ladder.get_by_role("button", name="3. Phone Call").click()
		expect(control(opened, "method")).to_have_value("Phone Call")
		opened.locator(".grid-collapse-row").first.click()

		is_told_what_is_wrong(admin)
		sees_which_tickets_it_would_have_taken(admin)


def is_told_what_is_wrong(admin: Window) -> None:
	"""Before it is saved."""
	warned = admin.page.locator(".escalation-check.orange")
	expect(warned).to_contain_text("SMS isn't set up")
	admin.page.evaluate("cur_frm.set_value('condition', 'doc.priority ==')")
	expect(admin.page.locator(".escalation-check.red")).to_contain_text("Condition fails")
	expect(warned).to_have_count(0)
	admin.page.evaluate("cur_frm.set_value('condition', '')")
	expect(warned).to_be_visible()


def sees_which_tickets_it_would_have_taken(admin: Window) -> None:
	page = admin.page
	page.evaluate("cur_frm.set_value('plan_owner', 'owner@x.test')")
	admin.idle()
	page.get_by_role("button", name="Which tickets would this have taken?").click()
	dialog = page.locator(".modal-dialog:visible")
	expect(dialog.locator(".escalation-how-many")).to_contain_text("of the last 90 days")
	found = dialog.locator(".escalation-taken li", has_text="The lights are out")
	expect(found.get_by_role("link")).to_have_attribute("href", re.compile("/hd-ticket/"))
	dialog.locator(".btn-modal-close").click()


def test_on_a_phone(desk: Desk) -> None:
	with desk.window(phone=True) as phone:
		phone.log_in("admin@x.test")
		phone.server("frappe.client.insert", doc=plan("On a Phone", rank=4, enabled=0))
		phone.open("/app/escalation-plan/On a Phone")
		page = phone.page
		expect(page.locator(".escalation-ladder")).to_contain_text("Email to the assignee")
		assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "wider than the phone"
		page.get_by_role("button", name="Rehearse", exact=True).tap()
		dialog = page.locator(".modal-dialog:visible")
		expect(dialog).to_contain_text("Nothing was sent.")
		chips = dialog.locator(".escalation-chips").bounding_box()
		below = dialog.locator("[data-fieldname='response'] .control-label").bounding_box()
		assert chips["y"] + chips["height"] + 8 <= below["y"], "what is below touches them"


def plan(title: str, **more) -> dict:
	return {
		"doctype": "Escalation Plan",
		"title": title,
		"reference_doctype": "HD Ticket",
		"plan_owner": "owner@x.test",
		"steps": [{"method": "Email", "whom": "Assignee"}],
		**more,
	}
