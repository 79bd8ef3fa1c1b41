"""Scenario 11: MariaDB is killed and started again in mid-batch. A server of the test's own: others' stays up."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import frappe
import pytest

from tests import children
from tests.on_site import BENCH_SITE
from tests.scenarios.test_crash import MAY_REPEAT, check
from tests.scenarios.test_dispatcher import many
from tests.world import World


class MariaDB:
	"""A server in a folder of its own, which can be killed and started again."""

	def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch):
		from host import paths, servers

		self.port = servers.free_port(0)
		with monkeypatch.context() as patched:
			patched.setattr(paths, "MARIADB", folder)
			self._command, self.address = servers.mariadb_command(self.port)
		self.start()

	def start(self) -> None:
		from host import servers

		socket = Path(self.address["socket"])
		socket.unlink(missing_ok=True)  # of the one that was killed: whoever connects to that is refused
		self._process = subprocess.Popen(
			self._command, stdin=subprocess.DEVNULL, preexec_fn=servers.die_with_parent
		)
		while not (socket.exists() and servers.answers(self.port)):
			assert self._process.poll() is None, "mariadbd has ended"
			time.sleep(0.05)

	def kill(self) -> None:
		self._process.kill()
		self._process.wait()


@pytest.fixture(scope="module")
def spare(site: str) -> Iterator[tuple[str, MariaDB]]:
	"""A copy of the test site on a server of its own: its name, and the server."""
	if BENCH_SITE or frappe.db.db_type != "mariadb":
		pytest.skip("only the embedded host has a MariaDB to spare")
	from host import sites

	folder, target = Path(tempfile.mkdtemp(prefix="mariadb-")), f"apart-{site}"
	frappe.db.commit()
	sites.dump(site, folder / "dump")
	with pytest.MonkeyPatch.context() as monkeypatch:
		mariadb = MariaDB(folder, monkeypatch)
	shutil.rmtree(sites.paths.SITES / target, ignore_errors=True)
	try:
		with on(mariadb):
			sites.restore_as(site, target, folder / "dump")
		yield target, mariadb
	finally:
		mariadb.kill()
		shutil.rmtree(folder)
		shutil.rmtree(sites.paths.SITES / target, ignore_errors=True)


@contextmanager
def on(mariadb: MariaDB) -> Iterator[None]:
	"""What connects meanwhile, here or in a child, does so to that server."""
	with pytest.MonkeyPatch.context() as elsewhere:
		elsewhere.setenv("HOST_DB_SOCKET", mariadb.address["socket"])
		elsewhere.setenv("HOST_DB_PORT", str(mariadb.port))
		yield


@pytest.fixture
def apart(site: str, spare: tuple[str, MariaDB], providers) -> Iterator[tuple[World, MariaDB]]:
	from host import sites

	target, mariadb = spare
	try:
		with on(mariadb):
			frappe.destroy()
			sites.connect(target)
			with World(target, providers) as world:
				yield world, mariadb
				world.assert_nothing_unexpected()
			frappe.destroy()
	finally:
		sites.connect(site)
		frappe.set_user("Administrator")


@pytest.mark.parametrize(
	"point",
	[
		"dispatcher.set.before",
		"dispatcher.set.after",
		"delivery.claimed.after",
		"delivery.taken",
		"delivery.recorded.before",
	],
)
def test_11_mariadb_is_restarted_in_mid_batch(apart: tuple[World, MariaDB], point: str) -> None:
	world, mariadb = apart
	world.endpoint()
	world.plan((0, "Email"), (0, "HTTP POST", "Endpoint", "Pager"))
	tickets = many(world, 3)
	world.wait(10)
	with children.dispatching(world, children.resident, fault=f"{point}:1:stop") as child:
		child.say()
		child.wait_until_stopped()
		mariadb.kill()
		mariadb.start()
		os.kill(child.pid, signal.SIGCONT)
		frappe.db.close()
		frappe.db.connect()
		# The dispatcher goes on by itself: what it hadn't begun to send goes out now.
		under_way = "select count(*) from `tabEscalation Notification` where `status` = 'Queued'"
		due = "select count(*) from `tabEscalation Action Item` where `due_utc` <= %s"
		deadline = time.monotonic() + 60
		while frappe.db.sql(under_way)[0][0] or frappe.db.sql(due, world.now)[0][0]:
			assert time.monotonic() < deadline and not child.has_ended(), "it doesn't go on"
			frappe.db.rollback()
			time.sleep(0.05)
		child.terminate()
		assert child.wait() == 0
	world.forward(3)  # an attempt that was never heard of again counts as lost after two minutes
	world.forward(3)
	check(world, tickets, point.startswith(MAY_REPEAT))
