"""Whether what stands on a page can be seen: it lies on top where it is, nothing clips it, and it stands out from its ground.

Playwright calls visible whatever has a box, also where another element lies above it, or an ancestor hides what overflows.
Tests of what somebody is to see ask here.
"""

import time
from collections.abc import Iterator

from playwright.sync_api import Locator, expect

from tests.browser.desk import PATIENCE, Window

WIDTHS = (390, 1280, 1920)
THEMES = ("light", "dark")
CONTRAST = 3  # to 1, of a text and its ground: less can't be read at night

_PROBLEMS = r"""(element, least) => {
	const ancestors = (of) => { const all = []; for (let at = of; at; at = at.parentElement || at.getRootNode().host) all.push(at); return all; };
	// Of all that lies there, the innermost: a document knows a shadow's host only.
	const on_top = (left, top) => { let hit = document.elementFromPoint(left, top);
		while (hit?.shadowRoot && hit !== (hit = hit.shadowRoot.elementFromPoint(left, top) || hit)); return hit; };
	// A person scrolls what can be scrolled, and nothing else; a script scrolls what hides its overflow, too.
	const hides = (how) => /hidden|clip/.test(how);
	const before = ancestors(element.parentElement).map((at) => [at, getComputedStyle(at), at.scrollLeft, at.scrollTop]);
	element.scrollIntoView({ block: "center", inline: "nearest", behavior: "instant" });
	for (const [at, { overflowX, overflowY }, left, top] of before) {
		if (hides(overflowX)) at.scrollLeft = left;
		if (hides(overflowY)) at.scrollTop = top;
	}

	const channels = (colour) => { const all = colour.match(/[\d.]+/g).map(Number); return all.length < 4 ? [...all, 1] : all; };
	const over = (top, ground) => [0, 1, 2].map((n) => top[n] * top[3] + ground[n] * (1 - top[3]));
	const ground = (of) => ancestors(of).map((at) => channels(getComputedStyle(at).backgroundColor))
		.reverse().reduce((below, colour) => over(colour, below), [255, 255, 255]);
	const light = (colour) => colour.map((c) => c / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
		.reduce((sum, c, n) => sum + c * [0.2126, 0.7152, 0.0722][n], 0);
	const contrast = (a, b) => { const [x, y] = [light(a), light(b)].sort((m, n) => n - m); return (x + 0.05) / (y + 0.05); };

	const problems = [];
	const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
	let any = false;
	for (let text = walker.nextNode(); text; text = walker.nextNode()) {
		const parent = text.parentElement;
		if (!text.data.trim() || parent.closest(".sr-only, style, script, option") || !parent.getClientRects().length) continue;
		any = true;
		const said = JSON.stringify(text.data.trim().slice(0, 40));
		const range = document.createRange();
		range.selectNodeContents(text);
		for (const box of range.getClientRects()) {
			if (box.width < 2 || box.height < 2) continue;
			for (const at of ancestors(parent)) {
				if (at === document.body || at === document.documentElement || getComputedStyle(at).overflow === "visible") continue;
				const room = at.getBoundingClientRect();
				const out = [room.left - box.left, box.right - room.right, room.top - box.top, box.bottom - room.bottom];
				// The line's own leading may stick out of a tight box, its letters don't.
				if (Math.max(out[0], out[1]) > 1 || Math.max(out[2], out[3]) > box.height / 4)
					problems.push(`${said} is clipped by ${at.tagName}.${at.className}`);
			}
			const [x, y] = [Math.min(2, box.width / 4), box.height / 4];
			const points = [[box.left + box.width / 2, box.top + box.height / 2], [box.left + x, box.top + y], [box.right - x, box.top + y],
				[box.left + x, box.bottom - y], [box.right - x, box.bottom - y]];
			for (const [left, top] of points) {
				const hit = on_top(left, top);
				if (!hit) problems.push(`${said} is out of the window at ${left}, ${top}`);
				else if (!element.contains(hit)) problems.push(`${said} lies below ${hit.tagName}.${hit.className} at ${left}, ${top}`);
			}
		}
		const [ink, paper] = [channels(getComputedStyle(parent).color), ground(parent)];
		const ratio = contrast(over(ink, paper), paper);
		if (ratio < least) problems.push(`${said} can't be read: ${ratio.toFixed(1)} to 1`);
		if (ancestors(parent).some((at) => Number(getComputedStyle(at).opacity) < 0.4)) problems.push(`${said} is faint`);
	}
	if (!any) problems.push("it has no text");
	return [...new Set(problems)];
}"""

# The mode as well: Desk goes back to it when it hears that the machine's own theme has changed.
THEME = """(theme) => {
	if (!window.frappe?.ui?.set_theme) return;
	document.documentElement.setAttribute("data-theme-mode", theme);
	frappe.ui.set_theme(theme);
}"""


def expect_seen(locator: Locator, *, timeout: float = PATIENCE / 1000) -> None:
	"""All of the text of what is found (the first, where several are) lies on top at its middle and corners, unclipped, and
	stands out from what is behind it. Waits for what moves.
	"""
	first = locator.first
	expect(first).to_be_visible()
	until = time.monotonic() + timeout
	while (problems := first.evaluate(_PROBLEMS, CONTRAST)) and time.monotonic() < until:
		first.page.wait_for_timeout(200)
	assert not problems, "\n".join(problems)


def at_every_width(window: Window, *widths: int) -> Iterator[str]:
	"""The page at 390, 1280 and 1920 pixels (or these `widths`), light and dark; says which it is. Opened anew at each width,
	as a phone or a desktop opens it: Desk's sidebar lies above a page that was made narrow.
	"""
	page, was = window.page, window.page.viewport_size
	in_desk = page.evaluate("Boolean(window.frappe && frappe.boot)")

	def resize(width: int, height: int) -> None:
		if page.viewport_size != {"width": width, "height": height}:
			page.set_viewport_size({"width": width, "height": height})
			page.reload()
			if in_desk:
				window.ready()

	for width in widths or WIDTHS:
		resize(width, 900)
		for theme in THEMES:
			page.emulate_media(color_scheme=theme)
			page.evaluate(THEME, theme)
			yield f"{width} {theme}"
	page.emulate_media(color_scheme="light")
	page.evaluate(THEME, "light")
	resize(was["width"], was["height"])
