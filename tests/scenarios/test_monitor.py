"""Scenario 28: the dispatcher stops; Desk, the command and the heartbeat say so, each by itself."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import frappe
import pytest
from frappe.utils.redis_wrapper import RedisWrapper
from redis.exceptions import TimeoutError

from escalation_mgmt.dispatch import monitor
from escalation_mgmt.preflight import readiness
from escalation_mgmt.utils.doctypes import ITEM
from tests import children
from tests.on_site import command
from tests.world import World


@pytest.fixture
def listener():
	"""Who listens for the heartbeat: an HTTP server that counts."""

	class Handler(BaseHTTPRequestHandler):
		def do_GET(self) -> None:
			self.server.beats += 1
			self.send_response(200)
			self.end_headers()

		def log_message(self, *_arguments: object) -> None:
			pass

	server = HTTPServer(("127.0.0.1", 0), Handler)
	server.beats = 0
	thread = threading.Thread(target=lambda: server.serve_forever(0.01), daemon=True)
	thread.start()
	yield server
	server.shutdown()
	thread.join()
	server.server_close()


@contextmanager
def heartbeat_to(port: int) -> Iterator[None]:
	host = f"127.0.0.1:{port}"
	frappe.conf.escalation_allowed_hosts = [*frappe.conf.escalation_allowed_hosts, host]
	frappe.db.set_single_value("Escalation Settings", "heartbeat_url", f"http://{host}/beat")
	frappe.db.commit()
	try:
		yield
	finally:
		frappe.db.set_single_value("Escalation Settings", "heartbeat_url", "")
		frappe.db.commit()


def test_28_a_stopped_dispatcher_is_noticed(world: World, listener: HTTPServer) -> None:
	world.plan((0, "Email"))
	world.ticket()
	manager = world.login("manager@x.test")

	def report() -> dict:
		asked = f"{world.url}/api/method/escalation_mgmt.api.health.report"
		return manager.get(asked, timeout=30).json()["message"]

	with heartbeat_to(listener.server_port):
		assert monitor.last_tick() is None and report()["well"], "nobody knows, so it isn't a problem"
		world.tick()
		monitor.beat(wait=True)
		assert listener.beats == 1 and monitor.health().well
		world.wait(5)  # from here on, nobody dispatches
		assert report()["well"]
		world.wait(1)
		frappe.clear_cache()  # as a deployment does
		state = report()
		assert (state["well"], state["steps_overdue"], state["not_looked"]) == (False, 0, 360)
		assert state["problems"][0] == "The dispatcher has not looked for 6m. Is it running?"
		assert state["problems"][0] in [finding.problem for finding in readiness.findings()]
		world.wait(10)
		frappe.db.commit()
		state = monitor.health()
		assert state.steps_overdue == 1 and state.steps_late == 360
		assert "1 step is overdue, by 6m" in state.problems[0]
		assert "not looked for 16m" in state.problems[1]
		assert "not looked" not in str(replace(state, mute=True).problems)
		monitor.beat(wait=True)
		assert listener.beats == 1, "the heartbeat must fall silent"
		assert report()["steps_overdue"] == 1
		world.tick()
		world.expect_email("tech@x.test")
		assert monitor.health().well
		monitor.beat(wait=True)
		assert listener.beats == 2


def test_28_a_heartbeat_that_nobody_answers_holds_up_no_step(world: World) -> None:
	world.plan((0, "Email"))
	item = world.item(world.ticket())
	with socket.create_server(("127.0.0.1", 0)) as silent, heartbeat_to(silent.getsockname()[1]):
		silent.settimeout(60)
		with children.dispatching(world, children.resident) as dispatcher:
			dispatcher.say()
			with silent.accept()[0] as called:
				frappe.db.set_value(ITEM, item.name, "due_utc", world.now)
				frappe.db.commit()
				world.inbox.expect(method="Email", to="tech@x.test", timeout=60)
				called.setblocking(False)
				assert called.recv(65536).startswith(b"GET /beat")
				with pytest.raises(BlockingIOError):
					called.recv(1)  # it still waits for the answer, or this would be the end
				dispatcher.terminate()
				assert dispatcher.wait() == 0


def test_28_one_heartbeat_at_a_time(world: World, listener: HTTPServer) -> None:
	with socket.create_server(("127.0.0.1", 0)) as silent, heartbeat_to(silent.getsockname()[1]):
		silent.settimeout(60)
		monitor.beat()
		with silent.accept()[0]:
			monitor.beat()
			(call,) = [thread for thread in threading.enumerate() if thread.name == "escalation-heartbeat"]
	call.join(60)
	with heartbeat_to(listener.server_port):
		monitor.beat(wait=True)
	assert listener.beats == 1


def test_28_the_command_says_so_by_its_exit_code(world: World) -> None:
	"""In a process of its own, by the database's clock."""
	world.plan((0, "Email"))
	item = world.item(world.ticket())
	well = command(world.site, "escalation", "status")
	assert (well.returncode, "nothing is overdue" in well.stdout) == (0, True), well.stderr
	frappe.db.set_value(ITEM, item.name, "due_utc", world.start - timedelta(minutes=6))
	frappe.db.commit()
	ill = command(world.site, "escalation", "status")
	assert (ill.returncode, "1 step is overdue" in ill.stdout) == (1, True), ill.stderr
	frappe.db.set_value(ITEM, item.name, "due_utc", world.start + timedelta(hours=1))
	monitor.ticked(world.start - timedelta(minutes=6))
	stopped = world.bench("status")
	assert (stopped.returncode, "has not looked for 6m" in stopped.stdout) == (1, True), stopped.stderr
	world.change(frappe.get_doc("HD Ticket", item.reference_name), status="Closed")


def test_28_only_managers_may_ask(world: World) -> None:
	for who in ("tech@x.test", "stranger@x.test"):
		session = world.login(who)
		for what in ("report", "figures"):
			answer = session.get(f"{world.url}/api/method/escalation_mgmt.api.health.{what}", timeout=30)
			assert answer.status_code == 403 and "Escalation Manager" in answer.text


def test_what_waits_for_a_person_is_a_problem_too(world: World) -> None:
	world.plan((0, "Email"))
	world.ticket(to="")
	world.forward(10)
	world.expect_email("owner@x.test", "Nobody could be notified")
	assert "1 escalation reaches nobody" in monitor.health().problems[0]


def figures() -> dict[str, tuple[str, str]]:
	frappe.db.commit()
	return {figure["label"]: (figure["value"], figure["tone"]) for figure in monitor.figures()}


def test_the_figures_say_how_late_it_is(world: World) -> None:
	world.plan((0, "Email"))
	world.ticket()
	world.tick()
	world.wait(16)
	looked, overdue, late = figures().values()
	assert looked == ("16m ago", "red")
	said, colour = overdue
	assert colour == "red"
	assert said.startswith("1 step is overdue, by 6m. Is the dispatcher running?")
	assert late == ("none went out", "")
	world.tick()
	world.expect_email("tech@x.test")
	looked, overdue, late = figures().values()
	assert (looked, overdue) == (("0s ago", "green"), ("nothing", "green"))
	assert late == ("by 6m (of 1)", "red")
	world.ticket("on time")
	world.forward(10)
	world.expect_email("tech@x.test", "on time")
	assert list(figures().values())[2][0] == "half of them by less than 3m, the latest by 6m (of 2)"


def test_no_tick_waits_for_redis(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
	"""It takes connections and never answers: what is due runs, and when a dispatcher looked isn't known."""
	with socket.create_server(("127.0.0.1", 0)) as silent:
		address = f"redis://127.0.0.1:{silent.getsockname()[1]}"
		cache = RedisWrapper.from_url(address, socket_timeout=0.05)
		monkeypatch.setattr(monitor.frappe, "cache", cache)
		monitor.noted.clear()
		monitor.ticked(world.now)
		frappe.local.cache = {}
		assert monitor.last_tick() is None
		with pytest.raises(TimeoutError):
			cache.set("key", "value")
