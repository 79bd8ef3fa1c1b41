"""Scenario 16: plans and tickets that change while an escalation runs."""

from typing import Any

import frappe
import pytest

from escalation_mgmt.engine import TicketFilter
from escalation_mgmt.facts import tickets
from escalation_mgmt.storage.ticket_list import STATUS
from escalation_mgmt.utils.doctypes import ITEM
from tests.world import World


def test_16_an_edited_or_disabled_plan_goes_on_frozen(world: World) -> None:
	plan = world.plan((0, "Email"), (5, "Email", "User", "lead@x.test"))
	ticket = world.ticket()
	plan.reload()
	plan.steps[0].update({"whom": "User", "user": "second@x.test"})
	plan.enabled = 0
	plan.save()
	world.forward(10)
	world.expect_email("tech@x.test")
	with pytest.raises(frappe.ValidationError, match="running escalations follow this plan"):
		frappe.delete_doc("Escalation Plan", plan.name)
	frappe.db.rollback()
	world.sweep()
	world.forward(5)
	world.expect_email("lead@x.test")
	world.change(ticket, status="Resolved")
	world.tick()
	for user in ("tech@x.test", "lead@x.test"):
		world.expect_email(user, "has been answered")
	frappe.delete_doc("Escalation Plan", plan.name)
	assert not frappe.db.exists("Escalation Plan", plan.name)


def test_16_a_raised_priority_moves_to_the_other_plan(world: World) -> None:
	world.plan((0, "Email"), title="High")
	world.plan((0, "Email", "User", "lead@x.test"), title="Urgent", priorities=["Urgent"], window=300)
	ticket = world.ticket()
	world.forward(4)
	world.change(ticket, priority="Urgent")
	old, new = world.item(ticket, 0), world.item(ticket, 1)
	assert (old.status, old.replaced_by, new.replaces) == ("Cancelled", new.name, old.name)
	assert new.plan == "Urgent" and new.status == "Scheduled"
	world.forward(5, seconds=-1)
	world.forward(seconds=1)
	world.expect_email("lead@x.test")
	world.forward(20)


def test_16_lowered_to_no_plan_is_cancelled_with_the_reason(world: World) -> None:
	world.plan((0, "Email"))
	ticket = world.ticket()
	world.forward(10)
	world.expect_email("tech@x.test")
	world.change(ticket, priority="Low")
	item = world.item(ticket)
	assert item.status == "Cancelled" and "no plan matches any more" in world.lines(item)
	world.tick()
	world.expect_email("tech@x.test", "was cancelled")


def test_16_acknowledged_is_replaced_only_by_a_raised_priority(world: World) -> None:
	world.plan((0, "Email"), title="High")
	world.plan((0, "Email"), title="Low", priorities=["Low"])
	world.plan((0, "Email"), title="Urgent", priorities=["Urgent"])
	ticket = world.ticket()
	world.forward(10)
	world.post(world.expect_email("tech@x.test").links[0])
	world.change(ticket, priority="Low")
	assert world.item(ticket).status == "Acknowledged" and world.count_items() == 1
	world.change(ticket, priority="Urgent")
	assert world.item(ticket).plan == "Urgent"
	world.tick()


def test_16_reassigned_later_steps_go_to_the_new_one_and_the_old_is_told(world: World) -> None:
	world.plan((0, "Email"), (5, "Email"))
	ticket = world.ticket()
	world.forward(10)
	world.expect_email("tech@x.test")
	world.assign(ticket, "lead@x.test")
	world.tick()
	news = world.expect_email("tech@x.test", "is assigned to Leo Lead now")
	assert news.links[0].startswith(f"{world.url}/"), "the ticket's address isn't the public one"
	world.forward(5)
	world.expect_email("lead@x.test", "Server outage")


def test_16_team_changed_to_another_plans(world: World) -> None:
	world.plan((0, "Email"), title="Network", team="Network")
	world.plan((0, "Email"), title="Web", team="Web")
	ticket = world.ticket(agent_group="Network")
	assert world.item(ticket).plan == "Network"
	world.change(ticket, agent_group="Web")
	assert world.item(ticket).plan == "Web"


def test_16_merged_and_deleted(world: World) -> None:
	world.plan((0, "Email"))
	kept, merged, deleted = world.ticket("kept"), world.ticket("merged"), world.ticket("deleted")
	item = world.item(deleted)
	frappe.db.set_value(
		"HD Ticket", merged.name, {"is_merged": 1, "merged_with": kept.name}
	)  # no document event
	for todo in frappe.get_all(
		"ToDo", filters={"reference_name": str(deleted.name)}, pluck="name", order_by="name"
	):
		frappe.delete_doc("ToDo", todo)
	frappe.delete_doc("HD Ticket", deleted.name)
	world.forward(10)
	world.expect_email("tech@x.test", "kept")
	item.reload()
	assert item.status == "Cancelled" and "the ticket was deleted" in world.lines(item)
	assert f"merged into {kept.name}" in world.lines(world.item(merged))


def of_minutes_ago(world: World, doc, minutes: float) -> None:
	"""Let the ticket's messages be as old as that."""
	then = frappe.utils.add_to_date(frappe.utils.now_datetime(), minutes=-minutes)
	frappe.db.set_value(
		"Communication",
		{"reference_doctype": doc.doctype, "reference_name": str(doc.name)},
		{"creation": then, "communication_date": then},
		update_modified=False,
	)
	frappe.db.commit()


def merge(world: World, source, target) -> None:
	"""As Helpdesk does it for who may read Communications: copies first, their times put back afterwards."""
	names = frappe.get_all(
		"Communication",
		filters={"reference_doctype": source.doctype, "reference_name": str(source.name)},
		pluck="name",
		order_by="creation desc",
	)
	for name in names:
		original = frappe.get_doc("Communication", name)
		copy = frappe.copy_doc(original)
		copy.reference_name = str(target.name)
		copy.insert(ignore_permissions=True)
		frappe.db.set_value("Communication", copy.name, "creation", original.creation, update_modified=False)
	world.change(source, status="Closed", is_merged=1, merged_with=target.name)


@pytest.mark.parametrize("replied", [90, 30], ids=["before the target came", "since then"])
def test_16_what_merging_copies_is_no_answer(world: World, replied: int) -> None:
	world.plan((0, "Email"))
	world.wait(minutes=-60)
	source, target = world.ticket("merged", to=""), world.ticket("kept")
	world.reply(source)
	of_minutes_ago(world, source, replied)
	merge(world, source, target)
	target.reload()
	assert target.first_responded_on and target.last_agent_response  # says Helpdesk
	assert world.item(target).status == "Scheduled"
	world.sweep()
	world.forward(10)
	world.expect_email("tech@x.test", "kept")
	world.reply(target)
	assert world.item(target).status == "Resolved"
	world.tick()
	world.expect_email("tech@x.test", "has been answered")


def test_16_the_notice_of_a_split_is_no_answer(world: World) -> None:
	world.plan((0, "Email"))
	ticket = world.ticket("two questions")
	part = world.ticket("the other question", to="", ticket_split_from=ticket.name)
	link = f'<a href="http://x.test/helpdesk/tickets/{part.name}">#{part.name}</a>'
	frappe.get_doc(
		{
			"doctype": "Communication",
			"communication_type": "Communication",
			"sent_or_received": "Sent",
			"reference_doctype": ticket.doctype,
			"reference_name": str(ticket.name),
			"subject": "Re",
			"content": f"This ticket has been split to a new ticket. Please follow up on ticket {link}.",
		}
	).insert(ignore_permissions=True)
	assert world.item(ticket).status == world.item(part).status == "Scheduled"
	world.sweep()
	assert world.item(ticket).status == "Scheduled"
	world.reply(ticket)
	assert world.item(ticket).status == "Resolved" and world.item(part).status == "Scheduled"


def test_16_what_changed_without_an_event_is_seen_before_the_step(world: World) -> None:
	world.plan((0, "Email"))
	ticket = world.ticket()
	closed = {"status": "Closed"}
	if frappe.get_meta("HD Ticket").has_field("status_category"):
		closed["status_category"] = "Resolved"
	frappe.db.set_value("HD Ticket", ticket.name, closed, update_modified=False)
	world.forward(10)
	assert world.item(ticket).status == "Resolved"


def test_the_sweep_finds_what_no_event_announced(world: World) -> None:
	world.plan((0, "Email"))
	frappe.flags.in_migrate = True  # our triggers stand aside
	try:
		missed = world.ticket("missed")
		answered = world.ticket("answered")
		world.reply(answered)
	finally:
		frappe.flags.in_migrate = False
	assert world.count_items() == 0
	world.sweep()
	assert world.item(missed).status == "Scheduled" and world.count_items() == 1
	world.sweep()
	assert world.count_items() == 1
	world.forward(10)
	world.expect_email("tech@x.test", "missed")


def test_reopened_starts_anew_and_a_customers_reply_does_not(world: World) -> None:
	world.plan((0, "Email"))
	ticket = world.ticket()
	world.reply(ticket)
	world.reply(ticket, "customer@x.test", "Received")
	world.change(ticket, description="more")
	assert world.count_items() == 1
	world.change(ticket, status="Closed")
	world.change(ticket, status="Open")
	assert world.count_items() == 2 and world.item(ticket).status == "Scheduled"


def test_a_ticket_that_does_not_say_when_it_was_logged_keeps_its_item(world: World) -> None:
	"""An import wrote its row: without a stamp it is whoever has the name, not another each time that it is looked at."""
	world.plan((0, "Email"))
	ticket = world.ticket()
	frappe.db.sql("update `tabHD Ticket` set `creation` = null where `name` = %s", (ticket.name,))
	for _ in range(2):
		world.wait(1)
		world.reply(ticket, "customer@x.test", "Received")
	assert world.count_items() == 1 and world.item(ticket).status == "Scheduled"


@pytest.mark.parametrize("rule", ["format:ESC-{YYYY}-{####}", "ESC#####", "By hand"])
def test_a_site_that_names_items_by_no_series_loses_none(world: World, rule: str) -> None:
	"""Customize Form offers it. Taken to the letter it is one name for all, and the second would look like somebody else's."""
	world.plan((0, "Email"))
	how = {"doc_type": ITEM, "doctype_or_field": "DocType", "property": "autoname", "value": rule}
	setter = frappe.get_doc({"doctype": "Property Setter", "property_type": "Data", **how}).insert()
	try:
		items = [world.item(world.ticket()) for _ in range(2)]
	finally:
		frappe.delete_doc("Property Setter", setter.name)
		frappe.clear_cache(doctype=ITEM)
		frappe.db.commit()
	assert [item.status for item in items] == ["Scheduled"] * 2


def test_a_counter_that_was_set_back_loses_no_escalation(world: World) -> None:
	"""By hand, or with a table that was restored: names that are taken are passed over."""
	world.plan((0, "Email"))
	before = [world.item(world.ticket()).name for _ in range(3)]
	frappe.db.sql("update `tabSeries` set `current` = `current` - 3 where `name` = 'ESC-'")
	frappe.db.commit()
	after = [world.item(world.ticket()) for _ in range(2)]
	assert [item.status for item in after] == ["Scheduled"] * 2
	assert len({*before, *(item.name for item in after)}) == 5
	assert world.kinds(after[0])[0] == world.kinds(after[1])[0] == "Created"


def test_what_cant_be_written_beside_an_item_loses_none(world: World) -> None:
	"""All that a logged ticket brings is one statement. Where a part of it fails, each is written by itself, and none twice."""
	world.plan((0, "Email"))
	first = world.item(world.ticket()).name
	frappe.db.sql_ddl("alter table `tabHD Ticket Activity` rename column `action` to `was_action`")
	try:
		ticket = world.ticket(to="")
	finally:
		frappe.db.rollback()
		frappe.db.sql_ddl("alter table `tabHD Ticket Activity` rename column `was_action` to `action`")
	item = world.item(ticket)
	assert int(item.name[4:]) == int(first[4:]) + 1, "its number is taken once"
	assert item.status == "Scheduled" and world.kinds(item) == ["Created"]
	assert frappe.db.count("Escalation Ticket State", {"reference_name": ticket.name}) == 1
	assert frappe.db.get_value("HD Ticket", ticket.name, STATUS) == "Scheduled"
	world.expect_error("activity can't be written")


@pytest.mark.parametrize("characters", ["latin1", "binary"])
def test_a_table_of_other_characters_loses_no_escalation(world: World, characters: str) -> None:
	"""A database that was moved, or a column that somebody made: what is asked with it in one statement is read all the same."""
	if frappe.db.db_type != "mariadb":
		pytest.skip("SQLite has one kind of text")
	world.plan((0, "Email"))
	table, column = (
		("HD Ticket", "subject") if characters == "binary" else ("Escalation Ticket State", "name")
	)
	without, again = "", ""
	if column == "subject" and frappe.db.has_index(f"tab{table}", "ft_subject"):  # Helpdesk's, on a bench
		without, again = "drop index `ft_subject`, ", ", add fulltext index `ft_subject` (`subject`)"
	change = f"modify `{column}` varchar(140) character set"
	frappe.db.sql_ddl(f"alter table `tab{table}` {without}{change} {characters}")
	try:
		item = world.item(world.ticket("Émile"))
	finally:
		frappe.db.rollback()
		frappe.db.sql_ddl(f"alter table `tab{table}` {change} utf8mb4 collate utf8mb4_unicode_ci{again}")
	assert item.status == "Scheduled" and item.ticket_subject == "Émile"


def test_saving_a_ticket_succeeds_whatever_is_broken_on_our_side(world: World) -> None:
	world.plan((0, "Email"))
	frappe.db.sql("update `tabEscalation Plan Version` set `content` = 'broken'")
	ticket = world.ticket("still saved")
	assert frappe.db.exists("HD Ticket", ticket.name) and world.count_items() == 0
	while frappe.db.count("Error Log"):
		world.expect_error("plan Outage can't be read")
	plan = frappe.get_doc("Escalation Plan", "Outage")
	frappe.db.delete("Escalation Plan Version")
	plan.plan_version = None
	plan.save()
	world.sweep()
	assert world.item(ticket).status == "Scheduled"


def exhausted(world: World) -> tuple[Any, str]:
	"""A ticket of which nobody acknowledged, and the link that still can."""
	world.plan((0, "Email"), last_wait=60)
	ticket = world.ticket()
	world.forward(10)
	link = world.expect_email("tech@x.test").links[0]
	world.forward(1)
	world.expect_email("owner@x.test", "Nobody acknowledged")
	return ticket, link


def test_acknowledged_late_beside_a_newer_item(world: World) -> None:
	"""The old item follows its ticket, and never moves: the newer one is the ticket's now."""
	world.plan((0, "Email"), title="Low", priorities=["Low"], window=3600 * 24)
	world.plan((0, "Email"), title="Urgent", priorities=["Urgent"], window=3600 * 24)
	ticket, link = exhausted(world)
	world.change(ticket, priority="Low")
	assert world.count_items() == 2
	world.post(link)
	assert [world.item(ticket, n).status for n in (0, 1)] == ["Acknowledged", "Scheduled"]
	world.sweep()  # an Error Log would fail this
	world.change(ticket, priority="Urgent")
	world.sweep()
	assert world.item(ticket, 0).status == "Acknowledged"
	assert [world.item(ticket, n).plan for n in (1, 2)] == ["Low", "Urgent"]
	world.change(ticket, status="Resolved")
	world.sweep()
	assert [world.item(ticket, n).status for n in (0, 1, 2)] == ["Resolved", "Cancelled", "Resolved"]
	world.tick()
	world.expect_email("tech@x.test", "has been answered")


def test_the_sweep_passes_over_what_is_closed_by_whatever_name(world: World) -> None:
	if not frappe.db.exists("DocType", "HD Ticket Status"):
		pytest.skip("this Helpdesk's statuses have fixed names")
	world.plan((0, "Email"))
	done = frappe.get_doc(
		{"doctype": "HD Ticket Status", "label_agent": "Done", "category": "Resolved", "name": "Done"}
	)
	done.insert(ignore_if_duplicate=True)
	try:
		ticket = world.ticket()
		world.change(ticket, status="Done")
		world.wait(1)
		takes = TicketFilter(doctype="HD Ticket")
		assert not list(tickets.unresolved_since(world.start, takes, 10))
		world.change(ticket, status="Open")
		pages = list(tickets.unresolved_since(world.start, takes, 10))
		assert [[key.name for key in page] for page in pages] == [[str(ticket.name)]]
	finally:
		frappe.db.delete("HD Ticket")
		frappe.delete_doc("HD Ticket Status", done.name, force=True)
		frappe.db.commit()
