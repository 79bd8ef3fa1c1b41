"""The page behind a link as somebody sees it who was woken at 3 a.m.: small and large, light and dark, in three languages, magnified, by
keys alone. Static renders, so that many looks cost little; what happens when something is pressed is seen in other tests.
"""

import json

import pytest
from playwright.sync_api import Locator, Page, expect

from host import paths
from tests.browser.desk import SITE, Desk, run
from tests.browser.renders import LANGUAGES
from tests.browser.seen import expect_seen
from tests.browser.test_accessibility import complaints
from tests.profiles import NIGHTLY

# In each size the language that it is hardest for; all of them at night. The second is a phone whose browser shows its bars, the last a phone at 200 %.
SIZES = {(320, 568): "de", (390, 664): "ar", (1280, 800): "en", (195, 422): "de"}
MAGNIFIED = 200  # pixels: less is a page that somebody has magnified
THUMB = 44  # pixels


@pytest.fixture(scope="module")
def renders(desk: Desk) -> dict[str, str]:
	return json.loads(run("-m", "tests.browser.renders", SITE).splitlines()[-1])


def looks() -> list[tuple[str, int, int, str]]:
	return [
		(state, *size, lang)
		for state in GLANCE
		for size, hardest in SIZES.items()
		if NIGHTLY or state != "bare" or size == (390, 664)
		for lang in (LANGUAGES if NIGHTLY else (hardest,))
	]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_clear_in_the_first_second(desk: Desk, renders: dict[str, str], theme: str) -> None:
	with desk.window(phone=True, dark=theme == "dark") as window:
		page = window.page
		for state, width, height, lang in looks():
			at = f"{state} {width} {lang} {theme}"
			page.set_viewport_size({"width": width, "height": height})
			page.set_content(renders[f"{state} {lang}"])
			if (width, lang) in ((390, "ar"), (1280, "en")) or NIGHTLY:
				assert not complaints(page), at
			page.screenshot(path=paths.LOGS / f"night-{state}-{width}-{lang}-{theme}.png")
			assert page.evaluate("document.documentElement.scrollWidth") <= width, (
				f"{at} is wider than its window"
			)
			for each in page.locator("button, summary, a").all():
				if each.is_visible():
					assert each.bounding_box()["height"] >= THUMB, (
						f"{at}: {each.inner_text()} is too small for a thumb"
					)
			if width > MAGNIFIED:
				for what in GLANCE[state]:
					in_the_window(page.locator(what).first, height, at)
			for what in GLANCE[state]:
				expect_seen(page.locator(what))
			for each in page.locator(".more > form > button, .more summary, .more > a").all():
				expect_seen(each)


GLANCE = {
	"open": (".badge", ".age", ".subject", "dd", "#state", "button.take"),
	"bare": (".badge", ".age", ".subject", "dd", "#state", "button.take"),
	"bundle": (".badge", ".age", ".subject", "#state", "button.take"),
	"taken": (".badge", ".subject", "#state", "#text", "#act button"),
	"invalid": ("#state", "#text"),
}
"""What is seen without scrolling; of a bundle's tickets the first."""


def in_the_window(locator: Locator, height: int, at: str) -> None:
	"""Before anything is scrolled: within the window, and nothing lies above it."""
	locator.page.evaluate("scrollTo(0, 0)")
	top, bottom, covered = locator.evaluate(
		"""(element) => {
			const { left, top, width, height, bottom } = element.getBoundingClientRect();
			const hit = document.elementFromPoint(left + width / 2, top + height / 2);
			return [top, bottom, !element.contains(hit) && !hit?.contains(element) && hit?.outerHTML.slice(0, 80)];
		}"""
	)
	assert top >= 0 and bottom <= height, f"{at}: {locator} is out of the window: {top} to {bottom}"
	assert not covered, f"{at}: {locator} lies below {covered}"


def test_by_keys_alone(desk: Desk, renders: dict[str, str]) -> None:
	with desk.window() as window:
		page = window.page
		page.set_content(renders["open en"])
		labels = LANGUAGES["en"]["labels"]
		assert tabbed(page, 4) == list(labels[:4])
		page.keyboard.press("Enter")  # the last of them unfolds
		assert tabbed(page, 4) == ["15 min", "30 min", "60 min", "Open the Ticket"]
		expect_seen(page.get_by_role("button", name="Snooze: 60 min"))


def tabbed(page: Page, times: int) -> list[str]:
	"""What has the focus after each of so many presses, and that it can be seen that it has."""
	found = []
	for _time in range(times):
		page.keyboard.press("Tab")
		text, outline = page.evaluate(
			"[document.activeElement.innerText, getComputedStyle(document.activeElement).outlineWidth]"
		)
		assert outline == "3px", f"{text} doesn't look as if it had the focus"
		found.append(text.strip())
	return found


def test_what_came_of_a_press_has_the_focus(desk: Desk, renders: dict[str, str]) -> None:
	"""So a screen reader begins with it, and a small window shows it."""
	with desk.window(phone=True) as window:
		page: Page = window.page
		page.route(
			"**/pressed", lambda route: route.fulfill(body=renders["taken en"], content_type="text/html")
		)
		page.goto(f"{desk.url}/pressed")
		expect(page.locator("#state")).to_be_focused()
