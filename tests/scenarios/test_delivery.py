"""Scenarios 15, 18 and 19 for email and HTTP POST: providers that refuse, hang, or lose the answer."""

import socket
from typing import Any

import frappe
import pytest

from escalation_mgmt import delivery, notifiers
from escalation_mgmt.delivery import send
from escalation_mgmt.dispatch import dispatcher
from escalation_mgmt.notifiers.email import EmailNotifier
from escalation_mgmt.utils import fault_points
from escalation_mgmt.utils.doctypes import NOTIFICATION
from tests.world import PAGER, World


def paging(world: World, **more) -> object:
	world.endpoint(timeout=1, **more)
	world.plan((0, "HTTP POST", "Endpoint", PAGER))
	return world.ticket()


def told_that_no_step_is_left(world: World) -> None:
	world.expect_email("owner@x.test", "did not arrive, and no step is left")


def state(world: World, ticket) -> tuple:
	message = world.messages(world.item(ticket))[0]
	return message.status, message.attempts, bool(message.possible_duplicate)


@pytest.mark.parametrize("code", [400, 401, 404, 410, 422])
def test_19_a_4xx_is_final(world: World, code: int) -> None:
	ticket = paging(world)
	world.providers.faults.pager.status(code)
	world.forward(10)
	assert state(world, ticket) == ("Failed", 1, False)
	assert f"failed. {code}" in world.lines(world.item(ticket))
	told_that_no_step_is_left(world)
	world.forward(20)


@pytest.mark.parametrize("code", [429, 500, 502, 503])
def test_19_busy_is_retried_with_growing_pauses(world: World, code: int) -> None:
	ticket = paging(world)
	world.providers.faults.pager.status(code, times=2)
	world.forward(10)
	assert state(world, ticket)[:2] == ("Queued", 1)
	world.forward(seconds=9)
	assert state(world, ticket)[1] == 1
	world.forward(seconds=1)
	assert state(world, ticket)[1] == 2
	world.forward(seconds=29)
	assert state(world, ticket)[1] == 2
	world.forward(seconds=1)
	world.expect_page()
	assert state(world, ticket) == ("Sent", 3, False)


def test_18_retries_are_bounded(world: World) -> None:
	ticket = paging(world)
	world.providers.faults.pager.status(503, times=5)
	world.forward(10)
	for seconds in (10, 30, 90, 300):
		world.forward(seconds=seconds)
	assert state(world, ticket) == ("Failed", 5, False)
	told_that_no_step_is_left(world)
	world.forward(20)


@pytest.mark.parametrize(("asked", "waits"), [("120", 120), ("99999999999999999999", 3600), ("nonsense", 10)])
def test_19_retry_after_is_honoured_within_reason(world: World, asked: str, waits: int) -> None:
	ticket = paging(world)
	world.providers.faults.pager.status(429, retry_after=asked)
	world.forward(10)
	message = world.messages(world.item(ticket))[0]
	assert (message.next_attempt_utc - world.now).total_seconds() == waits
	world.change(ticket, status="Closed")


def test_19_no_answer_is_unknown_and_sent_once_more_marked(world: World) -> None:
	ticket = paging(world)
	world.providers.faults.pager.hang(5, taken=True)
	world.forward(10)
	first, second = world.expect_page(), world.expect_page()
	assert first.id == second.id == world.messages(world.item(ticket))[0].name
	assert first.body["link"] != second.body["link"]
	assert state(world, ticket) == ("Sent", 2, True)
	assert "possible duplicate" in world.lines(world.item(ticket))
	assert "Sent (possible duplicate)" in [row["outcome"] for row in world.report(ticket=ticket.name)]
	assert world.get(first.body["link"]).status_code == 200  # both links work
	world.post(first.body["link"])
	assert world.item(ticket).status == "Acknowledged"


def test_19_twice_unknown_ends(world: World) -> None:
	ticket = paging(world)
	world.providers.faults.pager.close(taken=True, times=2)
	world.forward(10)
	world.expect_page()
	world.expect_page()
	assert state(world, ticket) == ("Unknown", 2, True)
	world.forward(20)


def test_19_a_large_answer_is_cut_and_a_redirect_not_followed(world: World) -> None:
	ticket = paging(world)
	world.providers.faults.pager.huge()
	world.forward(10)
	world.expect_page()
	message = world.messages(world.item(ticket))[0]
	assert message.status == "Sent" and len(message.detail) <= 2000
	other = world.ticket("other")
	world.providers.faults.pager.redirect(f"{world.url}/api/method/ping")
	world.forward(10)
	message = world.messages(world.item(other))[0]
	assert message.status == "Failed" and "redirects are not followed" in message.detail
	told_that_no_step_is_left(world)


def test_19_a_private_address_is_refused_when_it_is_connected_to(world: World) -> None:
	"""A name that was outside when the endpoint was saved may mean something inside when it is used."""
	ticket = paging(world)
	frappe.conf.escalation_allowed_hosts = []
	frappe.db.set_value(
		"Escalation Endpoint", PAGER, "url", world.providers.pager_url.replace("127.0.0.1", "localhost")
	)
	frappe.db.commit()
	frappe.clear_document_cache("Escalation Endpoint", PAGER)
	world.forward(10)
	message = world.messages(world.item(ticket))[0]
	assert message.status == "Failed" and "not on the public internet" in message.detail
	told_that_no_step_is_left(world)


def test_email_refused_for_now_is_retried_and_for_good_is_not(world: World) -> None:
	world.plan((0, "Email"), (0, "Email", "User", "lead@x.test"), (0, "Email", "User", "second@x.test"))
	ticket = world.ticket()
	world.providers.faults.smtp.refuse(450, "busy", to="tech@x.test")
	world.providers.faults.smtp.refuse(550, "no such user", to="lead@x.test")
	world.forward(10)
	world.expect_email("second@x.test")
	item = world.item(ticket)
	assert [m.status for m in world.messages(item, purpose="Page")] == ["Queued", "Failed", "Sent"]
	told_that_no_step_is_left(world)
	assert "550: " in world.lines(item) and "no such user" in world.lines(item)
	world.forward(seconds=10)
	world.expect_email("tech@x.test")


def test_email_whose_answer_is_lost_is_sent_once_more_marked(world: World) -> None:
	world.plan((0, "Email"), (0, "Email", "User", "lead@x.test"))
	ticket = world.ticket()
	world.providers.faults.smtp.drop(taken=True, to="tech@x.test")
	world.forward(10)
	world.expect_email("tech@x.test")
	world.expect_email("tech@x.test")
	world.expect_email("lead@x.test")
	assert state(world, ticket) == ("Sent", 2, True)


def test_a_mail_server_that_hangs_in_each_message_gets_no_whole_batch(
	world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
	"""The rest would be sent long after its claims count as lost, and by somebody else as well."""
	from escalation_mgmt.notifiers import email

	monkeypatch.setattr(email, "SECONDS", 2)
	monkeypatch.setattr(email, "BATCH_SECONDS", 1.5)
	people = ("tech@x.test", "lead@x.test", "second@x.test")
	world.plan(*((0, "Email", "User", user) for user in people))
	ticket = world.ticket()
	world.providers.faults.smtp.hang(60, taken=False)
	world.forward(10)
	states = [(message.status, message.possible_duplicate) for message in world.messages(world.item(ticket))]
	assert states[1:] == [("Queued", 0), ("Queued", 0)]
	world.forward(seconds=10)
	for user in people:
		world.expect_email(user)


def _bug() -> list[Any]:
	raise RuntimeError("a bug")


def test_15_a_notifier_that_raises_stops_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
	world.endpoint()
	world.plan((0, "HTTP POST", "Endpoint", PAGER), (0, "Email"), (5, "Email", "User", "lead@x.test"))
	ticket = world.ticket()

	def broken(self, messages):
		yield from _bug()

	monkeypatch.setattr(notifiers.classes()["HTTP POST"], "send", broken)
	world.forward(10)
	world.expect_email("tech@x.test")
	for _attempt in range(2):
		world.expect_error("the notifier of HTTP POST broke")
	assert [m.status for m in world.messages(world.item(ticket))] == ["Unknown", "Sent"]
	world.forward(5)
	world.expect_email("lead@x.test")


def test_a_template_that_breaks_sends_the_apps_own_words(world: World) -> None:
	world.plan((0, "Email"), message="{{ ticket.subject.nosuch.nothing }}")
	ticket = world.ticket()
	world.forward(10)
	world.expect_email("tech@x.test", "has not been answered: Server outage")
	world.expect_error("a message can't be rendered")
	assert "the app's own was sent" in world.lines(world.item(ticket))


def test_an_attempt_that_was_never_heard_of_again_goes_out_once_more(world: World, monkeypatch) -> None:
	"""As after a crash between the commit of the attempt and the record of its outcome."""
	ticket = paging(world)

	def point(name: str) -> None:
		if name == "delivery.taken":
			raise SystemError("it ended there")

	monkeypatch.setattr(fault_points, "point", point)
	world.forward(10)
	world.expect_page()
	world.expect_error("what goes by HTTP POST can't be sent")
	assert state(world, ticket) == ("Sending", 1, False)
	monkeypatch.undo()
	world.forward(seconds=119)
	world.forward(seconds=1)
	world.expect_page()
	assert state(world, ticket) == ("Sent", 2, True)
	assert "never heard of again" in world.lines(world.item(ticket))


def test_12_acknowledged_while_queued_withdraws_the_unsent_and_marks_what_flies(
	world: World, monkeypatch
) -> None:
	world.endpoint()
	world.plan((0, "Email"), (5, "HTTP POST", "Endpoint", PAGER), (0, "Email", "User", "lead@x.test"))
	ticket = world.ticket()
	world.forward(10)
	link = world.expect_email("tech@x.test").links[0]
	deliver = delivery.deliver
	monkeypatch.setattr(delivery, "deliver", lambda: 0)
	world.forward(5)
	item = world.item(ticket)
	assert [m.status for m in world.messages(item)] == ["Sent", "Queued", "Queued"]
	flying = world.messages(item)[1].name
	frappe.db.set_value(
		"Escalation Notification", flying, {"status": "Sending", "next_attempt_utc": world.now}
	)
	world.post(link)
	messages = world.messages(world.item(ticket), purpose="Page")
	assert [m.status for m in messages] == ["Sent", "Sending", "Withdrawn"]
	assert [bool(m.in_flight) for m in messages] == [False, True, False]
	kinds = world.kinds(item)
	assert "Withdrawn" in kinds and "Was in Flight" in kinds
	monkeypatch.setattr(delivery, "deliver", deliver)
	world.forward(60)
	# What was in flight, and never heard of again, is not repeated: nobody wants it any more.
	assert world.messages(item)[1].status == "Unknown"


def connections(server: socket.socket) -> int:
	"""How many wait to be accepted."""
	server.setblocking(False)
	found = 0
	while True:
		try:
			server.accept()[0].close()
		except BlockingIOError:
			return found
		found += 1


def test_a_mail_server_that_is_silent_is_waited_for_once(
	world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
	from escalation_mgmt.notifiers import email

	monkeypatch.setattr(email, "GREETED_WITHIN", 0.3)
	world.plan((0, "Email"), (0, "Email", "User", "lead@x.test"), (0, "Email", "User", "second@x.test"))
	ticket = world.ticket()
	with socket.create_server(("127.0.0.1", 0)) as silent:  # takes the connection, and says nothing
		frappe.db.set_value("Email Account", "Escalation Test", "smtp_port", silent.getsockname()[1])
		frappe.clear_document_cache("Email Account", "Escalation Test")
		world.forward(10)
		assert connections(silent) == 1, "each message waits for itself"
	assert [m.status for m in world.messages(world.item(ticket))] == ["Queued"] * 3
	frappe.db.set_value("Email Account", "Escalation Test", "smtp_port", world.providers.smtp_address.port)
	frappe.clear_document_cache("Email Account", "Escalation Test")
	world.forward(seconds=10)
	for user in ("tech@x.test", "lead@x.test", "second@x.test"):
		world.expect_email(user)


def test_who_stops_sending_finishes_the_batch_and_leaves_the_rest_to_others(world: World) -> None:
	world.plan(*[(0, "Email", "User", f"{who}@x.test") for who in ("tech", "lead", "second")])
	for number in range(9):
		world.ticket(f"Outage {number}")
	world.wait(10)
	dispatcher.tick(lambda: None)
	asked = iter([False, True])
	assert delivery.deliver_by("Email", lambda: next(asked)) == EmailNotifier.batch < 27
	assert frappe.db.count(NOTIFICATION, {"status": "Queued"}) == 27 - EmailNotifier.batch
	assert delivery.deliver() == 27 - EmailNotifier.batch
	for who in ("tech", "lead", "second"):
		for _ticket in range(9):
			world.expect_email(f"{who}@x.test")


def test_a_method_that_breaks_stops_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
	world.endpoint()
	world.plan((0, "HTTP POST", "Endpoint", PAGER), (0, "Email"))
	world.ticket()
	world.wait(10)
	dispatcher.tick(lambda: None)
	by = send.deliver_by

	def breaks(method: str) -> int:
		if method == "HTTP POST":
			raise RuntimeError("the pager broke")
		return by(method)

	monkeypatch.setattr(send, "deliver_by", breaks)
	delivery.deliver()
	world.expect_email("tech@x.test")
	world.expect_error("what goes by HTTP POST can't be sent")
	monkeypatch.undo()
	world.tick()
	world.expect_page()
