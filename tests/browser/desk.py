"""Desk in a browser, and everything behind it: site, web server, local providers, dispatcher."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Self

import requests
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from host import paths, servers, sites
from host.processes import Stack
from host.providers import LocalProviders
from tests.on_site import PASSWORD

SITE = "test-browser.localhost"
COPY = "test-browser-copy.localhost"
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
PATIENCE = 15_000  # milliseconds; machines of CI are slow
NOT_OURS = ("/socket.io/", "favicon")  # the embedded host has no realtime server
# Frappe's own, on a page that is left while it is still being drawn, or made narrow: a list that asks for its saved filters, a chart. Nobody sees it.
LEFT_TOO_SOON = ("render_saved_filters", "boundDrawFn")
HAS_NO_WIDTH = "<rect> attribute width: A negative value"  # a chart of Frappe's, which draws itself anew on a page that was left

expect.set_options(timeout=PATIENCE)


def chromium() -> str | None:
	return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


def headless() -> str | None:
	"""Chromium without the window around it, where there is one: a third less work, but nothing can be pushed."""
	return os.environ.get("CHROMIUM") or shutil.which("chromium-headless-shell") or chromium()


def plan_for(subject: str, title: str, *steps: dict[str, Any], **more: Any) -> dict[str, Any]:
	"""A plan that takes the tickets with this subject alone, whatever other plans there are; due at once, nearly."""
	return {
		"doctype": "Escalation Plan",
		"title": title,
		"rank": 1,
		"reference_doctype": "HD Ticket",
		"plan_owner": "owner@x.test",
		"condition": f"doc.subject == '{subject}'",
		"window": 1,
		"steps": list(steps),
		**more,
	}


class Desk:
	"""A site that is served, its providers, and browsers that look at it."""

	def __enter__(self) -> Self:
		self._stack = ExitStack()
		try:
			self.providers = self._stack.enter_context(LocalProviders())
			self.inbox = self.providers.inbox
			port = servers.free_port(paths.port(5))
			self.url = f"http://127.0.0.1:{port}"
			given = {
				"url": self.url,
				"smtp": self.providers.smtp_address,
				"pager": self.providers.pager_url,
				"secret": self.providers.pager_secret,
			}
			run("-m", "tests.browser.site", SITE, json.dumps(given))
			web = self._stack.enter_context(Stack(SITE, "web", port=port))
			assert web.url == self.url, "somebody else took the port"
			self._playwright = self._stack.enter_context(sync_playwright())
			self.browser = self._stack.enter_context(self._launched(headless()))
		except BaseException:
			self._stack.close()
			raise
		return self

	def __exit__(self, *_error: object) -> None:
		self._stack.close()

	def _launched(self, binary: str | None) -> Browser:
		arguments = ["--no-sandbox", "--disable-dev-shm-usage"]
		return self._playwright.chromium.launch(executable_path=binary, args=arguments)

	@contextmanager
	def whole_browser(self) -> Iterator[None]:
		"""Meanwhile windows open in one that can be pushed to."""
		usual = self.browser
		with self._launched(chromium()) as whole:
			self.browser = whole
			try:
				yield
			finally:
				self.browser = usual

	@contextmanager
	def dispatcher(self) -> Iterator[None]:
		"""`bench --site SITE escalation dispatch`, as an operator runs it."""
		with open(paths.LOGS / f"{SITE}.dispatcher.log", "ab") as log:
			process = subprocess.Popen(
				[sys.executable, "-m", "host", "frappe", "--site", SITE, "escalation", "dispatch"],
				cwd=paths.ROOT,
				stdin=subprocess.DEVNULL,
				stdout=log,
				stderr=log,
				preexec_fn=servers.die_with_parent,
			)
		try:
			yield
		finally:
			process.terminate()
			process.wait(20)

	@contextmanager
	def copy(self) -> Iterator[str]:
		"""The site restored under another name, with its configuration. Its address."""
		sites.copy_site(SITE, COPY)
		with Stack(COPY, "web", port=servers.free_port(paths.port(6))) as web:
			yield web.url

	def as_administrator(self, method: str, **arguments: Any) -> Any:
		session = requests.Session()
		login = {"usr": "Administrator", "pwd": sites.ADMIN_PASSWORD}
		session.post(f"{self.url}/api/method/login", data=login, timeout=30).raise_for_status()
		answer = session.post(f"{self.url}/api/method/{method}", json=arguments, timeout=30)
		assert answer.ok, answer.text
		return answer.json().get("message")

	@contextmanager
	def window(self, *, phone: bool = False, url: str = "", dark: bool = False) -> Iterator["Window"]:
		context = self.browser.new_context(
			base_url=url or self.url,
			viewport=PHONE if phone else DESKTOP,
			device_scale_factor=2 if phone else 1,
			has_touch=phone,
			is_mobile=phone,
			color_scheme="dark" if dark else "light",
			locale="en-US",
			timezone_id="UTC",
			reduced_motion="reduce",
		)
		context.set_default_timeout(PATIENCE)
		context.set_default_navigation_timeout(2 * PATIENCE)
		window = Window(context)
		try:
			yield window
			window.assert_no_errors()
		except BaseException:
			shot = paths.LOGS / f"browser-{'phone' if phone else 'desktop'}.png"
			window.page.screenshot(path=shot)
			print(f"at {window.page.url}: {shot}", *window.errors, sep="\n")
			raise
		finally:
			context.close()


class Window:
	"""One person's browser. What goes wrong in its pages is collected, and fails the test."""

	def __init__(self, context: BrowserContext):
		self.context = context
		self.page: Page = context.new_page()
		self.errors: list[str] = []
		self.page.on("pageerror", self._failed)
		self.page.on("console", self._said)
		self.page.on("response", self._answered)

	def _failed(self, error: Any) -> None:
		stack = error.stack or ""
		frappes = all(
			"/assets/frappe/" in line for line in stack.splitlines() if line.strip().startswith("at ")
		)
		if not (frappes and any(part in stack for part in LEFT_TOO_SOON)):
			self.errors.append(f"{error}\n{stack}")

	def _said(self, message: Any) -> None:
		at = message.location.get("url", "")
		failed = message.type == "error" and "Failed to load resource" not in message.text
		if "/assets/frappe/" in at and HAS_NO_WIDTH in message.text:
			return
		if failed and not any(part in at + message.text for part in NOT_OURS):
			self.errors.append(f"{message.text} ({at})")

	def _answered(self, response: Any) -> None:
		if response.status >= 500 and not any(part in response.url for part in NOT_OURS):
			self.errors.append(f"{response.status} {response.url}")

	def assert_no_errors(self) -> None:
		assert not self.errors, "\n".join(self.errors)

	def log_in(self, user: str, password: str = PASSWORD) -> None:
		"""Without a page yet: opening the log-in page and Desk's first one takes longer than most tests."""
		answer = self.context.request.post("/api/method/login", form={"usr": user, "pwd": password})
		assert answer.ok, answer.text()

	def open(self, path: str) -> None:
		self.page.goto(path)
		self.ready()

	def open_workspace(self) -> None:
		"""Ours, as a manager sees it, once its readiness is known: that moves whatever stands below."""
		self.open("/app/escalation")
		expect(self.page.locator(".readiness.red, .readiness.orange, .readiness.green")).to_be_visible()

	def go(self, path: str) -> None:
		"""From one page of Desk to another, as by a link."""
		self.page.evaluate("path => frappe.set_route(path)", path)
		self.ready()

	def server(self, method: str, **arguments: Any) -> Any:
		"""Call the server with this log-in: from the open page, as Desk's own code does, if there is one."""
		if self.page.url != "about:blank":
			return self.page.evaluate("([method, args]) => frappe.xcall(method, args)", [method, arguments])
		answer = self.context.request.post(f"/api/method/{method}", data=arguments)
		assert answer.ok, answer.text()
		return answer.json().get("message")

	def expect_error(self, part: str) -> None:
		"""Desk writes into the console what the server refused: take one that was to be expected."""
		found = next((error for error in self.errors if part in error), None)
		assert found, f"no error says {part!r}: {self.errors}"
		self.errors.remove(found)

	def ready(self) -> None:
		"""Desk has started, and has nothing to ask the server."""
		self.page.wait_for_function("window.frappe && frappe.boot && frappe.app && cur_page")
		self.idle()

	def idle(self) -> None:
		self.page.wait_for_function(
			"!$('body').attr('data-ajax-state') || $('body').attr('data-ajax-state') === 'complete'"
		)

	def shown(self, field: str) -> Locator:
		"""What the open form shows of a field that can't be written."""
		return self.page.locator(f".frappe-control[data-fieldname='{field}'] .control-value:visible")


def run(*arguments: str) -> str:
	"""Run Python in a process of its own; what it wrote."""
	done = subprocess.run(
		[sys.executable, *arguments], cwd=paths.ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL
	)
	assert not done.returncode, done.stdout + done.stderr
	return done.stdout


def log_urgent(desk: Desk, subject: str, count: int) -> list[str]:
	"""So many urgent tickets, as an administrator logs them; their names."""
	names = []
	for n in range(count):
		doc = {"doctype": "HD Ticket", "subject": f"{subject} {n}", "description": "It stands."}
		made = desk.as_administrator(
			"frappe.client.insert", doc={**doc, "raised_by": "c@x.test", "priority": "Urgent"}
		)
		names.append(made["name"])
	return names


def put_away(desk: Desk, plan: str, tickets: Iterable[str], told: str) -> None:
	"""After a module's tickets: the plan takes no more, and they are closed, of which `told` hears each time. The next module has a
	dispatcher again, and would send that.
	"""
	set_value = {"doctype": "Escalation Plan", "name": plan, "fieldname": "enabled", "value": 0}
	desk.as_administrator("frappe.client.set_value", **set_value)
	with desk.dispatcher():
		for name in tickets:
			closed = {"doctype": "HD Ticket", "name": name, "fieldname": "status", "value": "Closed"}
			desk.as_administrator("frappe.client.set_value", **closed)
			desk.inbox.expect(
				method="Email", to=told, contains=f"Ticket {name} has been answered", timeout=PATIENCE / 1000
			)
	desk.inbox.take_all()
