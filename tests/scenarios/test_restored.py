"""Scenario 45: the database is restored to an hour ago, on the same site. What is older is held, new tickets escalate, the catch-all is
told. The restores are real: a dump is read back into the site's database, while the app is connected to it.
"""

import json
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import frappe
import pytest
import requests

from escalation_mgmt import delivery
from escalation_mgmt.actions import catalog
from escalation_mgmt.actions.acknowledge import acknowledge_as
from escalation_mgmt.actions.action import user_as_actor
from escalation_mgmt.actions.start import start
from escalation_mgmt.actions.stop import stop
from escalation_mgmt.api import health
from escalation_mgmt.commands.items import _for_programs
from escalation_mgmt.dispatch import acts as carrying_out
from escalation_mgmt.dispatch import another_way, evaluation, monitor
from escalation_mgmt.engine import Mark
from escalation_mgmt.preflight import readiness
from escalation_mgmt.storage import action_items, mark_file, restored
from escalation_mgmt.utils import clock, installation
from escalation_mgmt.utils.doctypes import ITEM, NOTIFICATION, SETTINGS
from escalation_mgmt.views import ticket_form
from tests import children
from tests.scenarios.test_acts import acts, states
from tests.scenarios.test_crash import killed
from tests.scenarios.test_monitor import heartbeat_to, listener  # noqa: F401 - a fixture
from tests.scenarios.test_sender import due, wait_for_messages
from tests.world import World

CATCH_ALL = "night@x.test"
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def no_mark() -> Iterator[None]:
	"""Each test is a site of before there were marks, and leaves one."""
	yield
	frappe.db.rollback()
	restored.forget()
	restored._tried.clear()
	frappe.db.commit()


def dumped(path: Path) -> Path:
	"""The site's database as a file."""
	frappe.db.commit()
	conf = frappe.conf
	if frappe.db.db_type == "sqlite":
		with closing(sqlite3.connect(database())) as live, closing(sqlite3.connect(path)) as copy:
			live.backup(copy)
		return path
	with path.open("wb") as file:
		login, env = login_of(conf)
		dump = ["mariadb-dump", *login, "--single-transaction", "--quick", "--no-tablespaces", conf.db_name]
		subprocess.run(dump, stdout=file, env=env, check=True)
	return path


def restore(path: Path) -> None:
	"""Read it back, under the feet of whoever is connected; then as `bench restore` does, the cache is cleared."""
	frappe.db.commit()
	if frappe.db.db_type == "sqlite":
		with closing(sqlite3.connect(path)) as copy, closing(sqlite3.connect(database(), timeout=30)) as live:
			copy.backup(live)
	else:
		login, env = login_of(frappe.conf)
		with path.open("rb") as file:
			subprocess.run(["mariadb", *login, frappe.conf.db_name], stdin=file, env=env, check=True)
	frappe.db.rollback()
	frappe.clear_cache()
	frappe.local.cache = {}


def database() -> Path:
	return Path(frappe.get_site_path("db", f"{frappe.conf.db_name}.db"))


def login_of(conf: Any) -> tuple[list[str], dict[str, str]]:
	where = (
		[f"--socket={conf.db_socket}"]
		if conf.db_socket
		else [f"--host={conf.db_host or '127.0.0.1'}", f"--port={conf.db_port or 3306}"]
	)
	user = conf.db_user or conf.db_name
	return ["--no-defaults", f"--user={user}", *where], {**os.environ, "MYSQL_PWD": conf.db_password}


def catch_all() -> None:
	frappe.db.set_single_value(SETTINGS, "catch_all_email", CATCH_ALL)
	frappe.clear_document_cache(SETTINGS, SETTINGS)
	frappe.db.commit()


def an_hour_passes(world: World) -> None:
	"""With a dispatcher that looks every few minutes; it ends at the real time, by which tickets are logged."""
	end = datetime.now(UTC).replace(tzinfo=None)
	while end - world.now > timedelta(minutes=5):
		world.forward(5)
	world.now = end
	world.tick()


def begin_an_hour_ago(world: World) -> None:
	world.now -= 2 * HOUR
	catch_all()


def decide(world: World, what: str, user: str = "manager@x.test", **args: str) -> requests.Response:
	"""Over HTTP, as Desk does."""
	frappe.db.commit()
	url = f"{world.url}/api/method/escalation_mgmt.api.restored.{what}"
	answer = world.login(user).post(url, data=args, timeout=60)
	frappe.db.rollback()
	return answer


def held(doc: Any) -> Any:
	item = doc if getattr(doc, "doctype", "") == ITEM else frappe.get_doc(ITEM, doc)
	frappe.db.rollback()
	return frappe.get_doc(ITEM, item.name).held_utc


def test_45_what_is_older_is_held_new_tickets_escalate_and_the_catch_all_is_told(
	world: World, tmp_path: Path
) -> None:
	begin_an_hour_ago(world)
	world.plan((0, "Email"), (30, "Email", "User", "lead@x.test"), last_wait=6 * 3600)
	sent = world.ticket("paged before the backup")
	world.forward(10)
	world.expect_email("tech@x.test", "paged before")
	queued = world.ticket("queued when the backup was made")
	world.wait(10)
	assert killed(world, "dispatcher.set.after:1")
	scheduled = world.ticket("in its window then")
	backup = dumped(tmp_path / "backup")

	# What the backup doesn't know: the message goes out, people are paged and acknowledge.
	world.tick()
	world.expect_email("tech@x.test", "queued when")
	acknowledge_as("tech@x.test", world.item(sent).name, "Desk")
	acknowledge_as("tech@x.test", world.item(queued).name, "Desk")
	an_hour_passes(world)
	world.expect_email("tech@x.test", "in its window then")
	world.expect_email("lead@x.test", "in its window then")
	lost = world.ticket("lost with the restore").name

	restore(backup)
	assert not frappe.db.exists("HD Ticket", lost)
	fresh = world.ticket("logged since", priority="High")
	world.tick()
	(told,) = world.inbox.unexpected()
	world.expect_email(CATCH_ALL, "The database was restored")
	assert "heartbeat is silent" in told.text
	for ticket in (sent, queued, scheduled):
		assert held(world.item(ticket)) == world.now
		assert not world.item(ticket).due_utc
		assert world.kinds(world.item(ticket))[-1] in ("Held after Restore", "Sent")
	world.sweep()
	for _minute in range(45):
		world.forward(1)
	world.expect_email("tech@x.test", "logged since")
	world.expect_email("lead@x.test", "logged since")
	assert not held(world.item(fresh))

	it_is_seen_wherever_somebody_looks(world, sent)
	# Somebody looks.
	for user in ("tech@x.test", "stranger@x.test"):
		assert decide(world, "let_go_on", user).status_code == 403
	decide(world, "cancel", reason="sent long ago", items=json.dumps([world.item(sent).name]))
	assert world.item(sent).status == "Cancelled"
	assert "sent long ago" in world.lines(world.item(sent))
	assert decide(world, "let_go_on").json()["message"] == "2 escalations go on."
	world.tick()
	# What was queued goes once more, and says so; the second step falls due now, late, and once.
	world.expect_email("tech@x.test", "queued when")
	world.expect_email("lead@x.test", "queued when")
	world.expect_email("tech@x.test", "in its window then")
	(message,) = world.messages(world.item(queued), method="Email", user="tech@x.test")
	assert message.possible_duplicate and message.status == "Sent"
	assert "late)" in world.lines(world.item(scheduled))
	assert "Mona Manager has looked at it and lets it go on" in world.lines(world.item(queued))
	world.tick()
	assert health.report()["restored"] is False


def it_is_seen_wherever_somebody_looks(world: World, ticket: Any) -> None:
	report = health.report()
	assert report["restored"] and report["held"] == 3 and not report["well"]
	assert "3 escalations from before it are held" in " ".join(report["problems"])
	assert "earlier state of the database" in readiness.findings()[0].problem
	shown = ticket_form.shown(action_items.ticket_of(world.item(ticket)))
	assert "The database was restored: held since" in shown["headline"]
	assert [action["name"] for action in shown["actions"]][:2] == ["acknowledge", "let_go_on"]
	(stored,) = action_items.read([world.item(ticket).name])
	assert _for_programs(stored)["held_since"]


def lose_an_hour(world: World, path: Path) -> None:
	"""From a backup to its restore, with a dispatcher that looks all the time."""
	backup = dumped(path / "backup")
	an_hour_passes(world)
	world.inbox.take_all()
	restore(backup)


def test_45_an_acknowledgement_of_what_is_held_is_taken(world: World, tmp_path: Path) -> None:
	begin_an_hour_ago(world)
	world.plan((0, "Email"), (30, "Email", "User", "lead@x.test"), last_wait=6 * 3600)
	ticket = world.ticket()
	world.wait(10)
	assert killed(world, "dispatcher.set.after:1")
	lose_an_hour(world, tmp_path)
	world.tick()
	world.expect_email(CATCH_ALL, "restored")
	assert held(world.item(ticket))
	done = acknowledge_as("tech@x.test", world.item(ticket).name, "Desk")
	assert done.taken
	item = world.item(ticket)
	assert item.status == "Acknowledged" and not item.held_utc
	(message,) = world.messages(item, method="Email", user="tech@x.test")
	assert message.status == "Unknown", "it may have been sent long ago, and isn't now"
	world.forward(60)
	world.sweep()


@pytest.mark.one_database
@pytest.mark.parametrize("what", ["snooze_15", "escalate_now", "stop"])
def test_45_whoever_does_something_to_it_has_looked(world: World, tmp_path: Path, what: str) -> None:
	begin_an_hour_ago(world)
	world.plan((0, "Email"), (30, "Email", "User", "lead@x.test"), last_wait=6 * 3600)
	ticket = world.ticket()
	world.forward(10)
	lose_an_hour(world, tmp_path)
	world.tick()
	world.expect_email(CATCH_ALL, "restored")
	key = action_items.ticket_of(world.item(ticket))
	shown = ticket_form.shown(key)
	assert catalog.click(what, key, shown["seen"], {"reason": "x"}, "Desk").done
	assert not held(world.item(ticket))
	world.forward(20)
	if what == "stop":
		world.expect_email("tech@x.test", "cancelled")
	else:
		world.expect_email("lead@x.test")


@pytest.mark.one_database
def test_45_one_is_let_go_on_from_its_form(world: World, tmp_path: Path) -> None:
	begin_an_hour_ago(world)
	world.plan((0, "Email"), (30, "Email", "User", "lead@x.test"), (30, "Email"), last_wait=6 * 3600)
	ticket = world.ticket()
	world.forward(10)
	lose_an_hour(world, tmp_path)
	world.tick()
	world.expect_email(CATCH_ALL, "restored")
	key = action_items.ticket_of(world.item(ticket))
	seen = ticket_form.shown(key)["seen"]
	done = catalog.click("let_go_on", key, seen, {}, "Desk")
	assert done.done and done.message == "It goes on. What fell due meanwhile runs now, once."
	again = catalog.click("let_go_on", key, ticket_form.shown(key)["seen"], {}, "Desk")
	assert not again.done
	world.tick()
	world.expect_email("lead@x.test")
	assert world.next_due() == world.now + timedelta(minutes=30), "the wait begins when it really ran"
	assert health.report()["restored"], "the site as a whole waits for somebody to look"
	decide(world, "looked")
	assert not health.report()["restored"] and health.report()["well"]
	assert (
		"Mona Manager has looked"
		in frappe.get_all(
			"Comment", filters={"reference_doctype": SETTINGS}, pluck="content", order_by="creation desc"
		)[0]
	)


def test_45_acts_wait_and_are_done_once_when_somebody_has_looked(world: World, tmp_path: Path) -> None:
	begin_an_hour_ago(world)
	acts(world, {"method": "Email"}, {"method": "Internal Comment", "message": "Look"}, last_wait=6 * 3600)
	ticket = world.ticket()
	world.wait(10)
	assert killed(world, "dispatcher.set.after:1")
	lose_an_hour(world, tmp_path)
	world.tick()
	world.expect_email(CATCH_ALL, "restored")
	world.sweep()
	world.forward(10)
	assert states() == ["Queued"], "nothing is done of what is older"
	assert monitor.health().acts_overdue == 0
	decide(world, "let_go_on")
	world.tick()
	world.expect_email("tech@x.test")
	assert states() == ["Done"] and held(world.item(ticket)) is None


def test_45_what_follows_a_failure_waits(world: World, tmp_path: Path) -> None:
	begin_an_hour_ago(world)
	world.plan((0, "Email"), (30, "Email", "User", "lead@x.test"), last_wait=6 * 3600)
	world.ticket()
	world.wait(10)
	world.providers.faults.smtp.refuse(550, "no such user", to="tech@x.test")
	assert killed(world, "delivery.recorded.after:1")
	lose_an_hour(world, tmp_path)
	world.tick()
	world.expect_email(CATCH_ALL, "restored")
	world.forward(1)
	decide(world, "let_go_on")
	world.tick()
	world.expect_email("lead@x.test")  # the next step, which was due by then anyway
	for to in ("owner@x.test", CATCH_ALL):
		world.expect_email(to, "did not arrive, and no step is left")


def test_45_a_notice_of_what_has_ended_is_held_and_can_be_cancelled(world: World, tmp_path: Path) -> None:
	begin_an_hour_ago(world)
	world.plan((0, "Email"), last_wait=600)
	tickets = [world.ticket("first"), world.ticket("second")]
	world.forward(10)
	world.wait(10)
	assert killed(world, "dispatcher.set.after:1")  # exhausted, and the owner isn't told yet
	lose_an_hour(world, tmp_path)
	world.tick()
	world.expect_email(CATCH_ALL, "restored")
	items = [world.item(ticket) for ticket in tickets]
	assert [item.status for item in items] == ["Exhausted", "Exhausted"] and all(map(held, items))
	decide(world, "cancel", reason="known", items=json.dumps([items[0].name]))
	assert held(items[0]) is None and world.item(tickets[0]).status == "Exhausted"
	decide(world, "let_go_on", items=json.dumps([items[1].name]))
	world.tick()
	for to in ("owner@x.test", CATCH_ALL):
		world.expect_email(to, "Nobody acknowledged")


def test_45_what_is_older_and_has_no_item_is_opened_held(world: World, tmp_path: Path) -> None:
	begin_an_hour_ago(world)
	world.plan((0, "Email"), last_wait=6 * 3600)
	world.tick()
	with evaluation.put_off():
		ticket = world.ticket()
	earlier = clock.to_site(world.now + timedelta(minutes=30))
	frappe.db.set_value("HD Ticket", ticket.name, "creation", earlier, update_modified=False)
	lose_an_hour(world, tmp_path)
	world.sweep()
	item = world.item(ticket)
	assert held(item) and world.kinds(item) == ["Created", "Held after Restore"]
	for _look in range(3):
		world.forward(10)
		world.sweep()
	assert decide(world, "let_go_on").json()["message"] == "1 escalation goes on."
	world.tick()
	world.expect_email("tech@x.test")


@pytest.mark.one_database
def test_45_a_raise_of_what_is_held_opens_no_page_and_a_start_by_hand_does(
	world: World, tmp_path: Path
) -> None:
	begin_an_hour_ago(world)
	world.plan((0, "Email"), last_wait=6 * 3600)
	world.plan(
		(0, "Email", "User", "lead@x.test"),
		title="Urgent ones",
		priorities=["Urgent"],
		start="At Once",
		rank=1,
	)
	by_hand = world.plan((0, "Email", "User", "second@x.test"), title="By hand", priorities=["Low"], rank=9)
	ticket = world.ticket()
	other = world.ticket("low", priority="Low")
	world.now -= timedelta(minutes=1)
	for each in (ticket, other):
		old = clock.to_site(world.now)
		frappe.db.set_value("HD Ticket", each.name, "creation", old, update_modified=False)
		frappe.db.sql(
			f"update `tab{ITEM}` set `ticket_created` = %s where `reference_name` = %s", (old, each.name)
		)
	stop(world.item(other).name, "not yet", user_as_actor("tech@x.test", "Desk"))
	lose_an_hour(world, tmp_path)
	world.tick()
	world.expect_email(CATCH_ALL, "restored")
	ticket = frappe.get_doc("HD Ticket", ticket.name)
	world.change(ticket, priority="Urgent")
	world.forward(1)
	item = world.item(ticket)
	assert item.plan == "Urgent ones" and held(item), "it is of a ticket that is older"
	key = action_items.ticket_of(world.item(other))
	started = start(key, by_hand.name, user_as_actor("tech@x.test", "Desk"), at_once=True)
	frappe.db.commit()
	world.tick()
	world.expect_email("second@x.test")
	assert held(started) is None


@pytest.mark.one_database
def test_45_the_heartbeat_is_silent_until_somebody_has_looked(
	world: World,
	tmp_path: Path,
	listener,  # noqa: F811 - the fixture
) -> None:
	begin_an_hour_ago(world)
	world.plan((0, "Email"), last_wait=6 * 3600)
	world.ticket()
	world.forward(10)
	with heartbeat_to(listener.server_port):
		lose_an_hour(world, tmp_path)
		monitor.beat(wait=True)
		assert listener.beats == 0, "nobody has dispatched since, and it is seen all the same"
		world.tick()
		world.expect_email(CATCH_ALL, "restored")
		monitor.beat(wait=True)
		assert listener.beats == 0
		decide(world, "looked")
		monitor.beat(wait=True)
		assert listener.beats == 1


@pytest.mark.one_database
def test_a_copy_is_mute_before_it_is_anything_else(world: World, tmp_path: Path) -> None:
	begin_an_hour_ago(world)
	world.plan((0, "Email"), last_wait=6 * 3600)
	ticket = world.ticket()
	world.forward(10)
	lose_an_hour(world, tmp_path)
	conf = frappe.conf.pop(installation.KEY)
	try:
		world.forward(60)
		world.sweep()
		assert held(world.item(ticket)) is None and world.inbox.unexpected() == []
		assert readiness.findings()[0].problem.startswith("This site is a copy")
	finally:
		frappe.conf[installation.KEY] = conf


def marked(world: World, minutes: int = 5) -> Mark:
	for _minute in range(minutes):
		world.forward(1)
	mark = mark_file.read(installation.bound())
	assert mark
	return mark


def test_a_site_that_has_no_mark_yet_was_not_restored(world: World) -> None:
	assert mark_file.read(installation.bound()) is None
	world.plan((0, "Email"))
	world.ticket()
	world.forward(10)
	world.expect_email("tech@x.test")
	assert mark_file.read(installation.bound()) == Mark(1, world.now)
	assert restored.count_held() == 0 and health.report()["well"]


@pytest.mark.one_database
def test_the_file_is_written_once_a_minute_at_most(world: World) -> None:
	mark = marked(world)
	file = mark_file.path()
	written = file.stat().st_mtime_ns
	for _look in range(50):
		world.forward(seconds=1)
	assert file.stat().st_mtime_ns == written
	world.forward(seconds=10)
	assert mark_file.read(installation.bound()).number == mark.number + 1


def test_a_state_of_before_there_were_marks_is_seen(world: World) -> None:
	catch_all()
	world.plan((0, "Email"))
	ticket = world.ticket()
	marked(world)
	frappe.db.delete("DefaultValue", {"parent": restored.PARENT})
	frappe.db.delete("Singles", {"doctype": restored.PARENT})
	world.now = datetime.now(UTC).replace(tzinfo=None) + timedelta(minutes=10)
	world.tick()
	world.expect_email(CATCH_ALL, "restored")
	assert held(world.item(ticket))


ODD = {
	"empty": "",
	"cut off": '{"installation": "',
	"no JSON": "\x00\xff garbage",
	"a list": "[]",
	"a number": "7",
	"nested": "[" * 900,
	"number as text": {"number": "900"},
	"a truth": {"number": True},
	"a fraction": {"number": 900.5},
	"negative": {"number": -900},
	"too large": {"number": 2**60},
	"no instant": {"at": "yesterday"},
	"an instant of nowhere": {"at": None},
	"with a zone": {"at": "2026-01-01T00:00:00+00:00"},
	"of another": {"installation": "another"},
}


@pytest.mark.one_database
@pytest.mark.parametrize("odd", ODD)
def test_an_odd_file_is_no_restore_and_is_written_anew(world: World, odd: str) -> None:
	world.plan((0, "Email"))
	world.ticket()
	mark = marked(world)
	content = ODD[odd]
	if isinstance(content, dict):
		of = {"installation": installation.bound(), "number": mark.number + 900, "at": world.now.isoformat()}
		content = json.dumps(of | content)
	mark_file.path().write_text(content, encoding="latin-1")
	restored._tried.clear()
	world.forward(10)
	world.expect_email("tech@x.test")
	assert mark_file.read(installation.bound()).number == mark.number + 1
	assert restored.count_held() == 0


@pytest.mark.one_database
def test_a_last_mark_that_somebody_has_cleaned_away_is_written_anew(world: World) -> None:
	world.plan((0, "Email"))
	world.ticket()
	marked(world)
	frappe.db.delete("Singles", {"doctype": restored.PARENT})
	for _time in range(2):
		world.forward(10)
	world.expect_email("tech@x.test")
	assert restored.count_held() == 0 and health.report()["well"]
	(last,) = frappe.db.sql("select `value` from `tabSingles` where `doctype` = %s", (restored.PARENT,))
	assert last[0].startswith(f"{mark_file.read(installation.bound()).number} ")


@pytest.mark.one_database
def test_while_it_is_read_back_nothing_is_sent_and_of_a_part_everything_is_held_after_a_while(
	world: World,
) -> None:
	"""Somebody reads back one table alone, and never the rest."""
	catch_all()
	world.plan((0, "Email"))
	ticket = world.ticket()
	mark = marked(world)
	frappe.db.sql(
		"update `tabSingles` set `value` = %s where `doctype` = %s",
		(f"{mark.number - 1} {world.now.isoformat()}", restored.PARENT),
	)
	world.forward(20)
	world.sweep()
	assert world.inbox.unexpected() == []
	assert health.report()["problems"][0].startswith("The database is being restored")
	assert held(world.item(ticket)) is None
	world.forward(15)
	world.forward(1)
	world.expect_email(CATCH_ALL, "restored")
	assert held(world.item(ticket))


def test_a_file_that_is_ahead_is_a_restore_once(world: World) -> None:
	"""Forged, or from a clock that ran ahead: whatever there is, is held once, and then it goes on."""
	catch_all()
	world.plan((0, "Email"))
	ticket = world.ticket()
	mark = marked(world)
	mark_file.write(Mark(mark.number + 900, world.now + timedelta(days=400)), installation.bound())
	world.forward(10)
	world.expect_email(CATCH_ALL, "restored")
	assert held(world.item(ticket))
	decide(world, "let_go_on")
	world.tick()
	world.expect_email("tech@x.test")
	world.forward(5)
	assert mark_file.read(installation.bound()).number > mark.number + 901
	assert not health.report()["restored"]


@pytest.mark.one_database
@pytest.mark.parametrize("place", ["folder", "loop"])
def test_what_can_not_be_written_keeps_no_step_waiting_and_is_said(world: World, place: str) -> None:
	world.plan((0, "Email"))
	world.ticket()
	marked(world)
	file = mark_file.path()
	file.unlink()
	if place == "folder":
		file.mkdir()
	else:
		file.symlink_to(file.name)
	restored._tried.clear()
	try:
		world.forward(10)
		world.expect_email("tech@x.test")
		if place == "loop":
			assert mark_file.read(installation.bound()), "it is replaced"
			return
		said = [finding.problem for finding in readiness.findings()]
		assert any("is a folder: remove it." in problem for problem in said)
		assert not health.report()["well"]
		assert not list(file.parent.glob(f".{mark_file.NAME}*")), "nothing is left beside it"
	finally:
		if place == "folder":
			file.rmdir()


@pytest.mark.parametrize("point", ["mark.before", "mark.after"])
def test_a_process_that_dies_between_the_two_marks_was_not_restored(world: World, point: str) -> None:
	world.plan((0, "Email"))
	world.ticket()
	mark = marked(world)
	for _time in range(3):
		world.wait(1)
		assert killed(world, f"{point}:1")
	assert mark_file.read(installation.bound()) == mark
	world.forward(10)
	world.expect_email("tech@x.test")
	assert restored.count_held() == 0


@pytest.mark.parametrize("point", ["restored.before", "restored.after"])
def test_45_a_process_that_dies_as_it_finds_a_restore(world: World, tmp_path: Path, point: str) -> None:
	begin_an_hour_ago(world)
	world.plan((0, "Email"), last_wait=6 * 3600)
	ticket = world.ticket()
	world.wait(10)
	lose_an_hour(world, tmp_path)
	assert killed(world, f"{point}:1")
	assert world.inbox.unexpected() == []
	world.tick()
	world.expect_email(CATCH_ALL, "restored")
	assert world.kinds(world.item(ticket)).count("Held after Restore") == 1
	world.forward(5)
	world.sweep()


def test_45_two_dispatchers_find_it_at_once(world: World, tmp_path: Path) -> None:
	begin_an_hour_ago(world)
	world.plan((0, "Email"), last_wait=6 * 3600)
	ticket = world.ticket()
	world.wait(10)
	lose_an_hour(world, tmp_path)
	with children.dispatching(world) as one, children.dispatching(world) as other:
		for child in (one, other):
			child.say()
		for child in (one, other):
			assert child.wait() == 0
	world.tick()
	world.expect_email(CATCH_ALL, "restored")
	assert world.kinds(world.item(ticket)).count("Held after Restore") == 1


@pytest.mark.parametrize("point", ["looked.before", "looked.after"])
def test_45_a_decision_about_all_is_cut_off(world: World, tmp_path: Path, point: str) -> None:
	begin_an_hour_ago(world)
	world.plan((0, "Email"), last_wait=6 * 3600)
	world.ticket()
	world.wait(10)
	lose_an_hour(world, tmp_path)
	world.tick()
	world.expect_email(CATCH_ALL, "restored")
	assert killed(world, f"{point}:1", children.let_all_go_on)
	assert restored.count_held() == (1 if point.endswith("before") else 0)
	assert restored.found(), "it can be said once more"
	decide(world, "let_go_on")
	world.tick()
	world.expect_email("tech@x.test")
	assert not restored.found()


def test_45_a_dispatcher_and_a_sender_that_run_through_it(world: World, tmp_path: Path) -> None:
	begin_an_hour_ago(world)
	world.plan((0, "Email"), (30, "Email", "User", "lead@x.test"), last_wait=6 * 3600)
	ticket = world.ticket("older")
	world.wait(10)
	assert killed(world, "dispatcher.set.after:1")
	backup = dumped(tmp_path / "backup")
	an_hour_passes(world)
	world.expect_email("tech@x.test", "older")
	world.expect_email("lead@x.test", "older")
	with children.dispatching(world, children.resident_with_sender) as child:
		child.hear()
		due(world, "while it runs")
		wait_for_messages(world, 1)
		world.expect_email("tech@x.test", "while it runs")
		restore(backup)
		wait_for_messages(world, 1)
		world.expect_email(CATCH_ALL, "restored")
		due(world, "since")
		wait_for_messages(world, 1)
		world.expect_email("tech@x.test", "since")
		time.sleep(2)
		os.kill(child.pid, signal.SIGTERM)
		assert child.wait() == 0
	assert held(world.item(ticket))
	assert world.inbox.unexpected() == []


def test_45_nothing_of_it_goes_out_before_a_tick_has_held_it(world: World, tmp_path: Path) -> None:
	"""A job that sends alone, acts alone or follows a failure alone may come first."""
	begin_an_hour_ago(world)
	acts(world, {"method": "Email"}, {"method": "Internal Comment", "message": "Look"}, last_wait=6 * 3600)
	world.ticket("failed")
	world.wait(10)
	world.providers.faults.smtp.refuse(550, "no such user", to="tech@x.test")
	assert killed(world, "delivery.recorded.after:1")
	world.ticket("queued")
	world.wait(10)
	assert killed(world, "dispatcher.set.after:1")
	lose_an_hour(world, tmp_path)
	for _time in range(2):
		assert delivery.deliver() == 0
		assert carrying_out.carry_out() == 0
		assert another_way.carry_out() == 0
	assert states() == ["Queued", "Queued"] and world.inbox.unexpected() == []
	world.tick()
	world.expect_email(CATCH_ALL, "restored")
	assert restored.count_held() == 2


@pytest.mark.one_database
def test_45_it_comes_between_the_look_and_the_claim(
	world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
	begin_an_hour_ago(world)
	world.plan((0, "Email"), last_wait=6 * 3600)
	ticket = world.ticket()
	world.wait(10)
	backups = [dumped(tmp_path / "backup")]
	an_hour_passes(world)
	world.expect_email("tech@x.test")
	with monkeypatch.context() as just_then:
		just_then.setattr(monitor, "ticked", lambda _now: backups and restore(backups.pop()))
		world.tick()
	assert world.item(ticket).status == "Scheduled" and world.inbox.unexpected() == []
	world.tick()
	world.expect_email(CATCH_ALL, "restored")
	assert held(world.item(ticket))


def test_45_of_a_bundle_each_goes_by_itself(world: World, tmp_path: Path) -> None:
	begin_an_hour_ago(world)
	world.plan((0, "Email"), last_wait=6 * 3600)
	tickets = [world.ticket("first"), world.ticket("second")]
	world.wait(10)
	assert killed(world, "dispatcher.set.after:1")
	first, second = (world.messages(world.item(ticket))[0].name for ticket in tickets)
	bundled = {"status": "Sending", "bundle": first}
	frappe.db.set_value(NOTIFICATION, first, {**bundled, "carries": 1})
	frappe.db.set_value(NOTIFICATION, second, {**bundled, "carried_by": first, "next_attempt_utc": None})
	lose_an_hour(world, tmp_path)
	world.tick()
	world.expect_email(CATCH_ALL, "restored")
	for ticket, subject in zip(tickets, ("first", "second"), strict=True):
		decide(world, "let_go_on", items=json.dumps([world.item(ticket).name]))
		world.tick()
		world.expect_email("tech@x.test", subject)
		assert world.inbox.unexpected() == []
		(message,) = world.messages(world.item(ticket), method="Email", user="tech@x.test")
		assert message.possible_duplicate and message.status == "Sent"
