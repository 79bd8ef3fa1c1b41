"""Every screen of ours with what strangers wrote in it: nothing of it runs, nothing is asked for elsewhere, nothing breaks.

A few texts and forms here, all of each in `make nightly`.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from escalation_mgmt.utils.doctypes import DEVICE, EVENT, ITEM, MAINTENANCE, NOTIFICATION
from tests import hostile
from tests.browser.desk import SITE, Desk, Window, run

LISTED = (ITEM, NOTIFICATION, EVENT, DEVICE, MAINTENANCE)
REPORTS = {
	ITEM: (
		"name",
		"reference_name",
		"ticket_subject",
		"priority",
		"team",
		"customer",
		"acknowledged_by",
		"parked",
	),
	NOTIFICATION: ("name", "action_item", "method", "recipient", "detail", "provider_message_id"),
	EVENT: ("name", "action_item", "kind", "data"),
	DEVICE: ("name", "user", "label", "dead_reason"),
	MAINTENANCE: ("name", "team", "customer", "reason"),
}
ROWS = 500
# Whatever of a text has become part of the page: what would run when it is touched, and what loads.
COME_TO_LIFE = """([canary, host]) => [...document.querySelectorAll("*")].flatMap((element) =>
	[...element.attributes]
		.filter(({ name, value }) =>
			(name.startsWith("on") && value.includes(canary)) ||
			(["href", "action", "formaction", "xlink:href"].includes(name) && /^\\s*javascript:.*canary/i.test(value)) ||
			(["src", "srcset", "href", "action", "style", "data"].includes(name) && value.includes("//" + host)))
		.map(({ name, value }) => `${element.tagName} ${name}=${value}`.slice(0, 200))
)"""


@pytest.fixture(scope="module")
def written(desk: Desk) -> Iterator[dict[str, str]]:
	"""The action items, each with the name of the text that its ticket has."""
	for n, text in enumerate(hostile.texts().values()):
		desk.providers.pager.faults.status(200 if n % 2 else 400, body=text)
	made = json.loads(run("-m", "tests.browser.strangers", SITE).splitlines()[-1])
	desk.providers.pager.faults.clear()
	yield made
	desk.inbox.take_all()


@contextmanager
def guarded(desk: Desk, user: str, *, phone: bool = False) -> Iterator[Window]:
	"""A window in which it is noticed whatever a stranger's text does."""
	with desk.window(phone=phone) as window:
		window.ran = []
		window.context.expose_function(hostile.CANARY, lambda *_given: window.ran.append(window.page.url))
		window.context.on("request", lambda request: _asked(window, request.url))
		window.page.on("dialog", lambda dialog: (window.ran.append(dialog.message), dialog.dismiss()))
		window.log_in(user)
		yield window
		assert not window.ran, window.ran


def _asked(window: Any, url: str) -> None:
	if hostile.CANARY_HOST in url.split("?", maxsplit=1)[0]:
		window.ran.append(f"asked for {url}")


def inert(window: Any, what: str) -> None:
	"""Nothing on the page has come to life, and it is as wide as it should be."""
	page = window.page
	alive = page.evaluate(COME_TO_LIFE, [hostile.CANARY, hostile.CANARY_HOST])
	assert not alive, f"{what}: {alive}"
	assert not window.ran, f"{what}: {window.ran}"
	assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (
		f"{what} is wider than the window"
	)
	window.assert_no_errors()


def shows(window: Any, text: str) -> None:
	window.page.wait_for_function(
		"text => document.body.innerText.includes(text) || document.body.innerText.includes(text.replace('< ', '<'))",
		arg=text,
	)


def route_of(doctype: str) -> str:
	return doctype.lower().replace(" ", "-")


def save_reports(desk: Desk) -> None:
	for doctype, fields in REPORTS.items():
		shown = {
			"filters": [],
			"fields": [[field, doctype] for field in fields],
			"order_by": f"`tab{doctype}`.`creation` asc",
			"page_length": ROWS,
		}
		report = {"doctype": "Report", "report_name": f"Hostile {doctype}", "ref_doctype": doctype}
		report |= {"report_type": "Report Builder", "is_standard": "No", "json": json.dumps(shown)}
		desk.as_administrator("frappe.client.insert", doc=report)


def test_lists_and_reports(desk: Desk, written: dict[str, str]) -> None:
	save_reports(desk)
	desk.as_administrator(
		"frappe.desk.doctype.kanban_board.kanban_board.quick_kanban_board",
		doctype=ITEM,
		board_name="Hostile",
		field_name="status",
	)
	with guarded(desk, "admin@x.test") as window:
		window.open("/app/escalation")
		inert(window, "the workspace")
		for doctype in LISTED:
			window.go(f"/app/{route_of(doctype)}")
			window.page.wait_for_selector(".list-row-container:visible")
			inert(window, f"the list of {doctype}")
			window.go(f"/app/{route_of(doctype)}/view/report/Hostile {doctype}")
			window.page.wait_for_selector(".dt-cell__content:visible")
			window.idle()
			inert(window, f"the report view of {doctype}")
		window.go(f"/app/{route_of(ITEM)}/view/kanban/Hostile")
		window.page.wait_for_selector(".kanban-card:visible")
		inert(window, "the kanban board")


def test_the_history_report(desk: Desk, written: dict[str, str]) -> None:
	with guarded(desk, "manager@x.test") as window:
		for path in ("Response Performance?group_by=team", "Escalation History?columns=All"):
			window.open(f"/app/query-report/{path}")
			window.page.wait_for_selector(".dt-scrollable .dt-row")
			scrolled_through(window)
			inert(window, f"the report {path}")
		shown = set(window.page.evaluate("frappe.query_report.data.map((row) => row.subject)"))
		assert "”< img src=x onerror=escalation_canary()>”" in shown
		window.page.evaluate(
			"frappe.query_report.print_report({ orientation: 'Landscape' }) || null"
		)  # opens a window of its own
		window.page.wait_for_timeout(500)
		for page in window.context.pages[1:]:
			page.wait_for_load_state()
			alive = page.evaluate(COME_TO_LIFE, [hostile.CANARY, hostile.CANARY_HOST])
			assert not alive, f"the printed report: {alive}"
		inert(window, "the printed report")


def scrolled_through(window: Any) -> None:
	"""A table shows the rows in view alone."""
	window.page.evaluate(
		"""async () => {
			const table = document.querySelector(".dt-scrollable");
			for (const left of [0, table.scrollWidth]) {
				for (let top = 0; top <= table.scrollHeight; top += 300) {
					table.scrollTo(left, top);
					await new Promise(requestAnimationFrame);
				}
			}
		}"""
	)


def test_forms_and_prints(desk: Desk, written: dict[str, str]) -> None:
	with guarded(desk, "admin@x.test") as window:
		window.open("/app")
		names = {doctype: some(window, doctype, written) for doctype in LISTED}
		for doctype in LISTED:
			for name in names[doctype]:
				window.go(f"/app/{route_of(doctype)}/{name}")
				window.page.wait_for_function(
					"([doctype, name]) => window.cur_frm && cur_frm.doctype === doctype && cur_frm.docname === name",
					arg=[doctype, name],
				)
				window.idle()
				inert(window, f"the form of {doctype} {name}")
		for doctype in LISTED:
			for name in names[doctype][: None if hostile.ALL else 1]:
				window.page.goto(f"/printview?doctype={doctype}&name={name}&format=Standard&trigger_print=0")
				inert(window, f"the print of {doctype} {name}")


def some(window: Window, doctype: str, written: dict[str, str]) -> list[str]:
	"""The newest rows of two escalations, or all of all."""
	chosen = [
		item
		for item, text in written.items()
		if hostile.ALL or text in ("json string", "leaves an attribute")
	]
	of_items = {ITEM: "name", NOTIFICATION: "action_item", EVENT: "action_item"}
	found = window.server(
		"frappe.client.get_list",
		doctype=doctype,
		filters={of_items[doctype]: ["in", chosen]} if doctype in of_items else {},
		fields=["name"],
		order_by="creation desc",
		limit=ROWS,
	)
	return [row["name"] for row in found][: None if hostile.ALL else 3]


def test_what_is_searched_and_offered(desk: Desk, written: dict[str, str]) -> None:
	"""Links offer their documents with titles and more; the bar above all finds them, and remembers them."""
	with guarded(desk, "admin@x.test") as window:
		window.open(f"/app/{route_of(ITEM)}/{next(iter(written))}")
		page = window.page
		for doctype in LISTED:
			page.evaluate(
				"""doctype => {
					window.asked?.hide();
					window.asked = new frappe.ui.Dialog({ animate: false, fields: [{ fieldtype: "Link", options: doctype, fieldname: "which" }] });
					asked.show();
				}""",
				doctype,
			)
			box = page.locator(".modal:visible input[data-fieldname='which']")
			box.click()
			box.fill("")
			page.wait_for_selector(".modal:visible [role=option], .modal:visible .awesomplete li")
			window.idle()
			inert(window, f"a link to {doctype}")
		page.evaluate("asked.hide()")
		for subject in ("img", "HYPERLINK"):
			answer = window.server(
				"frappe.desk.search.search_link", doctype=ITEM, txt=subject, page_length=ROWS
			)
			assert answer, subject
			said = [text for option in answer for text in option.values() if isinstance(text, str)]
			assert not any(map(hostile.markup_in, said)), said


def test_a_phone(desk: Desk, written: dict[str, str]) -> None:
	with guarded(desk, "tech@x.test", phone=True) as window:
		window.page.goto("/escalations")
		window.page.wait_for_selector("#items article")
		inert(window, "the technician's page")
	with guarded(desk, "tech@x.test", phone=True) as window:
		for message in mails(desk)[: None if hostile.ALL else 4]:
			window.page.goto(next(link for link in message.links if "/ack/" in link))
			window.page.wait_for_selector("h1")
			inert(window, "the page behind a link")
			assert not hostile.running_in(message.html or ""), message.subject


def mails(desk: Desk) -> list[Any]:
	found = [
		message
		for message in desk.inbox.unexpected()
		if (message.method, message.to) == ("Email", "tech@x.test")
	]
	return [message for message in found if "Of Strangers" in message.text or "Ticket" in message.subject]
