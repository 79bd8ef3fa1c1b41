"""Scenario 11: the process dies, the database or Redis goes away. Nothing is lost or doubled unmarked.

Real processes end by SIGKILL before and after every commit and every send: `fault_points` names the points, and the last
test here finds them in the code.
"""

import os
import re
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import frappe
import pytest
import redis as redis_lib
import requests

from escalation_mgmt.utils.doctypes import ITEM, NOTIFICATION
from host.servers import answers, die_with_parent, free_port, redis_binary
from tests import children
from tests.scenarios.test_dispatcher import ROOT, many
from tests.world import World

pytestmark = pytest.mark.one_database("mariadb")

POINTS = (
	"dispatcher.set.before:1",
	"dispatcher.set.after:1",
	"list.before:1",
	"list.after:1",
	"delivery.claimed.before:1",
	"delivery.claimed.after:1",  # before the first email
	"delivery.claimed.after:2",  # and before the first page
	*(f"delivery.taken:{number}" for number in range(1, 7)),  # after each send, and so before the next
	"delivery.recorded.before:1",
	"delivery.recorded.after:1",
)
# The provider has it, our record of that is lost. After the first record others may still be without theirs.
MAY_REPEAT = ("delivery.taken", "delivery.recorded")


def killed(world: World, fault: str, do: Callable[..., None] = children.tick) -> bool:
	"""Run a real dispatcher with a fault; whether it was killed there."""
	with children.dispatching(world, do, fault=f"{fault}:kill") as child:
		child.say()
		ended = child.wait()
	frappe.db.rollback()
	for table in (ITEM, NOTIFICATION):  # until the database has let go of what the dead one held
		frappe.db.sql(f"select `name` from `tab{table}` for update")
	frappe.db.rollback()
	return ended == -signal.SIGKILL


def received(world: World) -> tuple[Counter, Counter]:
	"""What the providers have: emails by notification, pages by webhook-id; everything is taken."""
	mails, pages = Counter(), Counter()
	for message in world.inbox.unexpected():
		if message.method == "Email":
			mails[message.headers["x-escalation-notification"]] += 1
		else:
			pages[message.id] += 1
	world.inbox.take_all()
	return mails, pages


def check(world: World, tickets: list[str], may_repeat: bool) -> None:
	mails, pages = received(world)
	assert len(mails) == len(pages) == len(tickets), "lost"
	frappe.db.commit()
	for name in tickets:
		item = frappe.get_doc("Escalation Action Item", {"reference_name": name})
		assert world.kinds(item).count("Step Ran") == 2
		for message in world.messages(item):
			copies = mails[message.name] + pages[message.name]
			assert message.status == "Sent"
			assert copies == 1 or (may_repeat and copies == 2 and message.possible_duplicate), message


def nothing_was_early(world: World) -> None:
	"""No message was handed over before its time. To be asked before the clock goes on."""
	frappe.db.commit()
	for planned in frappe.get_all(
		"Escalation Notification", pluck="planned_utc", filters={"attempts": (">", 0)}, order_by="name"
	):
		assert planned <= world.now


@pytest.mark.parametrize("point", POINTS)
def test_11_killed(world: World, point: str) -> None:
	world.endpoint()
	world.plan((0, "Email"), (0, "HTTP POST", "Endpoint", "Pager"))
	tickets = many(world, 3)
	world.wait(10)
	assert killed(world, point)
	world.tick()
	nothing_was_early(world)
	world.forward(3)  # an attempt that was never heard of again counts as lost after two minutes
	world.forward(3)
	check(world, tickets, point.startswith(MAY_REPEAT))


@pytest.mark.parametrize("point", POINTS)
def test_11_the_database_drops_the_connection_in_mid_batch(world: World, point: str) -> None:
	if frappe.db.db_type != "mariadb":
		pytest.skip("SQLite has no connection to lose")
	world.endpoint()
	world.plan((0, "Email"), (0, "HTTP POST", "Endpoint", "Pager"))
	tickets = many(world, 3)
	world.wait(10)
	resident = children.resident_until_all_is_begun
	with children.dispatching(world, resident, fault=f"{point}:drop") as child:
		child.say()
		assert child.wait() == 0
	world.forward(3)
	world.forward(3)
	check(world, tickets, point.startswith(MAY_REPEAT))


@pytest.mark.parametrize(
	"point",
	[
		"dispatcher.part.before",
		"dispatcher.part.after",
		"dispatcher.parked.before",
		"dispatcher.parked.after",
	],
)
def test_11_killed_beside_a_bad_row(world: World, point: str) -> None:
	"""In ever smaller parts, because the set has failed: the bad one is parked and its owner told, once."""
	world.plan((0, "Email"))
	tickets = many(world, 3)
	with broken(tickets[1]) as bad:
		world.wait(10)
		assert killed(world, f"{point}:1")
		world.tick()
		for _other in range(2):
			world.expect_email("tech@x.test")
		world.expect_email("owner@x.test", "can't be processed")
		while frappe.db.count(
			"Error Log"
		):  # on MariaDB it is in no transaction: the dead process has left one too
			world.expect_error(f"{bad} can't be processed")
		assert world.kinds(frappe.get_doc(ITEM, bad)).count("Parked") == 1
	world.forward(5)
	world.expect_email("tech@x.test")


def test_11_an_item_that_another_process_holds_keeps_no_other_waiting(world: World) -> None:
	if frappe.db.db_type != "mariadb":
		pytest.skip("SQLite has one writer at a time")
	world.plan((0, "Email"))
	tickets = many(world, 3)
	with broken(tickets[1]) as bad:
		world.wait(10)
		with children.dispatching(world, fault="dispatcher.part.before:1:stop") as child:
			child.say()
			child.wait_until_stopped()
			world.tick()
			world.expect_email("tech@x.test", "ticket 1")
			world.expect_email("owner@x.test", "can't be processed")
			world.expect_error("can't be processed")
			os.kill(child.pid, signal.SIGCONT)
			child.wait()
		world.expect_email("tech@x.test", "first")
		assert world.kinds(frappe.get_doc(ITEM, bad)).count("Parked") == 1, "it was set aside already"
	world.forward(5)
	world.expect_email("tech@x.test", "ticket 0")


@contextmanager
def broken(ticket: str) -> Iterator[str]:
	"""While it lasts, the ticket can't be read; its action item."""
	item = frappe.db.get_value(ITEM, {"reference_name": ticket})
	frappe.db.set_value("HD Ticket", ticket, "_assign", "{broken", update_modified=False)
	frappe.db.commit()
	yield item
	frappe.db.set_value("HD Ticket", ticket, "_assign", '["tech@x.test"]', update_modified=False)
	frappe.db.commit()


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("point", ["sweep.before", "sweep.after"])
def test_11_killed_while_sweeping(world: World, point: str, number: int) -> None:
	"""It follows one ticket that was merged without an event, and opens items for two that nobody announced."""
	world.plan((0, "Email"))
	merged = world.ticket("merged")
	frappe.db.set_value("HD Ticket", merged.name, {"is_merged": 1, "merged_with": "1"})
	frappe.flags.in_migrate = True  # our triggers stand aside
	try:
		missed = [world.ticket(f"missed {name}") for name in "ab"]
	finally:
		frappe.flags.in_migrate = False
	assert world.count_items() == 1
	assert killed(world, f"{point}:{number}", children.sweep)
	world.sweep()
	assert world.kinds(world.item(merged))[-1] == "Cancelled"
	assert world.kinds(world.item(merged)).count("Cancelled") == 1
	assert world.count_items() == 3
	world.forward(10)
	for _ticket in missed:
		world.expect_email("tech@x.test", "missed")


def at_another_address(world: World) -> int:
	"""Let the app's pages and callbacks be served at another port than the test's own."""
	port = free_port(0)
	url = f"http://127.0.0.1:{port}"
	frappe.db.set_single_value("Escalation Settings", "public_url", url)
	frappe.db.commit()
	frappe.clear_document_cache("Escalation Settings", "Escalation Settings")
	frappe.local.cache = {}
	world.providers.twilio.sms_url = f"{url}/api/method/escalation_mgmt.inbound.twilio.incoming_sms"
	return port


DOORS = {"Link": "Email", "Desk": "Email", "SMS": "SMS", "Phone Call": "Phone Call"}
TINA = "+4915112345601"


@pytest.mark.parametrize("point", ["acknowledge.before", "acknowledge.after"])
@pytest.mark.parametrize("door", DOORS)
def test_11_killed_while_acknowledging(world: World, door: str, point: str) -> None:
	world.contact("tech@x.test", TINA)
	world.plan((0, DOORS[door]), (0, "Email", "User", "lead@x.test"), (5, "Email", "User", "second@x.test"))
	port = at_another_address(world)
	ticket = world.ticket()
	world.forward(10)
	world.expect_email("lead@x.test")
	acknowledge = use(world, door, world.item(ticket).name, port)
	with children.served(world, port, f"{point}:1:kill") as server:
		with pytest.raises(requests.ConnectionError):
			acknowledge()
		assert server.wait(30) == -signal.SIGKILL
	item = world.item(ticket)
	taken = point.endswith("after")
	assert item.status == ("Acknowledged" if taken else "Escalating")
	assert world.kinds(item).count("Acknowledged") == int(taken)
	with children.served(world, port):
		acknowledge()
	for reply in world.inbox.unexpected():
		if reply.id == "reply":
			world.expect_sms(TINA, "acknowledged this already" if taken else "Acknowledged")
	item = world.item(ticket)
	assert (item.status, item.acknowledged_user, item.acknowledged_via) == (
		"Acknowledged",
		"tech@x.test",
		door,
	)
	assert world.kinds(item).count("Acknowledged") == 1
	world.forward(1)
	world.expect_email("lead@x.test", "Tina Tech has acknowledged")
	world.forward(60)


def use(world: World, door: str, item: str, port: int):
	"""How the technician acknowledges by a door: a function that can be called again."""
	if door == "Link":
		link = world.expect_email("tech@x.test").links[0]
		return lambda: world.post(link)
	if door == "Desk":
		world.expect_email("tech@x.test")
		desk = world.login("tech@x.test")
		url = f"http://127.0.0.1:{port}/api/method/escalation_mgmt.api.acknowledge"
		return lambda: desk.post(url, data={"action_item": item}, timeout=30)
	if door == "SMS":
		world.expect_sms(TINA)
		return lambda: world.providers.twilio.text(TINA, "1")
	call = world.expect_call(TINA)
	with children.served(world, port):
		call.answer()
	menu = call._record.menu

	def press() -> None:
		call._record.menu = menu
		call.press("1")

	return press


@pytest.mark.parametrize("status", ["delivered", "failed"])
@pytest.mark.parametrize("point", ["receipt.before", "receipt.after"])
def test_11_killed_while_a_receipt_is_taken(world: World, point: str, status: str) -> None:
	"""A provider tells it again, or not: a failure leads to one other message, and never to two."""
	world.contact("tech@x.test", TINA)
	world.plan((0, "SMS"), (5, "Email"))
	port = at_another_address(world)
	ticket = world.ticket()
	world.forward(10)
	sms = world.expect_sms(TINA)
	with children.served(world, port, f"{point}:1:kill") as server:
		with pytest.raises(requests.ConnectionError):
			world.receipt(sms, status)
		assert server.wait(30) == -signal.SIGKILL
	kind = {"delivered": "Delivered", "failed": "Failed"}[status]
	assert world.kinds(world.item(ticket)).count(kind) == int(point.endswith("after"))
	with children.served(world, port):
		assert world.receipt(sms, status).ok
	item = world.item(ticket)
	assert world.messages(item)[0].status == kind and world.kinds(item).count(kind) == 1
	world.tick()
	if status == "failed":
		world.expect_email("tech@x.test")  # instead of the SMS
	world.forward(5)
	world.expect_email("tech@x.test")


@pytest.mark.parametrize(
	"point",
	["delivery.recorded.before", "delivery.recorded.after", "way.before", "way.after"],
)
def test_11_killed_between_a_refusal_and_the_other_way(world: World, point: str) -> None:
	"""What follows is noted with the failure: another process finds it, and it follows once."""
	world.contact("tech@x.test", TINA)
	world.plan((0, "SMS"), (5, "Email", "User", "lead@x.test"))
	ticket = world.ticket()
	world.providers.faults.twilio.refuse(21211, times=1 + (point == "delivery.recorded.before"))
	world.wait(10)
	assert killed(world, f"{point}:1")
	world.forward(3 if point == "delivery.recorded.before" else 0)  # the attempt was never heard of again
	item = world.item(ticket)
	world.expect_email("tech@x.test")
	assert world.kinds(item).count("Sent Another Way") == world.kinds(item).count("Failed") == 1
	assert [m.status for m in world.messages(item)] == ["Failed", "Sent"]


def test_11_every_point_is_killed_at() -> None:
	"""Each that the code has is named in this file."""
	code = "".join(
		path.read_text() for path in (ROOT / "escalation_mgmt").rglob("*.py") if path.stem != "fault_points"
	)
	points = set(re.findall(r'fault_points\.point\("([\w.]+)"', code))
	for name in re.findall(r'fault_points\.(?:around_)?commit\("([\w.]+)"', code):
		points |= {f"{name}.before", f"{name}.after"}
	tests = "".join(
		Path(__file__).with_name(name).read_text()
		for name in ("test_crash.py", "test_acts.py", "test_restored.py")
	)
	assert len(points) >= 16 and [point for point in sorted(points) if f'"{point}' not in tests] == []


class Redis:
	"""A server of the test's own, which can be stopped and started."""

	def __init__(self, folder: Path):
		self.folder, self.port = folder, free_port(0)
		self.start()

	def start(self) -> None:
		command = [redis_binary(), "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
		self._process = subprocess.Popen(
			[*command, "--save", "", "--appendonly", "no"],
			stdout=subprocess.DEVNULL,
			preexec_fn=die_with_parent,
		)
		while not answers(self.port):
			assert self._process.poll() is None

	def stop(self) -> None:
		self._process.kill()
		self._process.wait()


def test_11_redis_is_stopped_and_started_while_jobs_are_enqueued(world: World, tmp_path: Path) -> None:
	world.plan((0, "Email"), (0, "Email", "User", "lead@x.test"))
	tickets = [world.ticket(name) for name in ("before", "while", "after")]
	world.forward(10)
	for _ticket in tickets:
		world.expect_email("tech@x.test")
		world.expect_email("lead@x.test")
	items = [world.item(ticket).name for ticket in tickets]
	redis = Redis(tmp_path)
	url = f"redis://127.0.0.1:{redis.port}"
	address = {"FRAPPE_REDIS_QUEUE": url, "FRAPPE_REDIS_CACHE": url}
	try:
		with children.Child(children.acknowledge, children.where(world), items, **address) as child:
			for happens in (lambda: None, redis.stop, redis.start):
				assert child.hear() == "ready"
				happens()
				child.say()
				assert child.hear() is True
			assert child.wait() == 0
		assert redis_lib.Redis(port=redis.port).keys("rq:job:*escalation_mgmt.deliver*"), (
			"the third is enqueued again"
		)
	finally:
		redis.stop()
	for ticket in tickets:
		assert world.item(ticket).status == "Acknowledged"
	world.forward(1)
	for _ticket in tickets:
		world.expect_email("lead@x.test", "Tina Tech has acknowledged")
