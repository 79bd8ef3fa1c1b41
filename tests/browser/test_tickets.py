"""The forms that agents work in: Desk's form and list of a ticket."""

import re

from playwright.sync_api import Locator, expect

from tests.browser.desk import PATIENCE, Desk, Window, plan_for
from tests.browser.seen import at_every_width, expect_seen
from tests.browser.site import PAGER
from tests.browser.test_accessibility import complaints
from tests.browser.test_desk import ITEM, log_ticket

SECONDS = PATIENCE / 1000
LONG = "Storage array reports a failed disk, and two more that are about to fail"


def test_an_agent_works_from_the_ticket(desk: Desk) -> None:
	desk.as_administrator("frappe.client.insert", doc=plan())
	with desk.window() as agent, desk.dispatcher():
		agent.log_in("lead@x.test")
		item = log_ticket(agent, LONG, "Urgent")
		ticket = agent.server(
			"frappe.client.get_value", doctype=ITEM, filters=item, fieldname="reference_name"
		)
		agent.open(f"/app/hd-ticket/{ticket['reference_name']}")
		line = agent.page.locator(".escalation-ticket:visible")
		expect(line).to_contain_text("Step 1 of 2 has run.")  # the form was opened before
		desk.inbox.expect(method="HTTP POST", contains=LONG, timeout=SECONDS)
		expect(line.locator(".escalation-sent")).to_contain_text(
			re.compile(rf"^Sent:\s*{PAGER}: HTTP POST (just now|\d+ min ago)$")
		)
		expect_seen(line.locator(".escalation-sent"))
		expect(line.locator(".escalation-earlier")).to_be_hidden()
		expect(line.locator(".escalation-next")).to_have_text(re.compile(r"Step 2 \(Email\) in (59|60):\d\d"))
		expect(line.get_by_role("link", name=item)).to_have_attribute(
			"href", re.compile("escalation-action-item")
		)
		assert offered(agent) == [
			*("Acknowledge", "Escalate Now", "Snooze 15m", "Snooze 30m", "Snooze 1h", "Snooze…"),
			*("Add a Person…", "Hand Over…", "Stop…"),
		]
		assert actions(agent).locator("> [data-action]").count() == 2
		the_list_shows_it(agent)

		agent.page.go_back()
		on_the_agent_page_a_dialog_is_open_meanwhile(agent, ticket["reference_name"])
		expect(line).to_contain_text("Step 2 of 2 has run.")
		desk.inbox.expect(method="Email", to="tech@x.test", contains=LONG, timeout=SECONDS)
		choose(agent, "Add a Person…")
		asked = agent.page.locator(".modal-dialog:visible", has_text="Who Is Paged as Well")
		assert asked.locator("select").input_value() == "", "nobody is chosen beforehand"
		sam = asked.get_by_role("button", name="Sam Second (Email)")
		sign = sam.evaluate("(button) => getComputedStyle(button, '::after').content")
		assert "›" in sign, "it looks like a box that is filled in already"
		sam.click()
		desk.inbox.expect(method="Email", to="second@x.test", contains=LONG, timeout=SECONDS)
		entry(agent, "Snooze…").evaluate(ANSWERED_AT_ONCE)  # for an hour, as it is suggested
		expect(agent.page.locator(".modal:visible")).to_have_count(0)
		expect(line.locator(".escalation-next")).to_have_text(
			re.compile(r"End of the snooze in (59|1:[01]\d):\d\d")
		)
		choose(agent, "Stop…")
		asked = agent.page.locator(".modal-dialog:visible", has_text="Reason")
		asked.get_by_role("button", name="Stop", exact=True).click()
		said = agent.page.locator(".msgprint-dialog:visible")
		expect(said).to_contain_text("Missing Values Required")
		said.locator(".btn-modal-close").click()
		expect(said).to_be_hidden()
		asked.locator("textarea").fill("The disk is <b>changed</b>")
		asked.get_by_role("button", name="Stop", exact=True).click()
		expect(line).to_contain_text("Stopped by Leo Lead: The disk is < b>changed< /b>")
		assert offered(agent) == ["Start a Plan…"]
		for user in ("tech@x.test", "second@x.test"):
			desk.inbox.expect(method="Email", to=user, contains="cancelled", timeout=SECONDS)
	desk.inbox.assert_empty()


def on_the_agent_page_a_dialog_is_open_meanwhile(agent: Window, ticket: str) -> None:
	"""Scenario 17. Its line needs no more of Helpdesk than the header of the page, and where to say what was done."""
	agent.page.evaluate(AGENT_PAGE, ticket)
	line, dialog = agent.page.locator(".escalation-line"), agent.page.locator("dialog[open]")
	line.get_by_role("button", name="More").click()
	line.get_by_role("button", name="Snooze…").click()
	expect(dialog).to_contain_text("Time zone: UTC")
	dialog.get_by_role("button", name="Cancel").click()
	line.get_by_role("button", name="More").click()
	line.get_by_role("button", name="Stop…").click()
	dialog.locator("textarea").fill("It was the old state that I saw")
	of = {"doctype": "HD Ticket", "name": ticket}
	seen = agent.server("escalation_mgmt.api.ticket", **of)["seen"]
	assert agent.server("escalation_mgmt.api.act", **of, action="escalate_now", seen=seen)["done"]
	expect(line).to_contain_text("Step 2 of 2 has run.")
	dialog.get_by_role("button", name="Stop").click()
	expect(dialog.locator(".escalation-refused")).to_contain_text("Nothing was done, because this happened")
	dialog.get_by_role("button", name="Cancel").click()
	agent.page.evaluate("document.getElementById('agent-page').remove()")


ANSWERED_AT_ONCE = """(item) => {
	item.click();
	[...document.querySelectorAll(".modal .btn-primary")].find((button) => button.textContent.trim() === "Snooze").click();
}"""

AGENT_PAGE = """async (name) => {
	const box = document.createElement("div");
	box.id = "agent-page";
	box.innerHTML = "<div><header id='app-header'></header></div>";
	document.body.prepend(box);
	window.said = [];
	const say = (message) => window.said.push(message);
	const { setup } = await import("/assets/escalation_mgmt/js/agent_page.js?v=test");
	setup({ doc: { name }, toast: { success: say, error: say } });
}"""


def test_no_plan_no_trace(desk: Desk) -> None:
	"""Forms of what no plan names stay as they are."""
	with desk.window() as admin:
		admin.log_in("admin@x.test")
		admin.open("/app/user/tech@x.test")
		expect(admin.page.locator(".page-head .indicator-pill:visible")).to_be_visible()
		assert not admin.page.locator(".escalation-ticket").count()


NO_PLAN = "The coffee machine is out of beans"
SPOKEN = """() => {
	window.spoken = [];
	const live = document.querySelector(".escalation-ticket [role=status]");
	new MutationObserver(() => window.spoken.push(live.textContent)).observe(live, { subtree: true, childList: true, characterData: true });
}"""


def test_a_ticket_that_no_plan_takes_says_so(desk: Desk) -> None:
	desk.as_administrator(
		"frappe.client.insert", doc={**plan(), "title": "Other Tickets", "condition": "False"}
	)
	with desk.window() as agent:
		agent.log_in("lead@x.test")
		ticket = agent.server("frappe.client.insert", doc=ticket_of(NO_PLAN))["name"]
		agent.open(f"/app/hd-ticket/{ticket}")
		line = agent.page.locator(".escalation-ticket:visible")
		for _where in at_every_width(agent):
			expect(line).to_contain_text("Not escalated: no plan takes it.")
			expect_seen(line)
		assert offered(agent) == ["Start a Plan…"]
	desk.as_administrator("frappe.client.delete", doctype="Escalation Plan", name="Other Tickets")


def test_what_counts_down_is_not_spoken_and_what_changes_is(desk: Desk) -> None:
	subject = "The siren is silent"
	step = {"method": "Email", "whom": "User", "user": "second@x.test"}
	desk.as_administrator("frappe.client.insert", doc=plan_for(subject, "Siren", step, window=7200))
	with desk.window() as agent:
		agent.log_in("lead@x.test")
		item = log_ticket(agent, subject, "Low")
		ticket = agent.server(
			"frappe.client.get_value", doctype=ITEM, filters=item, fieldname="reference_name"
		)
		agent.open(f"/app/hd-ticket/{ticket['reference_name']}")
		page = agent.page
		counting = page.locator(".escalation-ticket:visible .escalation-next")
		expect(counting).to_have_text(re.compile(r"End of the response window in 1:\d\d:\d\d"))
		for _where in at_every_width(agent, 1280):
			assert not complaints(page, ".escalation-ticket")
		expect(counting).to_be_visible()
		page.evaluate(SPOKEN)
		before = counting.inner_text()
		page.wait_for_function(
			"before => document.querySelector('.escalation-ticket .escalation-next').innerText !== before",
			arg=before,
		)
		assert page.evaluate("window.spoken") == [], "each second is spoken"
		assert not counting.evaluate(
			"element => Boolean(element.closest('[role=status], [role=alert], [aria-live]'))"
		)
		choose(agent, "Acknowledge")
		page.wait_for_function("window.spoken.length")
		assert all("Leo Lead has it" in text for text in page.evaluate("window.spoken"))
		assert offered(agent)[:2] == ["Add a Person…", "Hand Over…"]
		choose(agent, "Stop…")
		asked = page.locator(".modal-dialog:visible", has_text="Reason")
		asked.locator("textarea").fill("done")
		asked.get_by_role("button", name="Stop", exact=True).click()
		expect(page.locator(".escalation-ticket:visible")).to_contain_text("Stopped by Leo Lead: done")
	desk.as_administrator(
		"frappe.client.set_value", doctype="Escalation Plan", name="Siren", fieldname="enabled", value=0
	)
	desk.inbox.take_all()


def ticket_of(subject: str) -> dict:
	return {"doctype": "HD Ticket", "subject": subject, "priority": "Low", "raised_by": "customer@x.test"}


def plan() -> dict:
	return {
		"doctype": "Escalation Plan",
		"title": "Disks",
		"reference_doctype": "HD Ticket",
		"plan_owner": "owner@x.test",
		"window": 1,
		"last_wait": 3600,
		"priorities": [{"priority": "Urgent"}],
		"steps": [
			{"wait": 0, "method": "HTTP POST", "whom": "Endpoint", "endpoint": PAGER},
			{"wait": 3600, "method": "Email", "whom": "Assignee"},
		],
	}


def actions(window: Window) -> Locator:
	return window.page.locator(".escalation-ticket:visible .escalation-actions")


def offered(window: Window) -> list[str]:
	"""What stands open, and what is in the menu, which is opened and closed for it."""
	found = actions(window).locator("> [data-action]").all_inner_texts()
	if actions(window).locator(".escalation-more").count():
		actions(window).get_by_role("button", name="More").click()
		entries = actions(window).locator(".dropdown-item")
		for number in range(entries.count()):
			expect_seen(entries.nth(number))
		found += entries.all_inner_texts()
		window.page.keyboard.press("Escape")
		expect(entries.first).to_be_hidden()
	return [text.strip() for text in found]


def entry(window: Window, label: str) -> Locator:
	found = actions(window).locator("[data-action]", has_text=label)
	if "dropdown-item" in (found.get_attribute("class") or ""):
		actions(window).get_by_role("button", name="More").click()
	expect(found).to_be_visible()
	return found


def choose(window: Window, label: str) -> None:
	entry(window, label).click()


def the_list_shows_it(window: Window) -> None:
	window.go("/app/hd-ticket")
	row = window.page.locator(".list-row", has_text=LONG)
	for where in at_every_width(window):
		expect(row.locator(".escalation-mark")).to_have_text(re.compile(r"Escalating 1 of 2\s*\d\d:\d\d"))
		expect_seen(row.locator(".escalation-mark"))
		subject = row.locator(".list-subject a").first.bounding_box()
		assert subject and subject["width"] > 80, f"{where}: the subject has no room"
	expect(
		row
	).to_be_visible()  # the list is drawn again: Frappe draws its breadcrumbs by the page that is open then
