"""Scenario 27: `migrate` with action items in every status; nothing repeats, and nothing is lost."""

from collections import Counter
from collections.abc import Container
from datetime import timedelta
from typing import Any

import frappe
from frappe.installer import update_site_config

from escalation_mgmt import install
from escalation_mgmt.engine import Status
from escalation_mgmt.patches.v0_1 import (
	index_of_tickets,
	names_of_fields,
	secrets_of_their_own,
	site_of_installation,
)
from escalation_mgmt.patches.v0_1.names_of_fields import RENAMED
from escalation_mgmt.patches.v0_1.secrets_of_their_own import MOVED
from escalation_mgmt.utils import installation, rows
from escalation_mgmt.utils.doctypes import CONTACT, CONTACT_CODE, DEVICE, DEVICE_SECRET, EVENT, ITEM
from escalation_mgmt.views import number_cards
from tests.on_site import command
from tests.scenarios.test_crash import killed
from tests.world import PAGER, World

CARD = "Overdue Steps"
WIDENED = (
	("Escalation Endpoint", "url"),
	("Escalation Endpoint Header", "header"),
	("Escalation Plan", "subject"),
	("Escalation Step", "address"),
	("Escalation Contact", "email"),
)
SINCE = ((ITEM, "escalation_of_ticket"), (EVENT, "escalation_of_item"))
"""Indexes of several columns that came later than their DocTypes: `migrate` finds no JSON of theirs changed."""
TABLES = (
	*(
		"Escalation Action Item",
		"Escalation Notification",
		"Escalation Event",
		"Escalation Plan",
		"Escalation Step",
	),
	*("Escalation Plan Version", "Escalation Contact", "Escalation Endpoint", "Escalation Device"),
	*("Escalation Notification Secret", "Escalation Device Secret", "Escalation Contact Code"),
)


def migrate(world: World) -> None:
	"""The real command, in a process of its own, with every DocType of ours synchronised anew."""
	frappe.db.sql("update `tabDocType` set `migration_hash` = null where `module` = 'Escalation Mgmt'")
	frappe.db.commit()
	done = command(world.site, "migrate")
	assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
	frappe.db.rollback()
	frappe.clear_cache()
	frappe.conf[installation.KEY] = frappe.get_site_config()[installation.KEY]


def as_named_before() -> None:
	"""What a site has that was installed before fields and modules got the names that they have now."""
	for doctype, old, new in RENAMED:
		frappe.db.sql_ddl(f"alter table `tab{doctype}` rename column `{new}` to `{old}`")
	frappe.db.sql("update `tabEscalation Notification` set `purpose` = 'Told' where `purpose` = 'Notice'")
	update_site_config(installation.KEY, frappe.conf[installation.KEY].partition(".")[0])
	frappe.db.delete(
		"Patch Log", {"patch": ("in", [names_of_fields.__name__, site_of_installation.__name__])}
	)
	old = {"method": "frappe.ping", "modified": "2026-11-25 00:00:00"}
	frappe.db.set_value("Number Card", CARD, old, update_modified=False)
	frappe.db.commit()
	frappe.clear_cache()


def as_shown_before() -> None:
	"""What a site has on which addresses, codes and keys still stood in rows that people may list."""
	moment = "datetime(6)" if frappe.db.db_type == "mariadb" else "datetime"
	kinds = {
		"reply_code": "int",
		"code_tries": "int",
		"token_expires_utc": moment,
		"code_expires_utc": moment,
	}
	for old, new, columns, _copied in MOVED:
		for column, to in columns.items():
			kind = kinds.get(column, "varchar(500)")
			frappe.db.sql_ddl(f"alter table `tab{old}` add column `{column}` {kind}")
			if column in ("address", "token_hash", "endpoint_hash"):
				frappe.db.sql_ddl(f"create index `{old}_{column}_as_before` on `tab{old}` (`{column}`)")
			of = f"select n.`{to}` from `tab{new}` n where n.`name` = `tab{old}`.`name`"
			frappe.db.sql(f"update `tab{old}` set `{column}` = ({of})")
		frappe.db.delete(new)
	frappe.db.delete("Patch Log", {"patch": secrets_of_their_own.__name__})
	as_narrow_before()
	as_with_one_provider()
	frappe.db.add_index(ITEM, ["reference_name", "reference_doctype"], "of_ticket")
	frappe.db.sql_ddl(f"create index `action_item` on `tab{EVENT}` (`action_item`)")
	frappe.db.delete("Patch Log", {"patch": index_of_tickets.__name__})
	frappe.db.commit()
	frappe.clear_cache()


def as_narrow_before() -> None:
	"""What a site has on which addresses and templates had 140 characters, and nobody shared a message."""
	if frappe.db.db_type == "mariadb":  # SQLite's columns have no length
		for doctype, column in WIDENED:
			frappe.db.sql_ddl(f"alter table `tab{doctype}` modify `{column}` varchar(140)")
	for index in _indexes("Escalation Notification", "carried_by"):
		_drop_index("Escalation Notification", index)
	for column in ("carried_by", "carries", "provider", "earlier_provider", "not_by", "by_no_provider"):
		frappe.db.sql_ddl(f"alter table `tabEscalation Notification` drop column `{column}`")
	frappe.clear_cache()


def as_with_one_provider() -> None:
	"""What a site has on which each method had one provider."""
	for doctype in ("Escalation Provider", "Escalation Circuit"):
		frappe.db.sql_ddl(f"drop table `tab{doctype}`")
		frappe.db.delete("DocType", doctype)
		frappe.db.delete("DocField", {"parent": doctype})
	frappe.db.commit()
	frappe.clear_cache()


def _drop_index(doctype: str, index: str) -> None:
	table = f"tab{doctype}"
	on_mariadb = frappe.db.db_type == "mariadb"
	frappe.db.sql_ddl(f"drop index `{index}` on `{table}`" if on_mariadb else f"drop index `{table}_{index}`")


def _indexes(doctype: str, column: str) -> list[str]:
	if frappe.db.db_type == "mariadb":
		return [
			row.Key_name
			for row in frappe.db.sql(
				f"show index from `tab{doctype}` where `Column_name` = %s", column, as_dict=True
			)
		]
	found = frappe.db.sql(
		"select name, sql from sqlite_master where type = 'index' and tbl_name = %s", f"tab{doctype}"
	)
	names = [name for name, sql in found if f"`{column}`" in (sql or "") or f'"{column}"' in (sql or "")]
	return [name.removeprefix(f"tab{doctype}_") for name in names]


def a_device_and_a_code() -> None:
	device = {"user": "stranger@x.test", "kind": "Web Push", "label": "iPhone", "dead": 0}
	rows.insert_all(DEVICE, [{"name": "device-of-before", **device}])
	secret = {"endpoint": "https://push.example.com/1", "endpoint_hash": "e" * 64, "p256dh": "p", "auth": "a"}
	rows.insert_all(DEVICE_SECRET, [{"name": "device-of-before", **secret}])
	contact = frappe.new_doc(CONTACT)
	contact.update({"user": "stranger@x.test", "mobile_no": "+4915112345601"})
	contact.insert()
	code = {
		"mobile_no": contact.mobile_no,
		"code_hash": "c" * 64,
		"tries": 2,
		"expires_utc": "2026-11-28 21:00:00",
	}
	rows.insert_all(CONTACT_CODE, [{"name": contact.name, **code}])
	frappe.db.sql("update `tabEscalation Notification` set `provider` = null")  # nobody noted it


def has_room() -> None:
	"""Columns hold what forms take."""
	frappe.db.set_value(
		"Escalation Endpoint", PAGER, "url", long := "https://hooks.example.org/" + "%2F" * 658
	)
	frappe.db.sql("update `tabEscalation Plan` set `subject` = %s", "s" * 2000)
	frappe.db.sql("update `tabEscalation Step` set `address` = %s", "a" * 500)
	frappe.db.sql("update `tabEscalation Contact` set `email` = %s", "e" * 254)
	assert frappe.db.get_value("Escalation Endpoint", PAGER, "url") == long
	frappe.db.rollback()
	assert _indexes(ITEM, "reference_name") == ["escalation_of_ticket"]
	assert _indexes(EVENT, "action_item") == ["escalation_of_item"]


def everything() -> dict[str, list]:
	"""Every column: one that nobody reads any more would keep who was erased. Of what was moved, Frappe's stamps apart."""
	frappe.db.rollback()
	there = {
		table: frappe.db.sql(f"select * from `tab{table}` order by `name`", as_dict=True) for table in TABLES
	}
	for _old, new, _columns, _copied in MOVED:
		for row in there[new]:
			for stamp in ("creation", "modified", "owner", "modified_by"):
				del row[stamp]
	return there


def of_status(tables: dict[str, list], statuses: Container[str], only: Container[str] = ()) -> dict[str, Any]:
	"""The items of these statuses by name; `only` those of these names."""
	rows = [row for row in tables[ITEM] if row.status in statuses]
	return {row.name: row for row in rows if not only or row.name in only}


def test_27_migrate_with_items_in_every_status(world: World) -> None:
	world.endpoint()
	world.plan((0, "Email"), (20, "Email", "User", "lead@x.test"))
	world.plan((0, "HTTP POST", "Endpoint", PAGER), title="Pager", priorities=["Urgent"])
	ended = {"Exhausted": world.ticket("exhausted")}
	for minutes in (10, 20, 30):
		world.forward(minutes)
	for name in ("acknowledged", "resolved", "cancelled"):
		ended[name.title()] = world.ticket(name)
	goes_on = {name: world.ticket(name) for name in ("escalating", "snoozed")}
	world.forward(10)
	for message in world.inbox.take_all():
		if message.to == "tech@x.test" and message.contains("answered: acknowledged"):
			world.post(message.links[0])
	world.change(ended["Resolved"], status="Resolved")
	world.change(ended["Cancelled"], priority="Low")
	snoozed = world.item(goes_on["snoozed"]).name  # nothing snoozes yet but the engine's table
	until = world.now + timedelta(hours=1)
	frappe.db.set_value(ITEM, snoozed, {"status": "Snoozed", "due_utc": until})
	flying = world.ticket("in flight", priority="Urgent")
	world.forward(1)
	world.inbox.take_all()
	goes_on["busy"] = world.ticket("busy", to="second@x.test")
	world.wait(9)
	assert killed(world, "delivery.claimed.after:1")
	world.providers.faults.smtp.refuse(450, "busy", to="second@x.test")
	world.forward(1)
	goes_on["scheduled"] = world.ticket("scheduled")
	world.inbox.assert_empty()

	ack_requests = '[[1, 2, ["tech@x.test", "lead@x.test"], []]]'
	anew = {"generation": 2, "ack_requests": ack_requests}
	frappe.db.set_value(ITEM, world.item(ended["Cancelled"]).name, anew)
	frappe.db.commit()

	a_device_and_a_code()
	frappe.db.commit()
	before = everything()
	assert {row.status for row in before[ITEM]} == {str(status) for status in Status}
	assert {"Queued", "Sending", "Sent"} <= {row.status for row in before["Escalation Notification"]}
	assert all(before[new] for _old, new, _columns, _copied in MOVED)
	as_named_before()
	as_shown_before()
	assert not installation.is_live()
	migrate(world)
	assert installation.is_live() and everything() == before, "nothing is lost"
	has_room()
	assert frappe.get_attr(frappe.db.get_value("Number Card", CARD, "method")) is number_cards.overdue

	for _turn in range(60):
		world.forward(5)
	assert Counter((message.method, message.to) for message in world.inbox.take_all()) == {
		("Email", "second@x.test"): 1,  # the one that was to be tried again
		("HTTP POST", "page"): 1,  # the one that was on its way
		("Email", "tech@x.test"): 1,  # the one that was scheduled
		("Email", "lead@x.test"): len(goes_on),
		("Email", "owner@x.test"): len(goes_on) + 1,
	}
	for ticket in (*goes_on.values(), flying):
		kinds = world.kinds(world.item(ticket))
		assert kinds.count("Step Ran") == (1 if ticket is flying else 2) and kinds.count("Exhausted") == 1
	(page,) = world.messages(world.item(flying), method="HTTP POST")
	assert (page.status, page.attempts, page.possible_duplicate) == ("Sent", 2, 1)
	ends = of_status(before, ended)
	assert len(ends) == len(ended) and of_status(everything(), ended, only=ends) == ends


def test_an_index_that_came_later_is_made_though_no_json_has_changed(world: World) -> None:
	for doctype, index in SINCE:
		_drop_index(doctype, index)
	install.after_migrate()
	assert _indexes(ITEM, "ticket_created") == ["escalation_of_ticket"]
	assert _indexes(EVENT, "at_utc") == ["at_utc", "escalation_of_item"]


def test_the_index_of_before_goes_whatever_frappe_called_it(world: World) -> None:
	of_table = [f"tab{ITEM}_of_ticket"] if frappe.db.db_type == "sqlite" else []
	for name in ("of_ticket", *of_table):
		frappe.db.sql_ddl(f"create index `{name}` on `tab{ITEM}` (`reference_name`)")
	for _time in range(2):  # the second finds none
		index_of_tickets.execute()
		assert _indexes(ITEM, "reference_name") == ["escalation_of_ticket"]
