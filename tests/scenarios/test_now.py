"""Doors that promise "now" keep it by a worker, with or without a resident dispatcher; and none of them ends what it is to help."""

import threading
from collections.abc import Iterator
from typing import Any

import frappe
import pytest
from frappe.desk.form import assign_to
from frappe.utils.background_jobs import execute_job

from escalation_mgmt.actions import catalog
from escalation_mgmt.engine import Status
from escalation_mgmt.facts.tickets import Tickets
from escalation_mgmt.storage import action_items
from escalation_mgmt.utils import jobs
from tests.scenarios.test_commands import local
from tests.scenarios.test_ticket_form import SNOOZES, Form
from tests.world import World

TINA = "+4915112345601"
OURS = ".".join(("escalation_mgmt", "x"))  # the id of a job
TICK = "escalation_mgmt.dispatch.dispatcher.tick"


class Workers:
	"""What was asked of RQ, done when a worker comes by: on a thread with a connection of its own, as Frappe runs a job."""

	def __init__(self, site: str):
		self.site = site
		self.waiting: list[tuple[str, str]] = []

	def enqueue(self, method: Any, *_more: Any, **how: Any) -> None:
		path = method if isinstance(method, str) else f"{method.__module__}.{method.__qualname__}"
		if path.startswith("escalation_mgmt."):
			self.waiting.append((path, how["job_id"]))

	def work(self, times: int = 1) -> list[str]:
		"""Do what waits; `times`: each of them by so many workers at once. Returns what was asked for."""
		frappe.db.commit()
		asked, self.waiting = [path for path, _id in self.waiting], []
		failed: list[BaseException] = []

		def job(path: str) -> None:
			try:
				execute_job(self.site, path, None, path, {}, is_async=True)
			except BaseException as e:
				failed.append(e)

		threads = [
			threading.Thread(target=job, args=(path,)) for path in dict.fromkeys(asked) for _n in range(times)
		]
		for thread in threads:
			thread.start()
		for thread in threads:
			thread.join()
		assert not failed, failed
		frappe.db.rollback()
		return asked


@pytest.fixture
def workers(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workers]:
	found = Workers(world.site)
	monkeypatch.setattr(frappe, "enqueue", found.enqueue)
	monkeypatch.setattr(jobs, "get_job_status", lambda job_id: None)
	yield found


def at_step_one(world: World, *steps: tuple, user: str = "second@x.test", **more: Any) -> Form:
	"""Step 1 has gone to the assignee, Tina."""
	world.plan((0, "Email"), *steps, **more)
	ticket = world.ticket()
	world.forward(10)
	world.expect_email("tech@x.test")
	return Form(world, ticket, user)


# --- now is now


@pytest.mark.parametrize("at_once", [1, 2])
def test_escalated_now_the_next_step_goes_out_by_a_worker_and_once(
	world: World, workers: Workers, at_once: int
) -> None:
	form = at_step_one(world, (5, "Email", "User", "lead@x.test"), (5, "Email", "User", "second@x.test"))
	workers.waiting.clear()
	assert form.click("escalate_now") == (True, "Step 2 is run now.")
	assert workers.work(times=at_once) == [TICK]
	world.expect_email("lead@x.test")
	assert len(world.messages(world.item(form.ticket), step=2)) == 1


def test_every_other_door_that_makes_something_due_now(world: World, workers: Workers) -> None:
	form = at_step_one(
		world, (5, "Email", "User", "lead@x.test"), (5, "Email", "User", "second@x.test"), last_wait=600
	)
	workers.waiting.clear()
	form.click("escalate_to", step="3")
	workers.work()
	world.expect_email("second@x.test")
	form.reload()
	form.click("run_again")
	workers.work()
	world.expect_email("tech@x.test")
	form.reload()
	form.click("hand_over", to="lead@x.test")
	workers.work()
	world.expect_email("lead@x.test")
	world.expect_email("tech@x.test", "is assigned to Leo Lead")
	form.click("stop", reason="known")
	workers.work()
	for user in ("tech@x.test", "lead@x.test"):
		world.inbox.expect(to=user, contains="was cancelled")
	assert form.click("start", plan="Outage", when="now")[0]
	workers.work()
	world.expect_email("lead@x.test", "has not been answered")


def test_who_is_added_where_nobody_was_reached_and_who_is_assigned_then(
	world: World, workers: Workers
) -> None:
	world.plan((0, "Email"), plan_owner="owner@x.test")
	added, assigned = world.ticket("added", to=""), world.ticket("assigned", to="")
	world.forward(10)
	for _ticket in (added, assigned):
		world.expect_email("owner@x.test", "Nobody could be notified")
	workers.waiting.clear()
	assert Form(world, added, "second@x.test").click("add_person", who="lead@x.test")[0]
	workers.work()
	world.expect_email("lead@x.test", "added")
	world.assign(assigned, "tech@x.test")
	assert TICK in workers.work()
	world.expect_email("tech@x.test", "assigned")


def test_a_ticket_whose_plan_starts_at_once_and_one_whose_maintenance_ends(
	world: World, workers: Workers
) -> None:
	world.plan((0, "Email", "User", "lead@x.test"), start="At Once")
	world.ticket(to="")
	assert TICK in workers.work()
	world.expect_email("lead@x.test")
	maintenance = frappe.new_doc("Escalation Maintenance")
	maintenance.update(
		{"reason": "works", "scope": "Site", "starts_at": local(world, -1), "ends_at": local(world, 60)}
	)
	maintenance.insert()
	world.ticket("held", to="")
	world.tick()
	world.inbox.assert_empty()
	workers.waiting.clear()
	world.wait(1)
	maintenance.reload()
	maintenance.end_now()
	assert TICK in workers.work()
	world.expect_email("lead@x.test", "held")


def test_a_ticket_that_another_plan_takes_over_starts_at_once(world: World, workers: Workers) -> None:
	"""What is due stands in the database by the time that it is asked for there."""
	lead = (0, "Email", "User", "lead@x.test")
	world.plan(lead, title="Slow", priorities=["Medium"])
	world.plan(lead, start="At Once")
	ticket = world.ticket(to="", priority="Medium")
	workers.waiting.clear()
	world.change(ticket, priority="High")
	assert TICK in workers.work()
	world.expect_email("lead@x.test")


def test_nothing_is_asked_of_a_worker_where_nothing_is_due(world: World, workers: Workers) -> None:
	form = at_step_one(world, (5, "Email", "User", "lead@x.test"))
	workers.waiting.clear()
	form.click("snooze", until=local(world, 30))
	world.ticket("another")
	frappe.db.commit()
	assert TICK not in [path for path, _id in workers.waiting]


def test_without_redis_nothing_is_lost_and_the_next_tick_does_it(
	world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
	form = at_step_one(world, (5, "Email", "User", "lead@x.test"))

	def away(*_args: Any, **_more: Any) -> None:
		raise ConnectionError("Redis is away")

	monkeypatch.setattr(frappe, "enqueue", away)
	assert form.click("escalate_now") == (True, "Step 2 is run now.")
	world.tick()
	world.expect_email("lead@x.test")


@pytest.mark.parametrize(
	("statuses", "id"),
	[
		({}, "job"),
		({"job": "queued"}, "job"),
		({"job": "finished"}, "job"),
		({"job": "started"}, "job.2"),
		({"job": "started", "job.2": "started"}, "job.3"),
	],
)
def test_a_job_that_has_begun_already_is_followed_by_another(
	world: World, workers: Workers, monkeypatch: pytest.MonkeyPatch, statuses: dict[str, str], id: str
) -> None:
	"""It may have looked before what was committed since; one that waits will see it."""
	monkeypatch.setattr(jobs, "get_job_status", lambda id: statuses.get(id.replace(OURS, "job")))
	jobs.enqueue_once(TICK, "x")
	assert workers.waiting == [(TICK, id.replace("job", OURS))]


# --- the last wait


def in_last_wait(world: World) -> Form:
	form = at_step_one(world, (5, "Email", "User", "lead@x.test"))
	world.forward(5)
	world.expect_email("lead@x.test")
	form.reload()
	return form


def test_in_the_last_wait_the_plan_can_be_run_again_and_nothing_ends_it(world: World) -> None:
	form = in_last_wait(world)
	assert form.offers == ["acknowledge", "run_again", *SNOOZES, "add_person", "hand_over", "stop"]
	before = world.item(form.ticket)
	for action, values in (("escalate_now", {}), ("escalate_to", {"step": "2"})):
		said = form.post(action, **values).json()["message"]
		assert (said["done"], said["instead"]) == (False, "run_again")
		assert said["message"] == "No step is left, and nothing was changed. The plan can be run again."
	world.tick()
	assert (world.item(form.ticket).version, world.item(form.ticket).status) == (before.version, "Escalating")
	assert form.click("run_again") == (True, "The plan runs again. Step 1 is run now.")
	world.tick()
	world.expect_email("tech@x.test")
	assert form.shown["countdown"] == "Step 1 (Email) in {time}" or form.shown["due_in"] <= 0
	world.forward(5)
	world.expect_email("lead@x.test")
	item = world.item(form.ticket)
	assert "Sam Second runs the plan again (Ticket Form)." in world.lines(item)
	assert (item.status, item.run, item.next_group) == ("Escalating", 1, 2)
	world.forward(30)
	world.expect_email("owner@x.test", "Nobody acknowledged")


def test_a_stale_page_neither_ends_nor_runs_it_again(world: World) -> None:
	form = in_last_wait(world)
	other = Form(world, form.ticket, "lead@x.test")
	assert form.click("run_again")[0]
	done, words = other.click("run_again")
	assert not done and "since the page was shown" in words
	world.tick()
	world.expect_email("tech@x.test")
	assert world.item(form.ticket).run == 1


def test_key_3_on_the_last_call_offers_it_and_3_once_more_runs_it_again(world: World) -> None:
	world.contact("tech@x.test", TINA)
	world.plan((0, "Phone Call"))
	ticket = world.ticket()
	world.forward(10)
	call = world.expect_call(TINA)
	call.press("3")
	assert "No step is left" in call.text and "Press 3 to run the plan again" in call.text
	assert call.status != "completed"
	world.tick()
	assert world.item(ticket).status == "Escalating" and world.item(ticket).run == 0
	call.press("3")
	assert call.text.endswith("The plan runs again. Step 1 is run now.")
	world.tick()
	world.expect_call(TINA).press("1")
	assert world.item(ticket).acknowledged_by == "Tina Tech"


def test_a_key_that_is_pressed_after_somebody_ran_it_again_runs_nothing(world: World) -> None:
	world.contact("tech@x.test", TINA)
	world.plan((0, "Phone Call"))
	ticket = world.ticket()
	world.forward(10)
	call = world.expect_call(TINA)
	call.press("3")
	assert Form(world, ticket, "lead@x.test").click("run_again")[0]
	call.press("3")
	assert call.text.endswith("The escalation has begun anew meanwhile; nothing was changed.")
	world.tick()
	world.expect_call(TINA)
	assert world.item(ticket).run == 1


def test_a_snooze_in_the_last_wait_uses_nothing_of_it_up(world: World) -> None:
	form = in_last_wait(world)
	world.wait(10)
	done, words = form.click("snooze", until=local(world, 60))
	assert done and "then the last wait goes on until" in words
	assert form.offers == ["acknowledge", "run_again", "hand_over", "stop"]
	until = world.item(form.ticket).due_utc
	world.now = until
	world.tick()
	world.sweep()
	item = world.item(form.ticket)
	assert item.status == "Escalating" and (item.due_utc - until).total_seconds() == 20 * 60
	form.reload()
	assert "run_again" in form.offers
	world.forward(20)
	world.expect_email("owner@x.test", "Nobody acknowledged")


def test_run_again_wakes_a_snoozed_one(world: World) -> None:
	form = in_last_wait(world)
	form.click("snooze", until=local(world, 60))
	assert form.click("run_again")[0]
	world.tick()
	world.expect_email("tech@x.test")
	assert world.item(form.ticket).status == "Escalating"


def test_what_fails_in_the_last_wait_ends_it_no_sooner_and_the_owner_hears_once(world: World) -> None:
	world.plan((0, "SMS", "Address", "+4915112345602"), (0, "SMS", "Address", "+4915112345603"))
	ticket = world.ticket()
	world.forward(10)
	for number in ("+4915112345602", "+4915112345603"):
		world.receipt(world.expect_sms(number), "failed", error=30005)
	world.tick()
	world.expect_email("owner@x.test", "did not arrive, and no step is left")
	assert world.item(ticket).status == "Escalating"
	world.forward(30)
	world.expect_email("owner@x.test", "Nobody acknowledged")


def test_who_is_added_in_the_last_wait_is_told_no_untruth(world: World) -> None:
	form = in_last_wait(world)
	assert form.click("add_person", who="second@x.test") == (
		True,
		"Sam Second is paged now. No further step is left.",
	)
	world.tick()
	world.expect_email("second@x.test")


# --- started by hand


@pytest.mark.parametrize("start", ["After Its Own Window", "At the Deadline", "At Once"])
def test_started_by_hand_it_starts_now(world: World, start: str) -> None:
	world.plan((0, "Email"), priorities=["Urgent"], start=start)
	ticket = world.ticket(priority="Low", response_by=world.now.replace(microsecond=0))
	frappe.db.set_value("HD Ticket", ticket.name, "response_by", local(world, 90))
	form = Form(world, ticket, "lead@x.test")
	(action,) = form.shown["actions"]
	_plan, when = action["fields"]
	assert [option["value"] for option in when["options"]] == ["now", "window"] and when["default"] == "now"
	assert form.click("start", plan="Outage")[0]
	world.sweep()
	world.tick()
	world.expect_email("tech@x.test")
	assert world.item(ticket).status == "Escalating"


def test_or_after_its_window_where_that_was_chosen(world: World) -> None:
	world.plan((0, "Email"), priorities=["Urgent"])
	ticket, other = world.ticket(priority="Low"), world.ticket(priority="Low")
	form = Form(world, ticket, "lead@x.test")
	done, words = form.click("start", plan="Outage", when="window")
	assert done and "after its response window" in words and form.shown["status"] == "Scheduled"
	by_api(form, other, plan="Outage", at_once=False)
	assert world.item(other).status == "Scheduled"
	world.forward(9.9)
	world.inbox.assert_empty()
	world.forward(0.1)
	for _ticket in (ticket, other):
		world.expect_email("tech@x.test")


def by_api(form: Form, ticket: Any, **more: Any) -> None:
	answer = form.session.post(
		f"{form.world.url}/api/method/escalation_mgmt.api.start",
		json={"doctype": ticket.doctype, "name": str(ticket.name), **more},
		timeout=30,
	)
	assert answer.ok, answer.text


def test_by_the_api_it_starts_now_too_and_the_first_steps_own_wait_is_kept(world: World) -> None:
	world.plan((3, "Email"), priorities=["Urgent"])
	ticket = world.ticket(priority="Low")
	by_api(Form(world, ticket, "lead@x.test"), ticket, plan="Outage")
	world.tick()
	item = world.item(ticket)
	assert item.status == "Escalating" and (item.due_utc - world.now).total_seconds() == 180
	Form(world, ticket, "lead@x.test").click("acknowledge")
	form = Form(world, ticket, "lead@x.test")
	assert form.click("unacknowledge")[0]
	assert form.shown["due_in"] == pytest.approx(180, abs=1), "the window that was skipped isn't kept either"
	world.forward(3)
	world.expect_email("tech@x.test")


@pytest.mark.parametrize(
	("action", "values", "step", "to"),
	[("escalate_now", {}, 1, "tech@x.test"), ("escalate_to", {"step": "2"}, 2, "lead@x.test")],
)
def test_in_its_window_an_escalation_can_be_escalated(
	world: World, action: str, values: dict[str, str], step: int, to: str
) -> None:
	world.plan((4, "Email"), (5, "Email", "User", "lead@x.test"))
	ticket = world.ticket()
	form = Form(world, ticket, "second@x.test")
	assert form.offers == ["acknowledge", "escalate_now", "escalate_to", "stop"]
	assert form.click(action, **values) == (True, f"Step {step} is run now.")
	assert form.shown["status"] == "Escalating"
	world.sweep()
	world.tick()
	world.expect_email(to)
	assert "The response window was cut short." in world.lines(world.item(ticket))


# --- decide first, then assign


@pytest.fixture
def assigned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
	"""Whom Frappe was asked to assign something to, or to take it from: on Frappe 15 they are told in that moment."""
	asked: list[str] = []
	add, remove = assign_to.add, assign_to.remove

	def adding(args: Any, **more: Any) -> Any:
		asked.extend(args["assign_to"])
		return add(args, **more)

	def removing(doctype: str, name: str, user: str, **more: Any) -> Any:
		asked.append(f"not {user}")
		return remove(doctype, name, user, **more)

	monkeypatch.setattr(assign_to, "add", adding)
	monkeypatch.setattr(assign_to, "remove", removing)
	return asked


@pytest.mark.parametrize("why", ["not verified", "disabled", "no way"])
def test_to_somebody_who_can_not_be_reached_nothing_is_assigned_not_even_for_a_moment(
	world: World, assigned: list[str], why: str
) -> None:
	form = at_step_one(world, (5, "Email", "User", "lead@x.test"))
	match why:
		case "not verified":
			world.contact("lead@x.test", email="lead@elsewhere.test")
		case "disabled":
			frappe.db.set_value("User", "lead@x.test", "enabled", 0)
		case "no way":
			frappe.db.set_value("User", "lead@x.test", "email", "lead@example.com")
	assigned.clear()
	try:
		assert form.post("hand_over", to="lead@x.test").status_code == 417
	finally:
		frappe.db.set_value("User", "lead@x.test", {"email": "lead@x.test", "enabled": 1})
		frappe.db.commit()
	assert assigned == []


def test_it_is_assigned_last_when_all_else_is_written(
	world: World, assigned: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
	"""What stands in the way of the decision stands in the way of the assignment, too; and the word of it comes last."""
	form = at_step_one(world, (5, "Email", "User", "lead@x.test"))
	assigned.clear()
	written: list[Any] = []
	add = assign_to.add
	monkeypatch.setattr(
		assign_to,
		"add",
		lambda args, **more: [written.append(world_item(form)), add(args, **more)][1],
	)

	def world_item(form: Form) -> Any:
		return frappe.db.get_value("Escalation Action Item", form.shown["item"], "assignees")

	assert form.click("hand_over", to="lead@x.test")[0]
	assert assigned == ["not tech@x.test", "lead@x.test"] and written == ['["lead@x.test"]']
	key = action_items.ticket_of(world.item(form.ticket))
	assert Tickets([key])[key].assignees == ("lead@x.test",)
	world.tick()
	world.inbox.take_all()


def test_what_is_refused_changes_no_row(world: World, assigned: list[str]) -> None:
	"""Of every action, asked for as it can't be done, even where the caller commits afterwards."""
	form = at_step_one(world, (5, "Email", "User", "lead@x.test"))
	item = world.item(form.ticket)
	key, shown = action_items.ticket_of(item), f"{item.name}/{item.version}"
	world.contact("lead@x.test", email="lead@elsewhere.test")
	assigned.clear()
	before = _rows()
	for action in catalog.ACTIONS:
		values = {"to": "lead@x.test", "who": "lead@x.test", "step": "1", "until": "2000-01-01 00:00"}
		if action.name in ("acknowledge", "escalate_now"):  # can be done
			continue
		try:
			result = catalog.click(action.name, key, shown, values, "Desk")
			assert not result.done, action.name
		except frappe.ValidationError:
			frappe.clear_messages()
		assert _rows() == before and not assigned, action.name
	assert item.status == Status.ESCALATING


def _rows() -> list[Any]:
	doctypes = ("Escalation Action Item", "Escalation Event", "Escalation Notification", "ToDo", "HD Ticket")
	return [
		frappe.db.sql(f"select `name`, `modified` from `tab{doctype}` order by `name`")
		for doctype in (*doctypes, "Notification Log", "Email Queue", "Comment")
	] + [frappe.db.sql("select `name`, `version` from `tabEscalation Action Item` order by `name`")]
