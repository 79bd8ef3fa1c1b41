"""Scenario 11: the process dies, the database drops the connection, Redis is away. Nothing is lost or doubled unmarked."""

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import frappe
import pytest

from tests.scenarios.test_dispatcher import DISPATCH, ROOT, many
from tests.world import World

POINTS = (
	"dispatcher.decided",
	"dispatcher.committed",
	"delivery.claimed",
	"delivery.committed",
	"delivery.taken",
	"delivery.recorded",
	"delivery.flushed",
)
MAY_REPEAT = {"delivery.taken", "delivery.recorded"}  # the provider has it, and our record of that is lost


def dispatch(world: World, fault: str, script: str = DISPATCH) -> int:
	"""Run a real dispatcher with a fault; returns how its process ended."""
	frappe.db.commit()
	hosts = ",".join(frappe.conf.escalation_allowed_hosts)
	arguments = [world.site, str(Path(frappe.local.sites_path).resolve()), world.now.isoformat(), hosts]
	process = subprocess.run(
		[sys.executable, "-c", script, *arguments],
		input="go\n",
		stdout=subprocess.PIPE,
		text=True,
		env={**os.environ, "PYTHONPATH": str(ROOT), "ESCALATION_FAULT": fault},
		timeout=120,
	)
	return process.returncode


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


@pytest.mark.parametrize("point", POINTS)
def test_11_killed(world: World, point: str) -> None:
	world.endpoint()
	world.plan((0, "Email"), (0, "HTTP POST", "Endpoint", "Pager"))
	tickets = many(world, 3)
	world.wait(10)
	assert dispatch(world, f"{point}:1:kill") == -signal.SIGKILL
	world.tick()
	world.forward(3)  # an attempt that was never heard of again counts as lost after two minutes
	world.forward(3)
	check(world, tickets, point in MAY_REPEAT)


RUN = DISPATCH.replace(
	"print(dispatcher.tick(), flush=True)",
	"import time; end = time.monotonic() + 6; dispatcher._reconnect = reconnect; dispatcher.run(lambda: time.monotonic() > end)",
).replace(
	"from escalation_mgmt import clock, dispatcher",
	"""from escalation_mgmt import clock, dispatcher
hosts = sys.argv[4].split(",")
def reconnect(site):
	frappe.destroy()
	frappe.init(site, sites_path=sys.argv[2])
	frappe.connect()
	frappe.conf.escalation_allowed_hosts = hosts
""",
)


@pytest.mark.parametrize("point", POINTS)
def test_11_the_database_drops_the_connection_in_mid_batch(world: World, point: str) -> None:
	if frappe.db.db_type != "mariadb":
		pytest.skip("SQLite has no connection to lose")
	world.endpoint()
	world.plan((0, "Email"), (0, "HTTP POST", "Endpoint", "Pager"))
	tickets = many(world, 3)
	world.wait(10)
	assert dispatch(world, f"{point}:1:drop", RUN) == 0
	world.forward(3)
	world.forward(3)
	check(world, tickets, point in MAY_REPEAT)


ACKNOWLEDGE = """
import sys
import frappe
frappe.init(sys.argv[1], sites_path=sys.argv[2])
frappe.connect()
from escalation_mgmt.acknowledge import acknowledge
print(acknowledge(sys.argv[3], by="Tina Tech", via="Desk", user="tech@x.test").taken)
frappe.db.commit()
"""


def test_11_redis_is_away_when_jobs_are_enqueued(world: World) -> None:
	world.plan((0, "Email"), (0, "Email", "User", "lead@x.test"))
	ticket = world.ticket()
	world.forward(10)
	world.expect_email("tech@x.test")
	world.expect_email("lead@x.test")
	away = "redis://127.0.0.1:1"
	done = subprocess.run(
		[
			sys.executable,
			"-c",
			ACKNOWLEDGE,
			world.site,
			str(Path(frappe.local.sites_path).resolve()),
			world.item(ticket).name,
		],
		capture_output=True,
		text=True,
		env={**os.environ, "PYTHONPATH": str(ROOT), "FRAPPE_REDIS_QUEUE": away, "FRAPPE_REDIS_CACHE": away},
		timeout=120,
	)
	assert "True" in done.stdout.split(), done.stderr[-2000:]
	assert world.item(ticket).status == "Acknowledged"
	world.tick()
	world.expect_email("lead@x.test", "Tina Tech has acknowledged")
