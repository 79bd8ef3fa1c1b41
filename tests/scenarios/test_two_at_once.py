"""Scenarios 12 and 13: an acknowledgement meets what is being sent, and another acknowledgement."""

import os
import signal
import threading

import frappe
import pymysql
import pytest
import requests

from escalation_mgmt import delivery
from escalation_mgmt.notifiers.email import EmailNotifier
from escalation_mgmt.storage import message_secrets
from escalation_mgmt.storage.circuits import Circuits
from host.servers import free_port
from tests import children
from tests.world import PAGER, World


@pytest.mark.parametrize("point", ["delivery.claimed.after", "delivery.taken", "delivery.recorded.after"])
def test_12_what_is_on_its_way_is_recorded_and_the_unsent_is_taken_back(world: World, point: str) -> None:
	"""A dispatcher stands still with one message in its hand, another queued and a step to come; then somebody has it."""
	world.endpoint()
	world.plan(
		(0, "Email"), (5, "HTTP POST", "Endpoint", PAGER), (0, "Email", "User", "lead@x.test"), (5, "Email")
	)
	ticket = world.ticket()
	world.forward(10)
	link = world.expect_email("tech@x.test").links[0]
	world.wait(5)
	with children.dispatching(world, fault=f"{point}:1:stop") as child:
		child.say()
		child.wait_until_stopped()
		assert world.post(link).ok
		os.kill(child.pid, signal.SIGCONT)
		child.wait()
	item = world.item(ticket)
	sending, unsent = sorted(
		world.messages(item, purpose="Page", step=("in", [2, 3])), key=lambda message: message.status
	)
	world.inbox.expect(method=sending.method)  # was on its way
	assert (sending.status, unsent.status) == ("Sent", "Withdrawn")
	assert (sending.attempts, unsent.attempts) == (1, 0) and not sending.possible_duplicate
	kinds = world.kinds(item)
	assert kinds.count("Withdrawn") == 1 and kinds.count("Was in Flight") == bool(sending.in_flight)
	assert bool(sending.in_flight) == (point != "delivery.recorded.after")
	world.forward(60)
	told = [message.to for message in world.inbox.unexpected()]
	assert set(told) <= {"lead@x.test"}, told  # told, if they had been sent a message
	world.inbox.take_all()
	assert world.item(ticket).status == "Acknowledged" and kinds.count("Step Ran") == 3


def test_13_two_acknowledge_in_the_same_second(world: World) -> None:
	"""By two web servers at once: one wins, the other is told who."""
	world.plan((0, "Email"), (0, "Email", "User", "lead@x.test"), (5, "Email", "User", "second@x.test"))
	ports = [free_port(0), free_port(0)]
	names = {"tech@x.test": "Tina Tech", "lead@x.test": "Leo Lead"}
	with children.served(world, ports[0]), children.served(world, ports[1]):
		for number in range(5):
			ticket = world.ticket(f"round {number}")
			world.forward(10)
			paths = {user: world.expect_email(user).links[0].split("/", 3)[3] for user in names}
			together, answers = threading.Barrier(2), {}

			def acknowledge(user: str, port: int, path: str, together=together, answers=answers) -> None:
				together.wait()
				url = f"http://127.0.0.1:{port}/{path}"
				answers[user] = requests.post(url, headers={"Accept": "application/json"}, timeout=60).json()

			frappe.db.commit()
			threads = [
				threading.Thread(target=acknowledge, args=(user, port, path))
				for (user, path), port in zip(paths.items(), ports, strict=True)
			]
			for thread in threads:
				thread.start()
			for thread in threads:
				thread.join()
			item = world.item(ticket)
			winner = item.acknowledged_user
			(loser,) = set(names) - {winner}
			assert answers[winner]["title"] == "You have it"
			assert answers[loser]["title"] == "Already acknowledged"
			assert answers[loser]["text"].startswith(f"Already acknowledged by {names[winner]}, ")
			assert item.status == "Acknowledged" and world.kinds(item).count("Acknowledged") == 1
			world.forward(1)
			world.expect_email(loser, f"{names[winner]} has acknowledged")
	world.forward(60)


@pytest.mark.parametrize("between", ["circuits", "secrets"])
def test_a_page_that_is_committed_while_others_are_claimed_is_sent(
	world: World, monkeypatch: pytest.MonkeyPatch, between: str
) -> None:
	"""A claim's plain reads are older than what its locks find then: an item would look as before its step."""
	if frappe.db.db_type != "mariadb":
		pytest.skip("SQLite has one writer at a time")
	monkeypatch.setattr(EmailNotifier, "batch", 1)
	world.plan((0, "Email"))
	tickets = [world.ticket("old"), world.ticket("new")]
	world.forward(10)
	world.inbox.take_all()
	old, new = (world.messages(world.item(ticket))[0].name for ticket in tickets)
	sent = "update `tabEscalation Notification` set `status` = 'Queued', `urgency` = %s, `next_attempt_utc` = %s where `name` = %s"
	begun = "update `tabEscalation Action Item` set `status` = %s where `name` = %s"
	item = world.item(tickets[1]).name
	frappe.db.sql(sent, (9, world.now if between == "secrets" else None, old))
	frappe.db.sql(sent, (1, None, new))
	secret = frappe.db.sql(
		"select * from `tabEscalation Notification Secret` where `name` = %s", new, as_dict=True
	)[0]
	frappe.db.delete("Escalation Notification Secret", {"name": new})
	frappe.db.sql(begun, ("Scheduled", item))
	frappe.db.commit()
	other = pymysql.connect(
		host="localhost" if not frappe.conf.db_host else frappe.conf.db_host,
		port=int(frappe.conf.db_port or 3306),
		user=frappe.conf.db_name,
		password=frappe.conf.db_password,
		database=frappe.conf.db_name,
		unix_socket=frappe.conf.db_socket or None,
	)
	committed: list[int] = []

	def commit_the_step() -> None:
		if committed:
			return
		committed.append(1)
		with other.cursor() as cursor:
			cursor.execute(begun, ("Escalating", item))
			columns = ", ".join(f"`{column}`" for column in secret)
			values = ", ".join(["%s"] * len(secret))
			cursor.execute(
				f"insert into `tabEscalation Notification Secret` ({columns}) values ({values})",
				[*secret.values()],
			)
			cursor.execute(sent, (1, world.now, new))
		other.commit()

	where, name = (Circuits, "read") if between == "circuits" else (message_secrets, "read")
	real = getattr(where, name)

	def then_commit(*given):
		found = real(*given)
		commit_the_step()
		return found

	with monkeypatch.context() as patch:
		patch.setattr(where, name, then_commit)
		delivery.deliver_by("Email")
	other.close()
	delivery.deliver_by("Email")
	assert world.messages(world.item(tickets[1]))[0].status == "Sent"
	assert len(world.inbox.take_all()) == (2 if between == "secrets" else 1)
