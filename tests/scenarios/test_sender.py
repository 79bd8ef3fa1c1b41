"""The sender: a process of its own beside the resident dispatcher. Whichever of the two is killed, nothing is lost."""

import os
import signal
import time
from contextlib import suppress

import frappe
import pytest

from escalation_mgmt.utils.doctypes import ITEM
from tests import children
from tests.world import PAGER, World


def wait_for_messages(world: World, count: int) -> None:
	deadline = time.monotonic() + 60
	while len(world.inbox.unexpected()) < count:
		assert time.monotonic() < deadline, "it isn't sent"
		time.sleep(0.02)


def is_there(pid: int) -> bool:
	with suppress(ProcessLookupError, FileNotFoundError):
		os.kill(pid, 0)
		with open(f"/proc/{pid}/stat") as stat:
			return stat.read().rpartition(")")[2].split()[0] != "Z"
	return False


def until_gone(pid: int) -> None:
	deadline = time.monotonic() + 60
	while is_there(pid):
		assert time.monotonic() < deadline, "it stays"
		time.sleep(0.02)


def due(world: World, subject: str) -> None:
	frappe.db.set_value(ITEM, world.item(world.ticket(subject)).name, "due_utc", world.now)
	frappe.db.commit()


@pytest.fixture
def pair(world: World):
	"""A dispatcher as the command starts it, and its sender's pid."""
	world.plan((0, "Email"))
	with children.dispatching(world, children.resident_with_sender) as child:
		yield child, child.hear()


def test_the_sender_sends_and_ends_with_the_dispatcher(world: World, pair) -> None:
	child, sender = pair
	os.kill(
		sender, signal.SIGTERM
	)  # a process manager tells the whole group: the sender waits for the dispatcher
	due(world, "first")
	wait_for_messages(world, 1)
	world.expect_email("tech@x.test", "first")
	child.terminate()
	assert child.wait() == 0
	assert not is_there(sender)


def test_whoever_waits_keeps_nobody_from_altering_a_table(world: World) -> None:
	"""A migration beside a dispatcher that has nothing to do; nor has the database to keep what only an old transaction sees."""
	if frappe.db.db_type != "mariadb":
		pytest.skip("SQLite has one writer, and no reader keeps it waiting")
	world.endpoint()
	world.plan((0, "HTTP POST", "Endpoint", PAGER))
	with children.dispatching(world, children.resident_with_sender) as child:
		child.hear()
		due(world, "first")
		wait_for_messages(world, 1)
		time.sleep(1)  # the dispatcher has looked again, and has nothing to do
		frappe.db.sql("set session lock_wait_timeout = 5")
		for table in ("Escalation Circuit", "Escalation Notification"):
			frappe.db.sql_ddl(f"alter table `tab{table}` comment 'altered beside a dispatcher'")
		child.terminate()
		assert child.wait() == 0
	assert len(world.inbox.take_all()) == 1


def test_11_the_sender_is_killed_and_the_dispatcher_sends(world: World, pair) -> None:
	child, sender = pair
	due(world, "first")
	wait_for_messages(world, 1)
	os.kill(sender, signal.SIGKILL)
	due(world, "second")
	wait_for_messages(world, 2)
	child.terminate()
	assert child.wait() == 0
	world.expect_email("tech@x.test", "first")
	world.expect_email("tech@x.test", "second")


def test_11_the_sender_stands_still_and_the_dispatcher_helps(world: World, pair) -> None:
	child, sender = pair
	os.kill(sender, signal.SIGSTOP)
	due(world, "first")
	wait_for_messages(world, 1)
	os.kill(sender, signal.SIGCONT)
	child.terminate()
	assert child.wait() == 0
	world.expect_email("tech@x.test", "first")


def test_11_the_dispatcher_is_killed_and_the_sender_ends(world: World, pair) -> None:
	child, sender = pair
	due(world, "first")
	wait_for_messages(world, 1)
	child.kill()
	until_gone(sender)
	world.expect_email("tech@x.test", "first")
	world.tick()
