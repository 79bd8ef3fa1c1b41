"""Scenario 26, and what else people can ask for while an escalation runs: by the ticket's form, whatever form that is."""

from datetime import timedelta
from typing import Any

import frappe
import pytest
from frappe.utils import get_datetime

from escalation_mgmt.actions import person
from escalation_mgmt.utils import clock
from tests.scenarios.test_ticket_form import SNOOZES, Form
from tests.world import World

THREE = ((0, "Email"), (5, "Email", "User", "lead@x.test"), (10, "Email"))


@pytest.fixture
def form(world: World) -> Form:
	"""Step 1 has gone to the assignee, Tina; step 2 is due in five minutes. Mona looks at the ticket."""
	world.plan(*THREE)
	ticket = world.ticket()
	world.forward(10)
	world.expect_email("tech@x.test")
	return Form(world, ticket, "second@x.test")


def local(world: World, minutes: float) -> str:
	return str(clock.to_site(world.now + timedelta(minutes=minutes)))[:16].replace(" ", "T")


def action(form: Form, name: str) -> Any:
	return next(action for action in form.shown["actions"] if action["name"] == name)


def stale(form: Form, name: str, **values: str) -> bool:
	"""Whether a click on a page that is no longer true does nothing, and says why."""
	item, version, status = form.shown["seen"].split("/")
	form.shown = {**form.shown, "seen": f"{item}/{int(version) - 1}/{status}"}
	done, words = form.click(name, **values)
	return not done and "since the page was shown" in words


def test_26_a_snooze_ends_by_time(world: World, form: Form) -> None:
	(field,) = action(form, "snooze")["fields"]
	assert field["kind"] == "datetime" and "7d at most" in field["label"]
	suggested = get_datetime(field["default"]) - clock.to_site(world.now)
	assert timedelta(hours=1) < suggested <= timedelta(hours=1, minutes=15)
	assert stale(form, "snooze", until=local(world, 60))
	for wrong, says in (
		(local(world, -1), "is past"),
		(local(world, 7 * 24 * 60 + 2), "too far away"),
		("soon", "no date"),
		("", "Say until when"),
	):
		refused = form.post("snooze", until=wrong)
		assert refused.status_code == 417 and says in refused.text
	done, words = form.click("snooze", until=local(world, 61))
	assert done and words.startswith("Quiet until")
	assert form.shown["status"] == "Snoozed" and form.shown["countdown"] == "End of the snooze in {time}"
	assert form.offers == ["acknowledge", "escalate_now", "escalate_to", "hand_over", "stop"]
	world.forward(59)
	world.sweep()
	world.inbox.assert_empty()
	world.forward(2)
	world.expect_email("lead@x.test")
	item = world.item(form.ticket)
	assert item.status == "Escalating" and "Snoozed until" in world.lines(item)
	assert "The snooze is over." in world.lines(item)


def test_26_a_snooze_by_one_click(world: World, form: Form) -> None:
	labels = {name: action(form, name)["label"] for name in SNOOZES}
	assert labels == {
		"snooze_15": "Snooze 15m",
		"snooze_30": "Snooze 30m",
		"snooze_60": "Snooze 1h",
		"snooze": "Snooze…",
	}
	assert action(form, "snooze_30")["fields"] == []
	for wrong in ("+99999", "+-5", "+1.5", "++5", "+"):
		assert form.post("snooze", until=wrong).status_code == 417
	assert form.click("snooze_30")[0] and form.shown["status"] == "Snoozed"
	assert form.shown["due_in"] == pytest.approx(30 * 60, abs=1)
	world.forward(29)
	world.inbox.assert_empty()
	world.forward(1)
	world.expect_email("lead@x.test")


def test_26_a_snooze_ends_no_step_early_and_takes_back_what_waits(world: World, form: Form) -> None:
	"""Snoozed for two minutes, the step is still due in five. What a provider was too busy for isn't sent any more."""
	world.providers.faults.smtp.refuse(450, "busy")
	form.click("escalate_now")
	world.tick()
	form.reload()
	assert form.click("snooze", until=local(world, 2))[0]
	world.forward(3)
	item = world.item(form.ticket)
	assert item.status == "Escalating" and "Email to Leo Lead was not sent any more" in world.lines(item)
	world.inbox.assert_empty()
	world.forward(7)
	world.expect_email("tech@x.test")


def test_26_a_snooze_ends_by_a_raised_priority(world: World) -> None:
	world.plan((0, "Email"), (5, "Email", "User", "lead@x.test"), priorities=["High", "Urgent"])
	other, same = world.ticket("other", priority="Low"), world.ticket("same")
	world.plan((0, "Email", "User", "second@x.test"), title="Low", priorities=["Low"])
	world.change(other, priority="Medium")
	world.change(other, priority="Low")
	world.forward(10)
	for user in ("tech@x.test", "second@x.test"):
		world.expect_email(user)
	for ticket in (other, same):
		assert Form(world, ticket, "lead@x.test").click("snooze", until=local(world, 600))[0]
	world.wait(6)
	for ticket in (other, same):
		world.change(ticket, priority="Urgent")
	assert (world.item(other, 0).status, world.item(other).status) == ("Cancelled", "Scheduled")
	assert "the priority was raised" in world.lines(world.item(same))
	world.tick()
	world.expect_email("lead@x.test", "same")
	assert world.item(same).status == "Escalating"
	world.forward(10)
	world.expect_email("tech@x.test", "other")


def test_26_a_snooze_ends_by_an_acknowledgement_an_answer_and_a_wish_for_more(world: World) -> None:
	world.plan(*THREE)
	tickets = {name: world.ticket(name) for name in ("acknowledged", "answered", "woken")}
	world.forward(10)
	world.inbox.take_all()
	forms = {name: Form(world, ticket, "lead@x.test") for name, ticket in tickets.items()}
	for form in forms.values():
		assert form.click("snooze", until=local(world, 600))[0]
	assert forms["acknowledged"].click("acknowledge")[0]
	world.reply(tickets["answered"])
	assert forms["woken"].click("escalate_now") == (True, "Step 2 is run now.")
	world.forward(1)
	world.expect_email("lead@x.test", "woken")
	world.expect_email("tech@x.test", "acknowledged")
	world.expect_email("tech@x.test", "has been answered")
	assert [world.item(ticket).status for ticket in tickets.values()] == [
		*("Acknowledged", "Resolved", "Escalating"),
	]
	world.forward(10)
	world.expect_email("tech@x.test", "woken")


def test_given_back_the_next_step_is_due_after_its_own_wait(world: World, form: Form) -> None:
	assert form.click("acknowledge")[0]
	world.forward(1)
	world.expect_email("tech@x.test", "Sam Second has acknowledged")
	world.wait(30)
	assert stale(form, "unacknowledge")
	done, words = form.click("unacknowledge")
	assert done and words.startswith("Given back. The escalation goes on")
	assert form.shown["status"] == "Escalating" and form.shown["due_in"] == pytest.approx(300, abs=1)
	item = world.item(form.ticket)
	assert not item.acknowledged_by and not item.acknowledged_user
	world.tick()
	world.expect_email("tech@x.test", "Nobody has ticket")
	world.forward(4.9)
	world.inbox.assert_empty()
	world.forward(0.1)
	world.expect_email("lead@x.test")
	assert "Sam Second gave it back." in world.lines(item)
	other = Form(world, form.ticket, "lead@x.test")
	assert other.click("acknowledge")[0] and world.item(form.ticket).acknowledged_by == "Leo Lead"
	world.forward(1)
	world.expect_email("tech@x.test", "Leo Lead has acknowledged")


def test_given_back_after_the_last_step_it_says_that_none_is_left(world: World) -> None:
	world.plan((0, "Email"))
	ticket = world.ticket()
	world.forward(10)
	world.expect_email("tech@x.test")
	form = Form(world, ticket, "lead@x.test")
	assert form.click("acknowledge")[0]
	done, words = form.click("unacknowledge")
	assert done and "No step is left: the last wait begins anew" in words
	assert "No step is left; the last wait ends at" in world.lines(world.item(ticket))
	world.tick()
	world.inbox.take_all()


def test_given_back_before_the_window_is_over(world: World) -> None:
	world.plan(*THREE)
	ticket = world.ticket()
	form = Form(world, ticket, "lead@x.test")
	assert form.click("acknowledge")[0]
	world.wait(2)
	assert form.click("unacknowledge")[0]
	assert form.shown["due_in"] == pytest.approx(8 * 60, abs=1)
	world.forward(8)
	world.expect_email("tech@x.test")


def test_handed_over_the_ticket_is_theirs_and_they_are_paged_at_once(world: World, form: Form) -> None:
	choices = {
		option["value"]: option["label"] for option in action(form, "hand_over")["fields"][1]["options"]
	}
	assert choices["lead@x.test"] == "Leo Lead (Email)" and "owner@x.test" not in choices
	assert stale(form, "hand_over", to="lead@x.test")
	done, words = form.click("hand_over", to="lead@x.test")
	assert (done, words) == (True, "Handed over to Leo Lead, who is paged now.")
	assert frappe.parse_json(frappe.db.get_value("HD Ticket", form.ticket.name, "_assign")) == ["lead@x.test"]
	world.tick()
	world.expect_email("lead@x.test", "has not been answered")
	world.expect_email("tech@x.test", "is assigned to Leo Lead now")
	item = world.item(form.ticket)
	assert "Sam Second handed it over to Leo Lead (Ticket Form), who is paged: Email." in world.lines(item)
	assert "Assignee Changed" not in world.kinds(item)[-4:]
	world.forward(4.9)
	world.inbox.assert_empty()
	world.forward(0.1)
	world.expect_email("lead@x.test")
	world.forward(10)
	world.expect_email("lead@x.test")  # step 3 is the assignee's


def test_handed_over_from_whoever_has_it_it_goes_on(world: World, form: Form) -> None:
	assert form.click("acknowledge")[0]
	world.forward(1)
	world.expect_email("tech@x.test", "Sam Second has acknowledged")
	assert form.click("hand_over", to="lead@x.test")[0]
	assert form.shown["status"] == "Escalating" and not world.item(form.ticket).acknowledged_by
	world.tick()
	page = world.expect_email("lead@x.test")
	world.expect_email("tech@x.test", "is assigned to Leo Lead now")
	world.post(page.links[0])
	assert world.item(form.ticket).acknowledged_by == "Leo Lead"
	world.forward(1)
	world.expect_email("tech@x.test", "Leo Lead has acknowledged")


def test_handed_over_to_nobody_who_can_be_reached_changes_nothing(world: World, form: Form) -> None:
	world.contact("lead@x.test", email="lead@elsewhere.test")  # an address that was never verified
	before = world.item(form.ticket).version
	for to, says in (("lead@x.test", "Leo Lead can"), ("nobody@x.test", "Choose one of the people")):
		refused = form.post("hand_over", to=to)
		assert refused.status_code == 417 and says in refused.text
	frappe.db.rollback()
	assert world.item(form.ticket).version == before
	assert "tech@x.test" in frappe.db.get_value("HD Ticket", form.ticket.name, "_assign")


def test_nobody_is_paged_but_who_is_offered_whatever_a_call_names(world: World, form: Form) -> None:
	if not frappe.db.exists("User", "buyer@x.test"):
		customer = {"email": "buyer@x.test", "first_name": "Cora", "user_type": "Website User"}
		frappe.get_doc({"doctype": "User", **customer, "send_welcome_email": 0}).insert(
			ignore_permissions=True
		)
	before = world.item(form.ticket).version
	for who in ("Guest", "buyer@x.test", "owner@x.test", "", "no\nbody"):
		for refused in (form.post("hand_over", to=who), form.post("add_person", who=who)):
			assert refused.status_code == 417 and "Choose one of the people who are offered" in refused.text
	for values in ("[]]", "[1]", '"lead@x.test"', "7"):
		refused = form.session.post(
			f"{world.url}/api/method/escalation_mgmt.api.act",
			json={**form.which(), "action": "hand_over", "seen": form.shown["seen"], "values": values},
			timeout=30,
		)
		assert refused.status_code == 417 and "values must be an object" in refused.text
	frappe.db.rollback()
	assert world.item(form.ticket).version == before
	for _time in range(person.PER_HOUR):
		refused = form.post("add_person", who="Guest")
	assert refused.status_code == 429
	assert form.post("add_person", who="lead@x.test").status_code == 429


def test_where_nobody_is_offered_it_is_somebody_of_the_desk(world: World) -> None:
	world.todos_are_tickets("Closed")
	world.plan((0, "Email", "User", "lead@x.test"), reference_doctype="ToDo")
	todo = frappe.get_doc({"doctype": "ToDo", "description": "Tapes", "priority": "High"}).insert()
	world.forward(10)
	world.expect_email("lead@x.test")
	form = Form(world, todo, "admin@x.test")
	refused = form.post("add_person", who="Guest")
	assert refused.status_code == 417 and "Choose an enabled user of Desk" in refused.text
	assert form.click("add_person", who="owner@x.test")[0]
	world.tick()
	world.expect_email("owner@x.test")


def test_a_person_who_was_added_is_paged_with_every_step(world: World, form: Form) -> None:
	assert stale(form, "add_person", who="second@x.test")
	done, words = form.click("add_person", who="second@x.test")
	assert (done, words) == (True, "Sam Second is paged now, and with every further step.")
	world.tick()
	world.expect_email("second@x.test")
	assert form.click("add_person", who="second@x.test") == (
		False,
		"Sam Second was added before; nothing was changed.",
	)
	world.forward(5)
	for user in ("lead@x.test", "second@x.test"):
		world.expect_email(user)
	world.forward(10)
	for user in ("tech@x.test", "second@x.test"):
		world.expect_email(user)
	assert "Step 3, Email: to Tina Tech, Sam Second." in world.lines(world.item(form.ticket))


def test_escalated_to_a_chosen_step(world: World, form: Form) -> None:
	(field,) = action(form, "escalate_to")["fields"]
	assert [option["label"] for option in field["options"]] == ["Step 2 (Email)", "Step 3 (Email)"]
	assert form.click("escalate_to", step="1") == (
		False,
		"Step 1 doesn't come any more in this run; nothing was changed.",
	)
	assert form.click("escalate_to", step="3") == (True, "Step 3 is run now.")
	world.tick()
	world.expect_email("tech@x.test")
	assert "Passed over: 2." in world.lines(world.item(form.ticket))


def test_escalated_now_but_held_until_working_time(world: World) -> None:
	world.calendar("9:00-18:00")
	plan = world.plan(
		(0, "Email"),
		(5, "Email"),
		calendar="Escalation Calendar",
		escalation_calendar="Office",
		count_working_time=0,
	)
	plan.steps[1].in_working_time = 1
	plan.save()
	world.wait_for(5, "12:00", "Europe/Berlin")
	ticket = world.ticket()
	world.forward(10)
	world.expect_email("tech@x.test")
	done, words = Form(world, ticket, "lead@x.test").click("escalate_now")
	assert done and "Step 2 may go out only in working time: it is held until" in words
	world.tick()
	world.inbox.assert_empty()
	assert "held until" in world.lines(world.item(ticket))


def test_the_action_items_own_form_offers_the_same(world: World, form: Form) -> None:
	answer = form.session.get(
		f"{world.url}/api/method/escalation_mgmt.api.timeline",
		params={"action_item": form.shown["item"]},
		timeout=30,
	).json()["message"]
	assert answer["seen"] == form.shown["seen"]
	assert [each["name"] for each in answer["actions"]] == form.offers
