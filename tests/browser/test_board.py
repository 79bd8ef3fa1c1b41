"""The board on a wall and on a phone: what burns is seen at once, counts down, stays fresh, and says when it isn't."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Route, expect

from tests.browser.desk import PATIENCE, Desk, Window, plan_for, put_away
from tests.browser.seen import at_every_width, expect_seen

SUBJECT = "Rack 4 is down"
HOSTILE = "<img src=x onerror=escalation_canary()>"
STEP = {"method": "Email", "whom": "User", "user": "second@x.test"}
PLAN = "On the Wall"
LONG = """() => {
	for (const item of cur_list.data) item.ticket_subject += ", and so is all that stands on its power supply, in both of the rooms";
	cur_list.render_list();
	window["escalation_mgmt"].ask_items(cur_list);
}"""
WORDS = """(more) => {
	const rows = [{ nobody: true }, { nobody: true }];
	const { Board } = window["escalation_mgmt"];
	return Board.prototype.words.call({ state: { rows, more } }, 0, false);
}"""


@pytest.fixture(scope="module")
def ticket(desk: Desk) -> Iterator[str]:
	plan = plan_for(SUBJECT, PLAN, STEP, {**STEP, "wait": 3600})
	desk.as_administrator("frappe.client.insert", doc=plan)
	doc = {"doctype": "HD Ticket", "subject": SUBJECT, "priority": "Urgent", "raised_by": "customer@x.test"}
	name = str(desk.as_administrator("frappe.client.insert", doc=doc)["name"])
	with desk.dispatcher():
		desk.inbox.expect(method="Email", to="second@x.test", contains="Rack", timeout=PATIENCE / 1000)
	yield name
	put_away(desk, PLAN, [name], "second@x.test")


def spoil(window: Window) -> None:
	"""What the server never says, because it keeps no markup: the board doesn't rely on that."""

	def answer(route: Route) -> None:
		said = route.fetch()
		found = said.json()
		for row in found["message"]["rows"]:
			for key in ("subject", "last", "who", "status", "next", "due", "priority", "how", "step", "held"):
				row[key] = f"{row[key]} {HOSTILE}"
		route.fulfill(response=said, json=found)

	window.page.route("**/escalation_mgmt.api.board", answer)


def test_it_is_seen_counts_down_and_is_text_whatever_it_says(desk: Desk, ticket: str) -> None:
	with desk.window() as wall:
		wall.log_in("manager@x.test")
		wall.page.add_init_script("window.escalation_canary = () => { window.canary_sang = true; }")
		wall.open("/app/escalation-board")
		row = wall.page.locator(".escalation-board-row", has_text=f"{ticket} ·")
		for width in at_every_width(wall):
			subject = row.locator(".escalation-board-subject")
			expect(subject).to_have_text(SUBJECT)
			for part in ("subject", "left", "step b", "who b", "status b", "line", "updated"):
				expect_seen(row.locator(f".escalation-board-{part}"))
			over = wall.page.evaluate("document.documentElement.scrollWidth - innerWidth")
			assert over <= 0, width
		left = row.locator(".escalation-board-left")
		expect(left).to_have_text(re.compile(r"\d?\d:\d\d"))
		before = left.inner_text()
		expect(left).not_to_have_text(before)
		spoil(wall)
		wall.page.evaluate("cur_page.page.escalation_board.ask()")
		for part in ("subject", "line", "who b", "status b", "what"):
			expect(row.locator(f".escalation-board-{part}")).to_contain_text(HOSTILE)
		assert not wall.page.evaluate(
			"window.canary_sang || !!document.querySelector('.escalation-board img')"
		)
		said = [wall.page.evaluate(WORDS, more) for more in ("", "and 9 more, less urgent")]
		assert said == [
			"2 escalations are open. Nobody has taken any.",
			"2+ escalations are open. Nobody has taken 2+ of them.",
		], "of those that aren't shown somebody may have some"
		row.locator(".escalation-board-step").click()
		wall.page.wait_for_url("**/escalation-action-item/ESC-*")


def test_the_list_says_it_in_columns(desk: Desk, ticket: str) -> None:
	with desk.window() as manager:
		manager.page.set_viewport_size({"width": 1920, "height": 900})
		manager.log_in("manager@x.test")
		manager.open("/app/escalation-action-item")
		row = manager.page.locator(".list-row", has_text=SUBJECT).first
		for column, says in (
			("acknowledged_by", r"Sam Second \(paged\)"),
			("current_step", r"1 / 2"),
			("due_utc", r"\d\d:\d\d"),
			("updated_utc", r"just now|min ago"),
			("summary", r"Email to Sam Second was sent"),
		):
			cell = row.locator(f"[data-cell='{column}']")
			expect(cell).to_have_text(re.compile(says))
			if column != "summary":  # as long as it is; its title has the whole
				expect_seen(cell)
		expect(manager.page.locator(".list-row").first).to_contain_text("Escalating")
		manager.page.evaluate(LONG)
		manager.page.set_viewport_size({"width": 1280, "height": 900})
		for column in ("summary", "updated_utc"):
			last, beside = (
				row.locator(one).bounding_box() for one in (f".list-row-col.{column}", ".level-right")
			)
			assert last["x"] + last["width"] <= beside["x"], "what happened last is read without scrolling"
		item = re.search(r"ESC-\d+", row.locator("a[href*='ESC-']").first.get_attribute("href") or "")
		assert item
		manager.page.set_viewport_size({"width": 390, "height": 844})
		account = f"doctype=Escalation Action Item&name={item[0]}&format=Escalation Account&no_letterhead=1"
		manager.page.goto(f"/printview?{account}")
		expect(manager.page.locator(".escalation-account .steps")).to_contain_text("Sam Second")
		for part in (".steps th", ".steps td", ".head th"):
			for cell in manager.page.locator(f".escalation-account {part}").all():
				expect_seen(cell)
		assert manager.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_it_asks_by_itself_and_says_when_nobody_answers(desk: Desk, ticket: str) -> None:
	with desk.window() as wall:
		wall.log_in("manager@x.test")
		wall.page.clock.install()
		wall.open("/app/escalation-board")
		row = wall.page.locator(".escalation-board-row", has_text=f"{ticket} ·")
		expect(row.locator(".escalation-board-who")).to_contain_text("paged")
		problems = wall.page.locator(".escalation-board-problems")
		wall.context.set_offline(True)
		wall.page.clock.run_for(40_000)
		expect(problems).to_contain_text("NOT FRESH")
		expect_seen(problems)
		item = re.search(r"ESC-\d+", row.locator("a").get_attribute("href") or "")
		desk.as_administrator("escalation_mgmt.api.acknowledge", action_item=item and item[0])
		wall.context.set_offline(False)
		wall.page.clock.run_for(11_000)
		expect(row.locator(".escalation-board-who")).to_contain_text("Administrator")
		expect(row.locator(".escalation-board-who")).to_contain_text("has it")
		expect(problems).to_be_empty()
