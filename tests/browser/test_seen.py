"""The judge of what can be seen, on pages on which it is known."""

import pytest
from playwright.sync_api import Page

from tests.browser.desk import Desk
from tests.browser.seen import expect_seen

PAGE = "<style>body { margin: 20px; font: 16px sans-serif; background: #fff; color: #111 } %s</style>%s"
TEXT = "<p><span id=text>Escalating 1 of 2</span></p>"


@pytest.fixture
def page(desk: Desk) -> Page:
	with desk.window() as window:
		yield window.page


@pytest.mark.parametrize(
	("style", "body", "why"),
	[
		("p { width: 60px; overflow: hidden; white-space: nowrap }", TEXT, "is clipped by P"),
		(
			"p { width: 60px; overflow: hidden; white-space: nowrap; text-overflow: ellipsis }",
			TEXT,
			"is clipped by P",
		),
		("p { height: 4px; overflow: clip }", TEXT, "is clipped by P"),
		("p { position: absolute; left: -60px }", TEXT, "is out of the window"),
		("p { position: fixed; right: -60px }", TEXT, "is out of the window"),
		(
			"i { position: absolute; left: 70px; top: 0; width: 40px; height: 90px }",
			TEXT + "<i></i>",
			"lies below I",
		),
		("b { position: fixed; inset: 0; background: #fff }", TEXT + "<b></b>", "lies below B"),
		("#text { color: #fff }", TEXT, "can't be read: 1.0 to 1"),
		("p { background: #000 } #text { color: #222 }", TEXT, "can't be read: 1.3 to 1"),
		("p { opacity: 0.2 }", TEXT, "is faint"),
		("", "<p id=text style='width: 90px; height: 9px; background: red'></p>", "it has no text"),
		# What only a script scrolls: a box that hides what overflows.
		(
			"div { overflow: hidden; height: 30px } p { margin-top: 90px }",
			f"<div>{TEXT}</div>",
			"is clipped by DIV",
		),
	],
)
def test_what_has_a_box_and_text_and_cannot_be_seen(page: Page, style: str, body: str, why: str) -> None:
	page.set_content(PAGE % (style, body))
	box = page.locator("#text").bounding_box()
	assert box and box["width"], "it has a box"
	with pytest.raises(AssertionError) as found:
		expect_seen(page.locator("#text"), timeout=0)
	assert why in str(found.value)


@pytest.mark.parametrize(
	("style", "body"),
	[
		("", TEXT),
		("p { width: 60px }", TEXT),  # broken into lines
		("body { background: #111; color: #eee }", TEXT),
		(
			"div { overflow: auto; height: 30px } p { margin-top: 90px }",
			f"<div>{TEXT}</div>",
		),  # a person scrolls it
		("p { margin: 3000px 0 }", TEXT),
		("b { position: absolute; left: 0; top: 300px; width: 90px; height: 9px }", TEXT + "<b></b>"),
		(
			"",
			"<p id=text>Shown<span class=sr-only style='position: absolute; clip: rect(0 0 0 0)'>spoken</span></p>",
		),
	],
)
def test_what_can_be_seen(page: Page, style: str, body: str) -> None:
	page.set_content(PAGE % (style, body))
	expect_seen(page.locator("#text"), timeout=0)
