"""Real processes of the app, for what can only be seen with several, or with one that dies.

They are forked from a process that has imported what takes long, and none of ours: that saves a second each. What a
child does is a function here, which talks with its test over a pipe.
"""

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Self

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(
	[
		*(
			"frappe",
			"frappe.app",
			"frappe.model.document",
			"frappe.desk.query_report",
			"frappe.utils.background_jobs",
		),
		*("aiohttp", "requests", "twilio.rest", "phonenumbers", "werkzeug.serving", "standardwebhooks"),
	]
)


class Ended(Exception):
	"""The child is gone, and didn't say what it was asked for."""


class Child:
	"""One process; within the `with` block, if it doesn't end before. `fault` as in `escalation_mgmt.utils.fault_points`."""

	def __init__(self, do: Callable[..., None], *arguments: Any, fault: str = "", **environment: str) -> None:
		self._pipe, theirs = _context.Pipe()
		here = (os.getcwd(), {**os.environ, **environment, "ESCALATION_FAULT": fault})
		self._process = _context.Process(target=_begin, args=(theirs, here, do, arguments), daemon=True)
		self._process.start()
		theirs.close()
		self.pid = self._process.pid

	def __enter__(self) -> Self:
		return self

	def __exit__(self, *_error: object) -> None:
		self.kill()
		self._pipe.close()

	def hear(self, seconds: float = 60) -> Any:
		"""What the child says next. Raises Ended."""
		if not self._pipe.poll(seconds):
			raise TimeoutError("the child says nothing")
		try:
			return self._pipe.recv()
		except EOFError:
			raise Ended(self.wait()) from None

	def say(self, what: Any = "go") -> None:
		self._pipe.send(what)

	def wait(self, seconds: float = 60) -> int:
		"""How the process ended; -9 for SIGKILL."""
		self._process.join(seconds)
		assert self._process.exitcode is not None, "it doesn't end"
		return self._process.exitcode

	def has_ended(self) -> bool:
		return self._process.exitcode is not None

	def terminate(self) -> None:
		self._process.terminate()

	def kill(self) -> None:
		self._process.kill()
		self._process.join()

	def wait_until_stopped(self) -> None:
		"""Until it has come to the point where its fault lets it stand still."""
		deadline = time.monotonic() + 60
		while time.monotonic() < deadline:
			assert not self.has_ended(), "it has ended"
			state = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]
			if state == "T":
				return
			time.sleep(0.01)
		raise AssertionError("it never came to the point")


def _begin(
	pipe: Connection, here: tuple[str, dict[str, str]], do: Callable[..., None], arguments: Sequence
) -> None:
	folder, environment = here
	os.chdir(folder)
	os.environ.clear()
	os.environ.update(environment)
	do(pipe, *arguments)


# --- what children do; `site` is its name and the folder of all sites


def _connect(site: tuple[str, str], now: datetime, hosts: Sequence[str]) -> None:
	from escalation_mgmt.utils import clock

	clock.use(lambda: now)
	_reconnect(site, hosts)


def _reconnect(site: tuple[str, str], hosts: Sequence[str]) -> None:
	import frappe

	frappe.destroy()
	frappe.init(site[0], sites_path=site[1])
	frappe.conf.escalation_allowed_hosts = frappe.conf.escalation_push_hosts = list(hosts)
	frappe.connect()


def tick(pipe: Connection, site: tuple[str, str], now: datetime, hosts: Sequence[str]) -> None:
	"""One tick of a dispatcher, when it is told to; says how many items ran."""
	from escalation_mgmt.dispatch import dispatcher

	_connect(site, now, hosts)
	pipe.send("ready")
	pipe.recv()
	pipe.send(dispatcher.tick())


def sweep(pipe: Connection, site: tuple[str, str], now: datetime, hosts: Sequence[str]) -> None:
	from escalation_mgmt.dispatch import sweep

	_connect(site, now, hosts)
	pipe.send("ready")
	pipe.recv()
	sweep.sweep()


def let_all_go_on(pipe: Connection, site: tuple[str, str], now: datetime, hosts: Sequence[str]) -> None:
	"""A manager decides about all that a restored database holds, when they are told to."""
	from escalation_mgmt.actions import after_restore
	from escalation_mgmt.engine import Actor

	_connect(site, now, hosts)
	pipe.send("ready")
	pipe.recv()
	after_restore.let_all_go_on(Actor(name="Mona Manager", user="manager@x.test", via="Desk"))


def resident(pipe: Connection, site: tuple[str, str], now: datetime, hosts: Sequence[str]) -> None:
	"""A resident dispatcher, until it is told to end as an operator ends it."""
	from escalation_mgmt.commands.dispatch import Stop

	_run_resident(pipe, site, now, hosts, Stop)


def resident_until_all_is_begun(
	pipe: Connection, site: tuple[str, str], now: datetime, hosts: Sequence[str]
) -> None:
	"""A resident dispatcher, until nothing is left that it could begin, or for half a minute."""
	import frappe

	end, quiet = time.monotonic() + 30, 0

	def stopped() -> bool:
		nonlocal quiet  # nothing is left when that is seen twice: between two looks it may have been put back
		try:
			frappe.db.rollback()
			left = frappe.db.sql(
				"select (select count(*) from `tabEscalation Action Item` where `due_utc` <= %s)"
				" + (select count(*) from `tabEscalation Notification` where `status` = 'Queued')",
				(now,),
			)[0][0]
		except Exception:
			return False  # its connection is gone, which it has yet to notice
		quiet = 0 if left else quiet + 1
		return quiet > 1 or time.monotonic() > end

	_run_resident(pipe, site, now, hosts, lambda: stopped)


def resident_with_sender(
	pipe: Connection, site: tuple[str, str], now: datetime, hosts: Sequence[str]
) -> None:
	"""A resident dispatcher as the command starts it, with a sender beside it and a clock that goes on; says the sender's
	pid."""
	import frappe

	from escalation_mgmt.commands.dispatch import Stop
	from escalation_mgmt.delivery.process import Sender
	from escalation_mgmt.dispatch import dispatcher
	from escalation_mgmt.utils import clock

	started = time.monotonic()
	clock.use(lambda: now + timedelta(seconds=time.monotonic() - started))
	dispatcher.reconnect = lambda _name: _reconnect(site, hosts)
	sender = Sender(lambda: _reconnect(site, hosts))
	_reconnect(site, hosts)
	pipe.send("ready")
	pipe.send(sender.pid)
	dispatcher.run(Stop(), sender)
	frappe.destroy()
	sender.close()


def _run_resident(
	pipe: Connection,
	site: tuple[str, str],
	now: datetime,
	hosts: Sequence[str],
	until: Callable[[], Callable[[], bool]],
) -> None:
	from escalation_mgmt.dispatch import dispatcher

	_connect(site, now, hosts)
	dispatcher.reconnect = lambda _name: _reconnect(site, hosts)
	pipe.send("ready")
	pipe.recv()
	dispatcher.run(until())


def serve(pipe: Connection, site: tuple[str, str], now: datetime, port: int) -> None:
	"""A web server."""
	import frappe.app
	from werkzeug.serving import make_server

	from escalation_mgmt.utils import clock

	clock.use(lambda: now)
	frappe.app._site, frappe.app._sites_path = site
	server = make_server("127.0.0.1", port, frappe.app.application, threaded=True)
	pipe.send("ready")
	server.serve_forever()


def acknowledge(pipe: Connection, site: tuple[str, str], items: Sequence[str]) -> None:
	"""Acknowledges one after the other, each when it is told to; says whether it was taken, once that is committed."""
	import frappe

	frappe.init(site[0], sites_path=site[1])
	frappe.connect()
	from escalation_mgmt.actions.acknowledge import acknowledge
	from escalation_mgmt.engine import Actor

	for item in items:
		pipe.send("ready")
		pipe.recv()
		frappe.db.rollback()
		done = acknowledge(item, Actor(name="Tina Tech", user="tech@x.test", via="Desk"))
		frappe.db.commit()
		pipe.send(done.taken)


def log_tickets(pipe: Connection, site: tuple[str, str], count: int) -> None:
	"""Logs so many tickets, when it is told to; says how many."""
	import frappe

	frappe.init(site[0], sites_path=site[1])
	frappe.connect()
	pipe.send("ready")
	pipe.recv()
	for number in range(count):
		doc = frappe.new_doc("HD Ticket")
		doc.update({"subject": f"ticket {number}", "priority": "High", "raised_by": "customer@x.test"})
		doc.insert(ignore_permissions=True)
		frappe.db.commit()
	pipe.send(count)


# --- how tests start them


def where(world: Any) -> tuple[str, str]:
	"""The site of a world, as children are told it; what the test wrote is committed."""
	import frappe

	frappe.db.commit()
	return world.site, str(Path(frappe.local.sites_path).resolve())


def dispatching(world: Any, do: Callable[..., None] = tick, *, fault: str = "") -> Child:
	"""A dispatcher (or a sweep) that shares the world's clock and may send to its providers. It is ready, and waits."""
	import frappe

	child = Child(do, where(world), world.now, frappe.conf.escalation_allowed_hosts, fault=fault)
	assert child.hear() == "ready"
	return child


@contextmanager
def served(world: Any, port: int, fault: str = "") -> Iterator[Child]:
	"""A web server of its own, with a fault; it is gone afterwards, if it isn't by then."""
	with Child(serve, where(world), world.now, port, fault=fault) as child:
		assert child.hear() == "ready"
		yield child
