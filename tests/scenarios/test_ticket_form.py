"""Scenarios 17 and 25: what the form of a ticket shows of its escalation, and what can be done there."""

import json
from typing import Any

import frappe
import pytest
from frappe.utils import add_to_date, get_datetime

from escalation_mgmt import agent_page, api, install
from escalation_mgmt.actions import catalog
from escalation_mgmt.actions.acknowledge import acknowledge_as
from escalation_mgmt.patches.v0_1 import lines_of_tickets
from escalation_mgmt.storage import activity
from escalation_mgmt.utils import clock
from escalation_mgmt.views import ticket_form
from tests.on_site import PASSWORD
from tests.world import World

TWO_STEPS = ((0, "Email"), (5, "Email", "User", "lead@x.test"), (5, "Email", "User", "second@x.test"))

SNOOZES = ("snooze_15", "snooze_30", "snooze_60", "snooze")


class Form:
	"""A ticket's form in somebody's browser: it shows what it has asked for, and sends that along with a click."""

	def __init__(self, world: World, ticket: Any, user: str):
		self.world, self.ticket, self.session = world, ticket, world.login(user)
		self.reload()

	def reload(self) -> None:
		frappe.db.commit()
		self.answer = self.session.get(
			f"{self.world.url}/api/method/escalation_mgmt.api.ticket", params=self.which(), timeout=30
		)
		self.shown = self.answer.json().get("message")

	@property
	def offers(self) -> list[str]:
		return [action["name"] for action in self.shown["actions"]]

	def post(self, action: str, **values: str) -> Any:
		frappe.db.commit()
		return self.session.post(
			f"{self.world.url}/api/method/escalation_mgmt.api.act",
			json={**self.which(), "action": action, "seen": self.shown["seen"], "values": values},
			timeout=30,
		)

	def click(self, action: str, **values: str) -> tuple[bool, str]:
		answer = self.post(action, **values)
		assert answer.ok, answer.text
		said = answer.json()["message"]
		self.shown = said["ticket"]
		return said["done"], said["message"]

	def which(self) -> dict[str, str]:
		return {"doctype": self.ticket.doctype, "name": str(self.ticket.name)}


def test_25_the_form_shows_where_it_stands_and_what_comes_next(world: World) -> None:
	world.plan(*TWO_STEPS)
	ticket = world.ticket()
	form = Form(world, ticket, "second@x.test")
	assert (form.shown["status"], form.shown["headline"]) == ("Scheduled", "Nothing was sent yet.")
	assert form.shown["countdown"] == "End of the response window in {time}"
	assert form.shown["due_in"] == pytest.approx(600, abs=1)
	assert form.offers == ["acknowledge", "escalate_now", "escalate_to", "stop"]
	world.forward(10)
	world.expect_email("tech@x.test")
	world.wait(seconds=100)
	form.reload()
	assert (form.shown["status"], form.shown["headline"]) == ("Escalating", "Step 1 of 3 has run.")
	assert (form.shown["countdown"], form.shown["due_in"]) == (
		"Step 2 (Email) in {time}",
		pytest.approx(200, abs=1),
	)
	assert form.offers == [
		*("acknowledge", "escalate_now", "escalate_to", *SNOOZES, "add_person", "hand_over", "stop"),
	]
	assert form.shown["item"] == world.item(ticket).name
	done, words = form.click("acknowledge")
	assert done and words == "Acknowledged. The escalation has stopped."
	assert form.shown["headline"].startswith("Sam Second has it since")
	assert form.offers == ["add_person", "hand_over", "unacknowledge", "stop"]
	assert world.item(ticket).acknowledged_via == "Ticket Form"
	world.forward(1)
	world.expect_email("tech@x.test", "Sam Second has acknowledged")


def test_25_by_permission(world: World) -> None:
	world.plan((0, "Email"))
	ticket = world.ticket()
	before = world.item(ticket).version
	stranger = Form(world, ticket, "stranger@x.test")
	assert stranger.answer.status_code == 403
	stranger.shown = {"seen": ""}
	for action in catalog.ACTIONS:
		assert stranger.post(action.name, reason="x", plan="Outage").status_code == 403
	listed = stranger.session.get(
		f"{world.url}/api/method/escalation_mgmt.api.tickets",
		params={"doctype": "HD Ticket", "names": f'["{ticket.name}"]'},
		timeout=30,
	)
	assert listed.json()["message"] == {}
	assert (world.item(ticket).version, world.item(ticket).status) == (before, "Scheduled")
	agent = Form(world, ticket, "lead@x.test")
	assert agent.post("delete").status_code == 417


def test_25_reading_alone_allows_to_acknowledge_and_nothing_else(world: World) -> None:
	world.todos_are_tickets("Closed")
	world.plan((0, "Email", "User", "lead@x.test"), reference_doctype="ToDo")
	todo = frappe.get_doc({"doctype": "ToDo", "description": "Tapes", "priority": "High"}).insert()
	frappe.share.add("ToDo", todo.name, "stranger@x.test", read=1)
	frappe.db.commit()
	form = Form(world, todo, "stranger@x.test")
	assert form.offers == ["acknowledge"]
	assert form.post("stop", reason="x").status_code == 403
	assert form.click("acknowledge")[0]


def test_17_a_stale_click_does_nothing_and_says_why(world: World) -> None:
	world.plan(*TWO_STEPS)
	ticket = world.ticket()
	world.forward(10)
	world.expect_email("tech@x.test")
	form = Form(world, ticket, "second@x.test")
	world.forward(5)
	world.expect_email("lead@x.test")
	before = world.item(ticket)
	for action, values in (("escalate_now", {}), ("stop", {"reason": "known"})):
		form.shown = {**form.shown, "seen": f"{before.name}/{before.version - 1}"}
		done, words = form.click(action, **values)
		assert not done and "since the page was shown" in words and "Step 2, Email: to Leo Lead." in words
		assert world.item(ticket).version == before.version
	# The refusal brought the form up to date: now it is meant as it is.
	assert form.shown["headline"] == "Step 2 of 3 has run."
	assert form.click("escalate_now") == (True, "Step 3 is run now.")
	world.tick()
	world.expect_email("second@x.test")
	assert "Sam Second asked for it (Ticket Form)" in world.lines(world.item(ticket))


def test_a_stale_click_is_told_the_cause_whatever_came_of_it_since(world: World) -> None:
	world.contact("tech@x.test", "+4915112345601")
	world.plan((0, "SMS"), *TWO_STEPS[1:])
	ticket = world.ticket()
	world.forward(10)
	sms = world.expect_sms("+4915112345601")
	form = Form(world, ticket, "second@x.test")
	shown, at = form.shown, clock.shown(world.now)
	Form(world, ticket, "lead@x.test").click("acknowledge")
	world.forward(1)
	world.expect_email("tech@x.test", "Leo Lead has acknowledged")
	world.receipt(sms, "delivered")
	world.wait(1)
	world.change(ticket, priority="Low")
	assert world.kinds(world.item(ticket))[-1] != "Acknowledged", "nothing came of it since"
	for action in ("snooze", "escalate_now", "stop"):
		form.shown = shown
		done, words = form.click(action, until="2030-01-01", reason="x")
		assert not done and f"at {at}: Acknowledged by Leo Lead (Ticket Form)." in words


def test_a_stale_click_on_the_same_status_is_told_what_began_the_latest_change(world: World) -> None:
	"""What that change couldn't reach is no cause, nor what a provider says later."""
	world.plan((0, "Email"), (5, "SMS", "User", "lead@x.test"), (0, "Email", "User", "second@x.test"))
	ticket = world.ticket()
	world.forward(10)
	world.expect_email("tech@x.test")
	form = Form(world, ticket, "second@x.test")
	shown = form.shown
	world.forward(5)
	world.expect_email("second@x.test")
	world.tick()
	at = clock.shown(world.now)
	for seen in (shown["seen"], shown["seen"].rpartition("/")[0], shown["seen"] + "/x"):
		form.shown = {**shown, "seen": seen}
		done, words = form.click("stop", reason="x")
		assert not done and f"at {at}: " in words and "can't be reached" not in words
		assert "was sent" not in words


def test_17_whoever_takes_it_takes_it_however_stale_the_page(world: World) -> None:
	world.plan(*TWO_STEPS)
	ticket = world.ticket()
	first, second = Form(world, ticket, "second@x.test"), Form(world, ticket, "lead@x.test")
	world.forward(10)
	world.expect_email("tech@x.test")
	assert first.click("acknowledge")[0]
	assert second.click("acknowledge") == (False, "Nothing was done: the escalation is Acknowledged.")
	world.forward(1)
	world.expect_email("tech@x.test", "Sam Second has acknowledged")


def test_stopped_with_a_reason(world: World) -> None:
	world.plan(*TWO_STEPS)
	ticket = world.ticket()
	world.forward(10)
	world.expect_email("tech@x.test")
	form = Form(world, ticket, "lead@x.test")
	for nothing in ("", "  "):
		refused = form.post("stop", reason=nothing)
		assert refused.status_code == 417 and "Give a reason" in refused.text
	assert form.click("stop", reason="The customer called")[0]
	item = world.item(ticket)
	assert item.status == "Cancelled" and "Stopped by Leo Lead: The customer called" in world.lines(item)
	assert form.shown["headline"] == "Stopped by Leo Lead: The customer called" and form.offers == ["start"]
	world.forward(60)
	world.expect_email("tech@x.test", "was cancelled")


def test_started_from_the_form(world: World) -> None:
	world.plan((0, "Email"), title="By Hand", priorities=["Urgent"])
	ticket = world.ticket(priority="Low")
	form, other = Form(world, ticket, "lead@x.test"), Form(world, ticket, "second@x.test")
	assert form.shown["item"] is None and form.offers == ["start"]
	(action,) = form.shown["actions"]
	field, when = action["fields"]
	assert (when["name"], when["default"]) == ("when", "now")
	assert (field["name"], field["options"]) == ("plan", [{"value": "By Hand", "label": "By Hand"}])
	assert form.post("start", plan="None such").status_code == 417
	assert form.click("start", plan="By Hand") == (True, "Started now.")
	assert form.shown["item"] == world.item(ticket).name and "acknowledge" in form.offers
	done, words = other.click("start", plan="By Hand")
	assert (
		not done
		and "since the page was shown" in words
		and "Started by hand by Leo Lead" in words
		and world.count_items() == 1
	)


def test_a_list_shows_what_runs(world: World) -> None:
	world.plan(*TWO_STEPS)
	running, quiet = world.ticket(), world.ticket(priority="Low")
	world.forward(10)
	world.expect_email("tech@x.test")
	shown = ticket_form.pills("HD Ticket", [running.name, quiet.name])
	assert set(shown) == {str(running.name)}
	pill = shown[str(running.name)]
	assert (pill["status"], pill["tone"], pill["countdown"]) == (
		"Escalating 1 of 3",
		"red",
		"Step 2 (Email) in {time}",
	)


def test_elsewhere_it_is_desks_timeline_and_only_for_whom_it_concerns(world: World) -> None:
	world.todos_are_tickets("Closed")
	world.plan((0, "Email", "User", "lead@x.test"), title="R & D", reference_doctype="ToDo")
	todo = frappe.get_doc({"doctype": "ToDo", "description": "Tapes", "priority": "High"}).insert()
	world.forward(10)
	world.expect_email("lead@x.test")

	def shown(user: str) -> list[str]:
		answer = world.login(user).get(
			f"{world.url}/api/method/frappe.desk.form.load.getdoc",
			params={"doctype": "ToDo", "name": todo.name},
			timeout=30,
		)
		assert answer.ok, answer.text
		info = answer.json()["docinfo"]
		assert "Leo Lead" not in json.dumps({**info, "additional_timeline_content": [], "user_info": {}})
		lines = sorted(info["additional_timeline_content"], key=lambda line: line["creation"])
		before = add_to_date(
			get_datetime(todo.creation), minutes=-1
		)  # a scenario's clock is not quite the database's
		assert all(get_datetime(line["creation"]) > before for line in lines), "in the site's zone"
		return [line["content"] for line in lines]

	found = shown("admin@x.test")
	assert found[0].startswith("Escalation: Created for plan R &amp; D")
	assert found[1:] == ["Escalation: Step 1, Email: to Leo Lead."]
	assert not frappe.get_all("Comment", filters={"reference_name": todo.name, "comment_type": "Info"})
	customer = frappe.get_doc(
		{"doctype": "User", "email": "anncustomer@x.test", "first_name": "Cus", "send_welcome_email": 0}
	)
	customer.user_type = "Website User"
	customer.new_password = PASSWORD
	customer.insert(ignore_permissions=True)
	frappe.share.add_docshare(
		"ToDo", todo.name, customer.name, read=1, flags={"ignore_share_permission": True}
	)
	frappe.db.commit()
	assert shown(customer.name) == []
	# The next ticket of its name has none of it.
	frappe.db.set_value("ToDo", todo.name, "creation", "2020-01-01 00:00:00", update_modified=False)
	frappe.db.commit()
	assert shown("admin@x.test") == []
	world.inbox.take_all()


def test_an_upgrade_takes_away_what_stood_in_comments(world: World) -> None:
	world.todos_are_tickets("Closed")
	world.plan((0, "Email", "User", "lead@x.test"), reference_doctype="ToDo")
	todo = frappe.get_doc({"doctype": "ToDo", "description": "Tapes", "priority": "High"}).insert()
	event = frappe.get_all("Escalation Event", pluck="name", order_by="name")[0]
	for name, content in ((event, "Eskalation: x"), ("older", "Escalation: Created"), ("own", "Hello")):
		comment = frappe.get_doc(
			{
				"doctype": "Comment",
				"comment_type": "Info",
				"reference_doctype": "ToDo",
				"reference_name": todo.name,
				"content": content,
			}
		)
		comment.insert(set_name=name)
	lines_of_tickets.execute()
	assert frappe.get_all("Comment", {"reference_name": todo.name, "comment_type": "Info"}, pluck="name") == [
		"own"
	]


def test_what_breaks_there_stops_no_step(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
	world.plan((0, "Email"))
	ticket = world.ticket()

	def broken(*_args: object) -> None:
		frappe.db.sql("insert into `tabNo Such Table` values (1)")

	monkeypatch.setattr(activity, "deed", broken)
	world.forward(10)
	world.expect_email("tech@x.test")
	assert world.item(ticket).status == "Escalating"
	world.expect_error("activity can't be written")


def test_the_form_script_comes_and_goes_with_the_app(world: World) -> None:
	if not frappe.db.exists("DocType", "HD Form Script"):
		pytest.skip("this Helpdesk has no form scripts")

	def there() -> Any:
		return frappe.db.get_value(
			"HD Form Script", agent_page.NAME, ["enabled", "script", "dt"], as_dict=True
		)

	install.after_migrate()
	assert (
		there().dt == "HD Ticket"
		and there().enabled
		and "escalation_mgmt/js/agent_page.js?v=" in there().script
	)
	frappe.db.set_value("HD Form Script", agent_page.NAME, {"enabled": 0, "script": "old"})
	install.after_migrate()
	assert not there().enabled and "agent_page.js" in there().script, "renewed, and still disabled"
	agent_page.remove()
	assert not there()
	install.after_app_install("erpnext")
	assert not there()
	install.after_app_install("helpdesk")
	assert there().enabled
	frappe.db.commit()


def test_a_list_marks_what_is_exhausted_until_somebody_answers(world: World) -> None:
	world.plan((0, "Email"), last_wait=600)
	tickets = [world.ticket(str(number)) for number in range(3)]
	world.forward(10)
	world.forward(10)
	world.inbox.take_all()
	names = [str(ticket.name) for ticket in tickets]
	shown = ticket_form.pills("HD Ticket", names)
	assert {pill["status"] for pill in shown.values()} == {"Exhausted"} and set(shown) == set(names)
	assert {(pill["tone"], pill["due_in"]) for pill in shown.values()} == {("orange", None)}
	world.reply(tickets[0])
	world.change(tickets[1], status="Resolved")
	assert set(ticket_form.pills("HD Ticket", names)) == {names[2]}
	# Started once more, the running one is what counts; stopped, the exhausted one is over.
	form = Form(world, tickets[2], "lead@x.test")
	assert form.click("start", plan="Outage")[0]
	assert ticket_form.pills("HD Ticket", names)[names[2]]["status"] != "Exhausted"
	assert form.click("stop", reason="x")[0]
	assert ticket_form.pills("HD Ticket", names) == {}
	world.tick()
	world.inbox.take_all()


def test_a_ticket_without_an_escalation_says_why(world: World) -> None:
	def says(ticket: Any) -> str:
		form = Form(world, ticket, "lead@x.test")
		assert form.shown["item"] is None
		return form.shown["headline"]

	old = world.ticket("logged before")
	world.forward(1)
	frappe.db.set_value("HD Ticket", old.name, {"creation": "2020-01-01", "response_by": "2020-01-02"})
	frappe.db.commit()
	assert says(world.ticket("no plan at all")) == "", "a site without plans has nothing to say"
	world.plan((0, "Email"))
	assert says(old) == "Not escalated: it was logged before plan Outage was enabled."
	low = world.ticket(priority="Low")
	assert says(low) == "Not escalated: no plan takes it."
	world.change(low, status="Resolved")
	assert says(low) == "Not escalated: this ticket is closed."
	frappe.db.set_value("HD Ticket", old.name, "first_responded_on", str(clock.to_site(world.now)))
	world.reply(old)
	assert says(old) == "Not escalated: plan Outage takes such tickets, but this one has been answered."


def test_who_may_do_less_is_told_why(world: World) -> None:
	world.plan((0, "Email", "User", "stranger@x.test"))
	ticket = world.ticket()
	assert Form(world, ticket, "lead@x.test").shown["withheld"] == ""
	world.forward(10)
	world.expect_email("stranger@x.test")
	item = world.item(ticket).name

	def sees(user: str) -> tuple[list[str], str]:
		frappe.set_user(user)
		shown = api.timeline(item)
		offered = [action["name"] for action in shown["actions"]]
		frappe.set_user("Administrator")
		return offered, shown["withheld"]

	number = f"HD Ticket {ticket.name}"
	for user in ("manager@x.test", "stranger@x.test"):
		assert sees(user) == (
			["acknowledge"],
			f"For anything else you need the right to change {number}.",
		)
	acknowledge_as("lead@x.test", item, "Desk")
	frappe.db.commit()
	nothing = f"You can read this, but do nothing about it: that takes the right to change {number}."
	assert sees("manager@x.test") == sees("stranger@x.test") == ([], nothing)
	assert sees("lead@x.test")[0] and not sees("lead@x.test")[1]
	frappe.delete_doc("HD Ticket", ticket.name, force=True)
	frappe.db.commit()
	assert sees("manager@x.test") == ([], f"Nothing can be done about it: {number} was deleted.")
	world.tick()
	world.inbox.take_all()


def test_answered_is_what_it_is_called_where_it_is_shown(world: World) -> None:
	world.plan((0, "Email"))
	ticket = world.ticket()
	world.reply(ticket)
	world.sweep()
	form = Form(world, ticket, "lead@x.test")
	assert (world.item(ticket).status, form.shown["status"]) == ("Resolved", "Answered")
	assert "the escalation is Answered" in form.click("acknowledge")[1]
