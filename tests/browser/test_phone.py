"""The technician's page on a phone: added to it, a notification, an acknowledgement.

Chromium without Google's push service can't subscribe, so that one step is a stand-in in the page: `PushManager` gets its
subscription from the local push service, which gives what a browser gives. All else is real: page, service worker,
server, encryption, and the notification, which Chromium's own DevTools protocol delivers to the service worker.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Page, expect

from host import paths
from tests.browser.desk import PATIENCE, PHONE, Desk, Window
from tests.on_site import PASSWORD

TECH = "second@x.test"  # of whom no other test of this site knows
SECONDS = PATIENCE / 1000
IPHONE = (
	"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5"
	" Mobile/15E148 Safari/604.1"
)
SUBSCRIBED = """
(() => {
	let there = null;
	const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
	const made = (given, key) => ({
		endpoint: given.endpoint,
		options: { applicationServerKey: key.buffer },
		toJSON: () => given,
		unsubscribe: async () => { there = null; localStorage.removeItem("push"); return true; },
	});
	PushManager.prototype.getSubscription = async () => {
		const kept = JSON.parse(localStorage.getItem("push") || "null");
		return there || (there = kept && made(kept.given, bytes(kept.key)));
	};
	PushManager.prototype.subscribe = async ({ applicationServerKey }) => {
		const key = btoa(String.fromCharCode(...applicationServerKey)).replace(/\\+/g, "-").replace(/\\//g, "_").replace(/=/g, "");
		const given = JSON.parse(await localPushService(key));
		localStorage.setItem("push", JSON.stringify({ given, key }));
		return (there = made(given, applicationServerKey));
	};
})();
"""


def test_a_phone_is_added_gets_a_notification_and_acknowledges(desk: Desk) -> None:
	plan = with_a_plan(desk)
	try:
		with desk.whole_browser(), desk.window(phone=True) as window, desk.dispatcher():
			page = window.page
			able_to_subscribe(desk, window)
			logs_in(page)
			allows(desk, page)
			gets_a_test(desk, page)
			first = ticket(desk, "Phone: the mail server in rack 4 doesn't answer")
			notified(desk, window, first)
			acknowledges_on_the_page(desk, page, first)
			second = ticket(desk, "Phone: the store's lift is stuck between two floors, with people in it")
			notified(desk, window, second)
			passes_on_and_acknowledges_by_the_buttons_of_the_notification(desk, page, second)
			after_new_keys_it_subscribes_anew_by_itself(desk, page)
			removes_the_device(page)
	finally:
		desk.as_administrator(
			"frappe.client.set_value", doctype="Escalation Plan", name=plan, fieldname="enabled", value=0
		)
		for device in desk.as_administrator("frappe.client.get_list", doctype="Escalation Device"):
			desk.as_administrator("frappe.client.delete", doctype="Escalation Device", name=device["name"])
	desk.inbox.take_all()


def test_an_iphone_is_told_how_to_put_the_page_on_its_home_screen(desk: Desk) -> None:
	for dark in (False, True):
		with phone(desk, dark=dark, agent=IPHONE) as page:
			page.add_init_script("delete window.PushManager; delete window.Notification;")
			logs_in(page)
			expect(page.get_by_text("Choose Add to Home Screen, then Add.")).to_be_visible()
			expect(page.get_by_role("button", name="Allow Notifications")).to_be_hidden()
			expect(page.locator("#state")).to_have_text("This device gets no notifications yet.")
			fits(page)
			shot(page, f"iphone-{'dark' if dark else 'light'}")


def test_what_was_forbidden_is_said(desk: Desk) -> None:
	with phone(desk) as page:
		page.add_init_script("Object.defineProperty(Notification, 'permission', { get: () => 'denied' });")
		logs_in(page)
		expect(page.locator("#state")).to_contain_text("Notifications are forbidden for this page")
		expect(page.get_by_role("button", name="Allow Notifications")).to_be_hidden()


# --- steps


def with_a_plan(desk: Desk) -> str:
	return desk.as_administrator(
		"frappe.client.insert",
		doc={
			"doctype": "Escalation Plan",
			"title": "By Phone",
			"plan_owner": "owner@x.test",
			"reference_doctype": "HD Ticket",
			"condition": "'Phone:' in (doc.subject or '')",
			"rank": 1,
			"window": 1,
			"last_wait": 1800,
			"steps": [
				{"method": "iPhone Notification", "whom": "User", "user": TECH, "wait": 0},
				{"method": "Email", "whom": "User", "user": "lead@x.test", "wait": 3600},
			],
		},
	)["name"]


def ticket(desk: Desk, subject: str) -> str:
	doc = {
		"doctype": "HD Ticket",
		"subject": subject,
		"description": subject,
		"raised_by": "c@x.test",
		"priority": "Urgent",
	}
	return str(desk.as_administrator("frappe.client.insert", doc=doc)["name"])


def able_to_subscribe(desk: Desk, window: Window) -> None:
	window.context.grant_permissions(["notifications"])
	window.context.expose_function(
		"localPushService", lambda key: json.dumps(desk.providers.webpush.subscribe(TECH, key).as_json())
	)
	window.context.add_init_script(SUBSCRIBED)


def logs_in(page: Page) -> None:
	"""By the address that one is given: it leads through the log-in, and back."""
	page.goto("/escalations")
	page.wait_for_url("**/login?redirect-to=/escalations")
	page.locator("#login_email").fill(TECH)
	page.locator("#login_password").fill(PASSWORD)
	page.locator(".btn-login:visible").click()
	page.wait_for_url("**/escalations")
	expect(page.locator("#state")).not_to_be_empty()


def allows(desk: Desk, page: Page) -> None:
	expect(page.locator("#items")).to_have_text("Nothing is escalating that concerns you.")
	expect(page.locator("#devices")).to_have_text("No device yet.")
	shot(page, "before")
	page.get_by_role("button", name="Allow Notifications").click()
	expect(page.locator("#state")).to_have_text("Notifications reach this device.")
	expect(page.locator("#devices")).to_contain_text("(this device)")
	# A post without the session's token does nothing.
	answer = page.context.request.post("/api/method/escalation_mgmt.web.technician.send_test")
	assert answer.status == 400, answer.text()


def gets_a_test(desk: Desk, page: Page) -> None:
	page.get_by_role("button", name="Send Me a Test").click()
	expect(page.locator("#said")).to_contain_text("On ")
	desk.inbox.expect(method="iPhone Notification", to=TECH, contains="Test", timeout=SECONDS)


def notified(desk: Desk, window: Window, name: str) -> None:
	push = desk.inbox.expect(
		method="iPhone Notification", to=TECH, contains=f"Ticket {name}", timeout=SECONDS
	)
	shown = delivered(window, push.body)
	assert shown["title"] == push.subject and shown["body"] == push.text
	assert (
		shown["actions"] == ["acknowledge", "pass_on"]
		and shown["link"] == push.body["notification"]["navigate"]
	)
	card = window.page.locator("article", has_text=f"Ticket {name} ")
	expect(card).to_contain_text("Escalating: step 1 of 2")
	expect(card.get_by_role("button", name="Acknowledge")).to_be_visible()
	fits(window.page)
	shot(window.page, f"escalating-{name}")
	window.page.emulate_media(color_scheme="dark")
	shot(window.page, f"escalating-{name}-dark")
	window.page.emulate_media(color_scheme="light")


def delivered(window: Window, pushed: dict[str, Any]) -> dict[str, Any]:
	"""What the browser's push service would do: wake the service worker with the message, until it has taken it.

	Chromium now and then loses one that meets the service worker while it stops. Gives what is on the screen.
	"""
	session = window.context.new_cdp_session(window.page)
	seen: list[dict[str, Any]] = []
	session.on("ServiceWorker.workerRegistrationUpdated", lambda event: seen.extend(event["registrations"]))
	session.send("ServiceWorker.enable")
	ours = soon(window.page, lambda: [one for one in seen if one["scopeURL"].endswith("/escalations")])
	message = {
		"origin": window.page.evaluate("location.origin"),
		"registrationId": ours[-1]["registrationId"],
		"data": json.dumps(pushed),
	}
	tag = pushed["notification"]["tag"]
	for _delivery in range(3):
		session.send("ServiceWorker.deliverPushMessage", message)
		if shown := soon(window.page, lambda: [one for one in on_screen(window.page) if one["tag"] == tag]):
			break
	session.detach()
	assert shown, "the notification isn't on the screen"
	return shown[0]


def soon(page: Page, found: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
	until = time.monotonic() + SECONDS / 2
	while not (there := found()) and time.monotonic() < until:
		page.wait_for_timeout(100)
	return there


def on_screen(page: Page) -> list[dict[str, Any]]:
	return page.evaluate(
		"""async () => (await (await navigator.serviceWorker.getRegistration("/escalations")).getNotifications())
			.map((n) => ({ title: n.title, body: n.body, tag: n.tag, link: n.data.link, actions: n.actions.map((a) => a.action) }))"""
	)


def acknowledges_on_the_page(desk: Desk, page: Page, name: str) -> None:
	card = page.locator("article", has_text=f"Ticket {name} ")
	card.get_by_role("button", name="Acknowledge").tap()
	expect(card).to_contain_text("Sam Second has it")
	expect(card.get_by_role("button", name="Acknowledge")).to_have_count(0)
	shot(page, "acknowledged")


def passes_on_and_acknowledges_by_the_buttons_of_the_notification(desk: Desk, page: Page, name: str) -> None:
	"""What came of one stands in its place, and has the same tag. Without a network nothing does, and that is said."""
	worker = page.context.service_workers[0]  # Playwright takes the network from pages only
	worker.evaluate("() => { self.online = self.fetch; self.fetch = () => Promise.reject(new TypeError()); }")
	for _press in range(2):
		pressed(page, f"Ticket {name}:", "acknowledge")
		(unsent,) = soon(page, lambda: [one for one in on_screen(page) if one["body"].startswith("No conn")])
		assert unsent["body"].count("No connection: not sent. Press again.\n") == 1
		assert unsent["actions"] == ["acknowledge", "pass_on"] and f"Ticket {name}:" in unsent["title"]
	worker.evaluate("() => { self.fetch = self.online; }")
	pressed(page, f"Ticket {name}:", "pass_on")
	desk.inbox.expect(method="Email", to="lead@x.test", contains=name, timeout=SECONDS)
	(asked,) = soon(
		page, lambda: [one for one in on_screen(page) if one["title"] == "Somebody else is asked"]
	)
	assert not any(f"Ticket {name}:" in one["title"] for one in on_screen(page))
	pressed(page, asked["title"], "acknowledge")
	expect(page.locator("article", has_text=f"Ticket {name} ")).to_contain_text("Sam Second has it")
	(has_it,) = [one for one in on_screen(page) if one["tag"] == asked["tag"]]
	assert has_it["title"] == "You have it"


def pressed(page: Page, title: str, button: str) -> None:
	page.context.service_workers[0].evaluate(
		"""async ([title, action]) => {
			const [notification] = (await registration.getNotifications()).filter((n) => n.title.includes(title));
			dispatchEvent(new NotificationEvent("notificationclick", { notification, action }));
		}""",
		[title, button],
	)


def after_new_keys_it_subscribes_anew_by_itself(desk: Desk, page: Page) -> None:
	before = page.evaluate("localStorage.push")
	desk.as_administrator("escalation_mgmt.api.settings.make_push_keys")
	page.reload()
	expect(page.locator("#state")).to_have_text("Notifications reach this device.")
	assert page.evaluate("localStorage.push") != before
	expect(page.locator("#devices .card")).to_have_count(1)
	page.get_by_role("button", name="Send Me a Test").click()
	expect(page.locator("#said")).to_contain_text("On ")


def removes_the_device(page: Page) -> None:
	this = page.locator("#devices .card", has_text="(this device)")
	this.get_by_role("button", name="Remove").click()
	expect(page.get_by_role("button", name="Allow Notifications")).to_be_visible()
	assert page.evaluate("localStorage.push") is None


# --- looks


@contextmanager
def phone(desk: Desk, *, dark: bool = False, agent: str | None = None) -> Iterator[Page]:
	context = desk.browser.new_context(
		base_url=desk.url,
		viewport=PHONE,
		device_scale_factor=2,
		has_touch=True,
		is_mobile=True,
		color_scheme="dark" if dark else "light",
		user_agent=agent,
	)
	context.set_default_timeout(PATIENCE)
	try:
		window = Window(context)
		yield window.page
		window.assert_no_errors()
	finally:
		context.close()


def fits(page: Page) -> None:
	"""Nothing is wider than the phone, and what is pressed is large enough for a thumb."""
	assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
	# In one look: the page draws its buttons anew whenever there is news.
	heights = page.evaluate(
		"""() => [...document.querySelectorAll("button")].filter((button) => button.checkVisibility())
			.map((button) => [button.innerText, button.getBoundingClientRect().height])"""
	)
	assert all(height >= 44 for _text, height in heights), heights


def shot(page: Page, name: str) -> None:
	page.screenshot(path=paths.LOGS / f"phone-{name}.png", full_page=True)
