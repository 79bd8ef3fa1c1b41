"""The screens at their worst: nothing there, far too much there, names that fit nowhere, and who may see none of it."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import crowd
from tests.browser.desk import SITE, Desk, run

FITS = """(selector) => {
	const whole = document.querySelector(selector).getBoundingClientRect();
	return [...document.querySelectorAll(selector + " *")].filter((each) => {
		const at = each.getBoundingClientRect();
		return at.width && (at.left < whole.left - 1 || at.right > whole.right + 1);
	}).map((each) => each.outerHTML.slice(0, 200));
}"""


def fits(page: Page, *selectors: str) -> None:
	"""Nothing sticks out of these, nor out of the window."""
	for selector in selectors:
		expect(page.locator(selector).first).to_be_visible()
		assert page.evaluate(FITS, selector) == [], selector
	assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "wider than the window"


@pytest.fixture(scope="module")
def crowded(desk: Desk) -> str:
	return run("-m", "tests.browser.crowd", SITE).splitlines()[-1]


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_nothing_there(desk: Desk, phone: bool) -> None:
	with desk.window(phone=phone) as window:
		window.log_in("stranger@x.test")
		window.open("/app/escalation")
		expect(window.page.locator(".number-widget-box", has_text="Open Escalations")).to_contain_text("0")
		window.go("/app/escalation-action-item")
		expect(window.page.locator(".no-result:visible")).to_contain_text(
			"No ticket that concerns you has escalated."
		)


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_too_much_there(desk: Desk, crowded: str, phone: bool) -> None:
	with desk.window(phone=phone) as window:
		window.log_in("admin@x.test")
		page = window.page
		window.open("/app/escalation-action-item")
		expect(page.locator(".list-count:visible").first).to_have_text(re.compile(r"20 of 5\d\d"))
		assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
		window.go(f"/app/escalation-action-item/{crowded}")
		fits(page, ".escalation-summary", ".escalation-timeline", ".escalation-messages")
		lines = page.locator(
			".escalation-timeline li:not(.planned):not(.escalation-day):not(.escalation-now)"
		)
		expect(lines).to_have_count(31)  # the newest, and a button
		page.get_by_role("button", name="Show 470 earlier lines").click()
		expect(lines).to_have_count(500)
		expect(page.locator(".escalation-timeline li.planned").first).to_be_visible()
		window.go(f"/app/escalation-plan/{crowd.PLAN}")
		fits(page, ".escalation-ladder")
		page.get_by_role("button", name="Rehearse", exact=True).click()
		fits(page, ".escalation-rehearsal")


def test_no_permission(desk: Desk, crowded: str) -> None:
	with desk.window(phone=True) as clerk:
		clerk.log_in("clerk@x.test")
		clerk.open("/app/escalation-action-item")
		expect(clerk.page.locator(".no-result:visible")).to_contain_text("No ticket that concerns you")
		for path, says in (
			(f"escalation-action-item/{crowded}", "You need the 'read' permission"),
			("escalation-plan", "does not have doctype access"),
			(f"escalation-plan/{crowd.PLAN}", "does not have doctype access"),
			("escalation-settings", "does not have doctype access"),
			("query-report/Escalation History", "You don't have access to Report"),
		):
			clerk.page.goto(f"/app/{path}")
			expect(clerk.page.locator(".msgprint-dialog:visible")).to_contain_text(says)
			shown = clerk.page.locator("body").inner_text()
			assert "Traceback" not in shown and crowd.LONG[:40] not in shown
		clerk.page.goto("/escalations")
		expect(clerk.page.locator("#items")).to_contain_text("Nothing is escalating that concerns you.")
		clerk.errors.clear()  # Desk writes what was refused into the console
