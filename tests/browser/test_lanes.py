"""The picture of an escalation: who is told what and when, in a rehearsal and on the action item, beside the list of words."""

import re
import time
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests import hostile
from tests.browser.desk import PATIENCE, Desk, Window, plan_for
from tests.browser.seen import at_every_width, expect_seen
from tests.browser.test_accessibility import complaints
from tests.browser.test_desk import log_ticket
from tests.browser.test_hostile import guarded, inert

SECONDS = PATIENCE / 1000
SUBJECT = "The ice machine of the laboratory leaks"
STEPS = (
	{"method": "Email", "whom": "User", "user": "tech@x.test"},
	{"method": "HTTP POST", "whom": "Endpoint", "endpoint": "Duty Pager"},
	{"wait": 300, "method": "SMS", "whom": "User", "user": "lead@x.test"},
	{"method": "Email", "whom": "User", "user": "lead@x.test"},
	{"wait": 50_000, "method": "Email", "whom": "User", "user": "second@x.test"},
)
PLAN = plan_for(SUBJECT, "Ice", *STEPS, repeats=1, repeat_pause=900)
START = 1_800_000_000  # seconds since 1970
HOUR = 3600

# What is wrong with a picture's marks: one covers another, something else lies on one, or it is hard to see.
PROBLEMS = r"""(picture) => {
	if (!picture.isConnected) return ["it was drawn anew meanwhile"];
	const shown = (mark) => mark.getClientRects().length;
	const marks = [...picture.querySelectorAll(".escalation-lane-mark")].filter(shown);
	const channels = (colour) => { const all = colour.match(/[\d.]+/g).map(Number); return all.length < 4 ? [...all, 1] : all; };
	const light = (colour) => colour.slice(0, 3).map((c) => c / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
		.reduce((sum, c, n) => sum + c * [0.2126, 0.7152, 0.0722][n], 0);
	const contrast = (a, b) => { const [x, y] = [light(channels(a)), light(channels(b))].sort((m, n) => n - m); return (x + 0.05) / (y + 0.05); };
	let paper = picture;
	while (channels(getComputedStyle(paper).backgroundColor)[3] === 0) paper = paper.parentElement;
	const problems = marks.length ? [] : ["there are no marks"];
	// As a person scrolls: not what hides its overflow.
	const hiding = [];
	for (let at = picture; at; at = at.parentElement) hiding.push([at, getComputedStyle(at), at.scrollLeft, at.scrollTop]);
	const hides = (how) => /hidden|clip/.test(how);
	marks.forEach((mark, n) => {
		mark.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
		for (const [at, { overflowX, overflowY }, left, top] of hiding) {
			if (hides(overflowX)) at.scrollLeft = left;
			if (hides(overflowY)) at.scrollTop = top;
		}
		const [box, said, style] = [mark.getBoundingClientRect(), mark.ariaLabel, getComputedStyle(mark)];
		for (const [x, y] of [[0.5, 0.5], [0.2, 0.5], [0.8, 0.5], [0.5, 0.2], [0.5, 0.8]]) {
			const hit = document.elementFromPoint(box.left + box.width * x, box.top + box.height * y);
			if (!mark.contains(hit)) problems.push(`${said} lies below ${hit?.tagName}.${hit?.className}`);
		}
		for (const other of marks.slice(n + 1).map((each) => each.getBoundingClientRect()))
			if (box.left < other.right - 1 && other.left < box.right - 1 && box.top < other.bottom - 1 && other.top < box.bottom - 1)
				problems.push(`${said} covers another`);
		const ground = getComputedStyle(paper).backgroundColor;
		const edge = channels(style.borderTopColor)[3] ? style.borderTopColor : style.color;
		if (contrast(edge, ground) < 3) problems.push(`${said} can't be seen: ${edge} on ${ground}`);
		if (contrast(style.color, channels(style.backgroundColor)[3] ? style.backgroundColor : ground) < 3) problems.push(`the sign of ${said} can't be seen`);
	});
	return [...new Set(problems)];
}"""


def expect_marks(picture: Locator) -> None:
	"""All of them are on top, beside each other, and stand out. Waits for what moves."""
	expect(picture).to_be_visible()
	until = time.monotonic() + SECONDS
	while (problems := picture.evaluate(PROBLEMS)) and time.monotonic() < until:
		picture.page.wait_for_timeout(200)
	assert not problems, "\n".join(problems)


def lane(picture: Locator, who: str) -> Locator:
	return picture.locator(".escalation-lane").filter(has=picture.page.get_by_text(who, exact=True))


def middle(of: Locator) -> float:
	# In one go, and once more where it was drawn anew in between.
	for _time in range(20):
		expect(of).to_be_visible()
		found = of.evaluate(
			"(mark) => { const { x, width } = mark.getBoundingClientRect(); return mark.isConnected ? x + width / 2 : null; }"
		)
		if found is not None:
			return found
	raise AssertionError("it is drawn anew all the time")


def test_the_action_item_and_the_rehearsal_are_drawn_alike(desk: Desk) -> None:
	desk.as_administrator("frappe.client.insert", doc=PLAN)
	with desk.window() as admin, desk.dispatcher():
		admin.log_in("admin@x.test")
		item = log_ticket(admin, SUBJECT, "High")
		desk.inbox.expect(method="Email", to="tech@x.test", contains=SUBJECT, timeout=3 * SECONDS)
		desk.inbox.expect(method="HTTP POST", timeout=SECONDS)
		admin.open(f"/app/escalation-action-item/{item}")
		page = admin.page
		picture = page.locator("[data-fieldname=timeline] .escalation-picture")
		expect(lane(picture, "Tina Tech").locator(".sent")).to_have_count(1)
		expect(lane(picture, "Sam Second").locator(".planned")).to_have_count(2)
		expect(lane(picture, "Leo Lead").locator(".unreachable")).to_have_count(2)
		expect(lane(picture, "Duty Pager").locator(".escalation-lane-mark")).to_have_count(2)
		for where in at_every_width(admin):
			expect(lane(picture, "Sam Second").locator(".planned")).to_have_count(2)
			expect_marks(picture)
			expect_seen(picture.locator(".line.now span"))
			expect_seen(picture.locator(".break span").first)
			expect_seen(picture.locator(".escalation-legend"))
			expect_seen(lane(picture, "Duty Pager").locator(".who"))
			beside = page.locator(".escalation-words-place").bounding_box()
			box = picture.bounding_box()
			if where.startswith("390"):
				assert beside["y"] >= box["y"] + box["height"], "the list is below"
			else:
				assert beside["x"] >= box["x"] + box["width"], "the list is beside it"
		now = middle(picture.locator(".line.now"))
		assert middle(lane(picture, "Tina Tech").locator(".sent")) <= now
		assert now < middle(lane(picture, "Leo Lead").locator(".unreachable").first)
		its_marks_say_what_the_list_says(page, picture)
		assert not complaints(page, "[data-fieldname=timeline]")

		page.get_by_role("button", name="Acknowledge", exact=True).first.click()
		through = picture.locator(".line.good")
		expect(through).to_have_text("Ada Admin")
		expect_seen(through.locator("span"))
		expect(lane(picture, "Sam Second")).to_have_count(0)
		it_is_drawn_in_the_rehearsal(admin)
	desk.inbox.take_all()


def its_marks_say_what_the_list_says(page: Page, picture: Locator) -> None:
	words, lines = picture.locator(".escalation-mark-words"), page.locator(".escalation-timeline li")
	sent = lane(picture, "Tina Tech").locator(".sent")
	sent.hover()
	expect(words).to_contain_text("Email to Tina Tech was sent.")
	expect_seen(words)
	expect(lines.filter(has_text="Email to Tina Tech was sent.")).to_have_class(re.compile("escalation-lit"))
	# By keyboard: one of the marks is reached by Tab, the others by the arrows.
	sent.focus()
	page.keyboard.press("ArrowRight")
	expect(page.locator(":focus")).to_have_attribute(
		"aria-label", re.compile("Run 2 · Step 1, Email: to Tina")
	)
	page.keyboard.press("ArrowDown")
	expect(page.locator(":focus")).to_have_attribute("aria-label", re.compile("HTTP POST"))
	expect(picture.locator(".escalation-lane-mark[tabindex='0']")).to_have_count(1)
	page.keyboard.press("Enter")
	expect(page.locator(".escalation-timeline .escalation-lit")).to_contain_text("HTTP POST")
	assert page.evaluate("document.activeElement.closest('.escalation-picture') !== null")


def it_is_drawn_in_the_rehearsal(admin: Window) -> None:
	page = admin.page
	admin.open("/app/escalation-plan/Ice")
	for where in at_every_width(admin, 390, 1280):
		page.evaluate("window['escalation_mgmt'].rehearse(cur_frm)")
		picture = page.locator(".modal-dialog:visible .escalation-picture")
		expect(lane(picture, "Tina Tech").locator(".planned")).to_have_count(2)
		page.wait_for_timeout(400)  # the dialog slides in
		expect_marks(picture)
		expect_seen(picture.locator(".break span").first)
		expect_seen(picture.locator(".line.run span"))
		mark = lane(picture, "Leo Lead").locator(".unreachable").first
		mark.click()
		line = page.locator(".modal-dialog:visible .escalation-rehearsal li.escalation-lit")
		expect(line).to_contain_text("Leo Lead can't be reached by SMS")
		expect_seen(line)
		expect_seen(page.locator(".modal-dialog:visible .escalation-unreachable"))
		if where.startswith("390"):
			its_buttons_lie_above(picture)
		if where == "1280 light":
			assert not complaints(page, ".modal-dialog .escalation-picture")
		page.evaluate("cur_dialog.hide()")
		expect(page.locator(".modal-dialog:visible")).to_have_count(0)
	page.evaluate("frappe.db.set_value('Escalation Plan', 'Ice', 'enabled', 0)")
	admin.idle()


def its_buttons_lie_above(picture: Locator) -> None:
	"""Scrolled to where the dialog keeps its buttons, a mark is below them."""
	found = picture.evaluate(
		"""(picture) => {
			const footer = picture.closest(".modal-content").querySelector(".modal-footer");
			const middle = ({ top, height }) => top + height / 2;
			let scrolls = picture;
			while (!(/auto|scroll/.test(getComputedStyle(scrolls).overflowY) && scrolls.scrollHeight > scrolls.clientHeight)) scrolls = scrolls.parentElement;
			const on_top = [];
			for (const mark of picture.querySelectorAll(".escalation-lane-mark")) {
				scrolls.scrollTop += middle(mark.getBoundingClientRect()) - middle(footer.getBoundingClientRect());
				const { left, top, width, height } = mark.getBoundingClientRect();
				const bar = footer.getBoundingClientRect();
				if (!width || middle({ top, height }) < bar.top || middle({ top, height }) > bar.bottom) continue; // it can't be scrolled there
				on_top.push(footer.contains(document.elementFromPoint(left + width / 2, top + height / 2)) ? "buttons" : "mark");
			}
			return on_top;
		}"""
	)
	assert set(found) == {"buttons"}, found


def mark(who: str, hours: float, **more: Any) -> dict[str, Any]:
	instant = START + hours * HOUR
	at = f"2027-01-{15 + int((18 + hours) // 24)} {int((18 + hours) % 24):02}:{int(hours % 1 * 60):02}:00"
	given = {"lane": who, "who": who, "at": at, "instant": instant, "kind": "Page", "method": "Email"}
	return {"state": "Planned", "step": 1, "run": 0, **given, **more}


def draw(page: Page, marks: list[dict[str, Any]], **more: Any) -> Locator:
	"""A picture of these marks, on a page of its own in Desk."""
	lines = [{"id": f"l{n}", "line": f"Line {n} {m['who']}", "marks": [m]} for n, m in enumerate(marks)]
	page.evaluate(
		"""([lines, more]) => {
			const { escaped, lanes_html, pictured_html } = window["escalation_mgmt"];
			const list = lines.map(({ id, line }) => `<li data-line="${id}">${escaped(line)}</li>`).join("");
			document.querySelector("#drawn")?.remove();
			const place = "position: absolute; inset: 0 0 auto; z-index: 2000; padding: 16px; background: var(--card-bg, var(--fg-color))";
			$(`<div id="drawn" style="${place}"></div>`).html(pictured_html(lanes_html(lines, more), `<ul>${list}</ul>`)).appendTo("body");
		}""",
		[lines, more],
	)
	return page.locator("#drawn .escalation-picture")


def test_forty_lanes_are_folded_to_twelve(desk: Desk) -> None:
	with desk.window() as window:
		window.log_in("tech@x.test")
		window.open("/app/escalation-action-item")
		page = window.page
		many = [mark(f"Person {n}", n % 4) for n in range(40)]
		picture = draw(page, [*many, mark("Person 0", 1, method="Carrier Pigeon"), mark("Person 0", 1)])
		lanes = picture.locator(".escalation-lane:visible")
		expect(lanes).to_have_count(13)
		more = picture.get_by_role("button", name="28 more")
		expect_seen(more)
		more.click()
		expect(lanes).to_have_count(41)
		expect(more).to_be_hidden()
		expect(page.locator(":focus")).to_have_attribute(
			"aria-label", re.compile("Person 9")
		)  # the first of the 13th lane
		expect_marks(picture)
		# Another app's method has its first letter, and what comes at one instant stands one below the other.
		expect(picture.locator(".method-other.escalation-lane-mark")).to_have_text("C")
		assert not complaints(page, "#drawn")


def test_a_quiet_night_is_a_break_and_squeezes_nothing(desk: Desk) -> None:
	with desk.window() as window:
		window.log_in("tech@x.test")
		window.open("/app/escalation-action-item")
		page = window.page
		night = [mark("Tina", 0), mark("Leo", 0.25), mark("Sam", 0.5), mark("Leo", 15), mark("Tina", 15.5)]
		picture = draw(page, night)
		gap = picture.locator(".break")
		expect(gap).to_have_text("14h 30m")
		expect(picture.locator(".day")).to_have_count(2)
		at = [
			middle(each)
			for each in picture.locator(".escalation-lane:nth-of-type(n+2) .escalation-lane-mark").all()
		]
		tina, leo = at[0:2], at[2:4]
		assert abs((tina[1] - leo[1]) - 2 * (leo[0] - tina[0])) < 5 and leo[0] - tina[0] > 60, at
		assert gap.bounding_box()["width"] < 80
		# In Arabic time runs from the right.
		page.evaluate("document.querySelector('#drawn').dir = 'rtl'")
		mirrored = picture.locator(".escalation-lane:nth-of-type(n+2) .escalation-lane-mark")
		assert middle(mirrored.nth(0)) > middle(mirrored.nth(1))
		mirrored.nth(0).focus()
		page.keyboard.press("ArrowLeft")
		expect(mirrored.nth(1)).to_be_focused()
		expect_marks(picture)
		# Nothing to break where everything is far apart, or all at once.
		expect(draw(page, [mark("Tina", n * 20) for n in range(4)]).locator(".break")).to_have_count(0)
		expect_marks(draw(page, [mark("Tina", 0) for _n in range(4)]))


def test_names_of_strangers_are_inert(desk: Desk) -> None:
	with guarded(desk, "tech@x.test") as window:
		window.open("/app/escalation-action-item")
		for width in (390, 1280):
			window.page.set_viewport_size({"width": width, "height": 900})
			texts = list(hostile.texts().values())
			marks = [mark(text[:300], n % 5, method=text[:40]) for n, text in enumerate(texts)]
			own = mark("", 6, kind="Acknowledged", method="") | {"who": texts[0]}
			picture = draw(window.page, [*marks, own], zone=texts[1])
			for each in picture.locator(".escalation-lane-mark").all()[:5]:
				each.hover()
			inert(window, f"the picture at {width}")
