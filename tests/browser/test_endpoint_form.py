"""An endpoint's form in Desk takes addresses and tokens as long as services give them out."""

import re

from playwright.sync_api import expect

from tests.browser.desk import Desk

ADDRESS = "https://hooks.example.org/invoke?sp=%2Ftriggers%2Fmanual%2Frun&sig=" + "aB3%2F" * 320
TOKEN = "Bearer " + "t" * 1900


def test_a_long_address_and_a_long_token_are_entered_in_desk(desk: Desk) -> None:
	with desk.window() as manager:
		manager.log_in("admin@x.test")
		manager.open("/app/escalation-endpoint/new")
		page = manager.page
		page.locator("[data-fieldname=title] input").fill("Long")
		url = page.locator("[data-fieldname=url] :is(input, textarea)").first
		url.fill(ADDRESS)
		headers = page.locator("[data-fieldname=headers]")
		headers.get_by_role("button", name="Add row").click()
		headers.locator(".grid-row .data-row [data-fieldname=header]").last.click()
		headers.locator("input[data-fieldname=header]").fill("Authorization")
		headers.locator(".grid-row .data-row [data-fieldname=value]").last.click()
		value = headers.locator("input[data-fieldname=value]")
		value.fill(TOKEN)
		assert int(value.get_attribute("maxlength") or 2000) >= 2000
		expect(url).to_have_value(ADDRESS)
		page.keyboard.press("Control+s")
		expect(page).to_have_url(re.compile(r"/Long$"))
	kept = desk.as_administrator("frappe.client.get", doctype="Escalation Endpoint", name="Long")
	assert kept["url"] == ADDRESS and len(kept["headers"][0]["value"]) == len(TOKEN)
	desk.as_administrator("frappe.client.delete", doctype="Escalation Endpoint", name="Long")
