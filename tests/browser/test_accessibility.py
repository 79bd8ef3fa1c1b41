"""axe finds nothing to complain of on pages of ours, light and dark, nor in our parts of Desk's."""

from playwright.sync_api import Page, expect

from tests import judges
from tests.browser.desk import PATIENCE, Desk, plan_for
from tests.browser.seen import THEME, THEMES
from tests.browser.test_desk import log_ticket
from tests.conftest import missing

SECONDS = PATIENCE / 1000
SUBJECT = "The door of the cold store stays open"
PLAN = plan_for(
	SUBJECT,
	"Cold Store",
	{"method": "Email", "whom": "Assignee"},
	{"wait": 300, "method": "SMS", "whom": "User", "user": "lead@x.test"},
)


# A colour that is on its way to another is neither.
STILL = """() => Promise.all(document.getAnimations().filter((one) => one instanceof CSSTransition)
	.map((one) => one.finished.catch(() => null))).then(() => null)"""


def complaints(page: Page, *parts: str) -> list[str]:
	"""What axe says of the whole page, or of these parts of it."""
	try:
		axe = judges.installed() / "node_modules/axe-core/axe.min.js"
	except judges.Missing as e:
		missing("npm", str(e))
	for part in parts:
		expect(page.locator(part).first).to_be_visible()
	page.evaluate(axe.read_text())  # no script tag: our pages allow none
	page.evaluate(STILL)
	return page.evaluate(
		"""async (parts) => (await axe.run(parts.length ? { include: parts.map((part) => [part]) } : document))
			.violations.flatMap(({ id, help, nodes }) => nodes.map((node) => `${id}: ${help}: ${node.html} ${node.failureSummary}`))""",
		list(parts),
	)


def test_pages_of_ours(desk: Desk) -> None:
	desk.as_administrator("frappe.client.insert", doc=PLAN)
	try:
		with desk.window() as agent, desk.dispatcher():
			agent.log_in("tech@x.test")
			item = log_ticket(agent, SUBJECT, "High")
			link = desk.inbox.expect(
				method="Email", to="tech@x.test", contains=SUBJECT, timeout=SECONDS
			).links[0]
			for dark in (False, True):
				with desk.window(phone=True, dark=dark) as phone:
					phone.page.goto(link)
					assert not complaints(phone.page)
					phone.page.goto("/ack/nonsense")
					assert not complaints(phone.page)
					phone.page.goto(desk.providers.inbox_url)
					expect(phone.page.locator("#messages li").first).to_be_visible()
					assert not complaints(phone.page)
					phone.log_in("tech@x.test")
					phone.page.goto("/escalations")
					expect(phone.page.get_by_text(SUBJECT)).to_be_visible()
					assert not complaints(phone.page)
			agent.open(f"/app/escalation-action-item/{item}")
			expect(agent.page.locator(".escalation-now")).to_be_visible()
			assert not complaints(agent.page, ".escalation-summary", "[data-fieldname=timeline]")
			account = f"doctype=Escalation Action Item&name={item}&format=Escalation Account"
			agent.page.goto(f"/printview?{account}")
			assert not complaints(agent.page, ".escalation-account")
			with desk.window(phone=True) as phone:
				phone.page.goto(link)
				phone.page.get_by_role("button", name="Acknowledge").click()
				expect(phone.page.locator("#state")).to_have_text("You have it")
				assert not complaints(phone.page)
				phone.page.evaluate("document.querySelector('#text').style.color = '#eee'")
				assert "color-contrast" in complaints(phone.page)[0], "axe doesn't look"
	finally:
		desk.as_administrator(
			"frappe.client.set_value",
			doctype="Escalation Plan",
			name="Cold Store",
			fieldname="enabled",
			value=0,
		)


PARTS = (
	("/app/escalation", ".custom-block-widget-box"),
	("/app/escalation-settings", ".escalation-figures", ".escalation-address"),
	("/app/escalation-board", ".escalation-board"),
	("/app/query-report/Escalation History", "#page-query-report .report-summary"),
)


# A status in each of its tones.
PILLS = """(tones) => {
	const box = document.createElement("p");
	box.id = "pills";
	for (const tone of tones) box.innerHTML += `<span class="indicator-pill escalation-pill ${tone}">${tone}</span>`;
	document.getElementById("pills")?.remove();
	cur_page.page.prepend(box);
}"""


def test_our_parts_of_desk(desk: Desk) -> None:
	with desk.window() as admin:
		admin.log_in("admin@x.test")
		page = admin.page
		if not admin.server(
			"frappe.client.get_count", doctype="Escalation Plan", filters={"name": "Cold Store"}
		):
			admin.server("frappe.client.insert", doc={**PLAN, "enabled": 0})
		admin.open("/app/escalation")
		for theme in THEMES:
			page.emulate_media(color_scheme=theme)
			page.evaluate(THEME, theme)
			for path, *parts in PARTS:
				admin.go(path)
				assert not complaints(page, *parts), f"{path} {theme}"
			page.evaluate(PILLS, ["blue", "red", "yellow", "green", "gray", "orange"])
			assert not complaints(page, "#pills"), theme
		page.emulate_media(color_scheme="light")
		page.evaluate(THEME, "light")
		admin.go("/app/escalation-plan/Cold Store")
		parts = ("[data-fieldname=ladder]", "[data-fieldname=taken]", ".escalation-priorities")
		assert not complaints(page, *parts)
		page.get_by_role("button", name="Which tickets would this have taken?").click()
		assert not complaints(page, ".modal-dialog [data-fieldname=tickets]")
		page.locator(".modal-dialog:visible .btn-modal-close").click()
		expect(page.locator(".modal-dialog:visible")).to_have_count(0)
		page.get_by_role("button", name="Rehearse", exact=True).click()
		page.get_by_text("What it says").first.click()
		rehearsal = (".modal-dialog [data-fieldname=timeline]", ".modal-dialog [data-fieldname=times]")
		assert not complaints(page, *rehearsal)
