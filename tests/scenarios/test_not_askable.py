"""What is hidden can't be asked for either: no filter, sort, group, search or export tells an address, a code or a hash.

Frappe 15 looks at the level of a field when it is shown, and not when it is filtered by. So what nobody may ask for stands in
no table that a role may list; both are tested, on whichever Frappe this is.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

import frappe
import pytest
from frappe.desk import reportview
from frappe.desk.search import search_link
from frappe.model.meta import get_meta

from escalation_mgmt.api import contacts
from escalation_mgmt.storage import message_secrets
from tests import hostile, on_site
from tests.world import World

TECH, LEAD, AGENT, PLAIN, CUSTOMER = (
	"tech@x.test",
	"lead@x.test",
	"second@x.test",
	"plain@x.test",
	"customer.of.ours@x.test",
)
NUMBERS = {TECH: "+4915112345601", LEAD: "+4915112345602"}
BARE = "+4917612345609"  # begins like nobody's number
STAFF = ("manager@x.test", "admin@x.test")
USERS = (TECH, AGENT, PLAIN, CUSTOMER, *STAFF)

CODES = {
	"reply_code",
	"token_hash",
	"earlier_token_hash",
	"token_expires_utc",
	"code_hash",
	"code_number",
	"code_tries",
	"code_expires_utc",
	"endpoint_hash",
	"p256dh",
	"auth",
	"server_key",
}
"""Nobody's to ask for, not of their own rows either."""
ADDRESSES = {"address", "mobile_no", "email", "url", "heartbeat_url", "catch_all_email", "content"}
"""Administrators' to see; a contact's also its own user's."""
SECRETS = ("Escalation Notification Secret", "Escalation Device Secret", "Escalation Contact Code")
DOCTYPES = ("Escalation Action Item", "Escalation Notification", "Escalation Event", "Escalation Contact", "Escalation Device", "Escalation Plan", "Escalation Plan Version", "Escalation Endpoint", *SECRETS)  # fmt: skip


def rights(doctype: str) -> set[str]:
	"""The roles that may do anything with a DocType; of a child table, with one that has it."""
	meta = get_meta(doctype)
	if not meta.istable:
		return {row.role for row in meta.permissions}
	parents = frappe.get_all(
		"DocField", filters={"options": doctype, "fieldtype": "Table"}, pluck="parent", order_by="parent"
	)
	return {role for parent in parents for role in rights(parent)}


def columns() -> Iterator[tuple[str, set[str]]]:
	"""Every DocType of ours with the columns that its table really has."""
	for doctype in frappe.get_all(
		"DocType", filters={"module": "Escalation Mgmt"}, pluck="name", order_by="name"
	):
		meta = get_meta(doctype)
		if meta.issingle:
			yield doctype, {df.fieldname for df in meta.fields}
		else:
			yield doctype, set(frappe.db.get_table_columns(doctype))


def test_what_nobody_may_ask_for_stands_where_nobody_has_a_right(world: World) -> None:
	managers = {"Escalation Manager", "System Manager"}
	seen = 0
	for doctype, there in columns():
		who = rights(doctype)
		assert not (CODES & there and who), f"{doctype} has {CODES & there}"
		if doctype == "Escalation Contact":  # its own user's; nobody else is shown its row
			assert who - managers == {"Escalation Responder"}
			continue
		assert not (ADDRESSES & there and who - managers), f"{doctype} has {ADDRESSES & there}"
		seen += bool((ADDRESSES | CODES) & there)
	assert seen >= 7
	for doctype in SECRETS:
		assert not rights(doctype) and not get_meta(doctype).istable


@pytest.fixture
def told(world: World) -> dict[str, Any]:
	"""Two technicians who were paged by SMS, about a ticket that every agent may read; a code waits, a device is there."""
	on_site.add_person(PLAIN, "Pia Plain")
	on_site.add_person(CUSTOMER, "Cora Customer", on_site.CUSTOMERS)
	frappe.db.set_value("User", CUSTOMER, "user_type", "Website User")
	frappe.clear_cache(user=CUSTOMER)
	for user, number in NUMBERS.items():
		world.contact(user, number)
	world.device(TECH)
	world.plan((0, "SMS", "User", TECH), (0, "SMS", "User", LEAD), (0, "SMS", "Address", BARE))
	ticket = world.ticket(to=TECH)
	world.forward(10)
	item = world.item(ticket)
	frappe.set_user(TECH)
	assert contacts.send_code(TECH)["sent"]
	frappe.set_user("Administrator")
	world.inbox.take_all()
	message = {row.user or BARE: row for row in world.messages(item)}
	device = frappe.get_doc(
		"Escalation Device Secret", frappe.db.get_value("Escalation Device", {"user": TECH})
	)
	code = frappe.get_doc("Escalation Contact Code", TECH)
	yield {
		"item": item,
		"ticket": ticket,
		"address": (NUMBERS[TECH], BARE, message[TECH].address),
		"mobile_no": (NUMBERS[LEAD],),
		"reply_code": (str(message[TECH].reply_code),),
		"token_hash": (message[TECH].token_hash,),
		"code_hash": (code.code_hash,),
		"code_number": (NUMBERS[TECH],),
		"endpoint_hash": (device.endpoint_hash,),
		"endpoint": (device.endpoint,),
		"p256dh": (device.p256dh,),
		"auth": (device.auth,),
		"server_key": (device.server_key,),
		"content": (f"%{BARE}",),
	}
	frappe.set_user("Administrator")
	world.inbox.take_all()


def counted(doctype: str, **more: Any) -> int:
	"""What `frappe.client.get_count` answers over HTTP, where an app may stand in for it."""
	return frappe.get_attr(frappe.override_whitelisted_method("frappe.client.get_count"))(doctype, **more)


@pytest.mark.parametrize("doctype", ["HD Ticket", "Escalation Action Item"])
def test_what_is_no_filter_is_refused_in_words_and_a_cache_is_no_filter(world: World, doctype: str) -> None:
	with pytest.raises(frappe.ValidationError, match="list or an object"):
		counted(doctype, filters=hostile.LONG["long json"])
	frappe.local.form_dict = frappe._dict(doctype=doctype, cache="true")  # as it comes over HTTP
	assert counted(doctype, cache="true") == frappe.db.count(doctype)


def asked(doctype: str, column: str, like: str) -> Iterator[Callable[[], Any]]:
	"""Every way to ask by a column that Desk has and the API has."""
	of = [[doctype, column, "like", like]]

	def form(**more: Any) -> None:
		frappe.local.form_dict = frappe._dict({"doctype": doctype, "fields": '["name"]', **more})

	def view(function: Callable[[], Any], **more: Any) -> Callable[[], Any]:
		def ask() -> Any:
			form(**more)
			return function()

		return ask

	yield lambda: frappe.get_list(doctype, filters=of)
	yield lambda: frappe.get_list(doctype, filters={column: ("like", like)})
	yield lambda: frappe.get_list(doctype, or_filters=of)
	yield lambda: frappe.get_list(doctype, filters=of, fields=["count(name) as n"])
	yield lambda: frappe.client.get_value(doctype, "name", {column: ("like", like)})
	yield lambda: counted(doctype, filters={column: ("like", like)})
	yield view(reportview.get, filters=json.dumps(of))
	yield view(reportview.get_list, or_filters=json.dumps(of))
	yield view(reportview.get_count, filters=json.dumps(of), distinct="false")
	yield lambda: search_link(doctype, "", filters=json.dumps(of))
	if len(like) > 3:  # a shorter one is found in names
		yield lambda: search_link(doctype, like.strip("%"), searchfield=column)
	# By way of another DocType that links to it, or is its parent.
	yield lambda: frappe.get_list(
		"Escalation Event", filters=[["Escalation Notification", column, "like", like]]
	)
	yield lambda: frappe.get_list("Escalation Event", filters={f"notification.{column}": ("like", like)})
	yield lambda: frappe.get_list("Escalation Plan", filters=[["Escalation Step", column, "like", like]])
	yield lambda: frappe.get_list(
		"Escalation Action Item", filters={f"plan_version.{column}": ("like", like)}
	)


def shown(doctype: str, column: str) -> Iterator[Callable[[], Any]]:
	"""Every way to be shown a column, or an order or groups by it."""

	def view(function: Callable[[], Any], **more: Any) -> Callable[[], Any]:
		def ask() -> Any:
			frappe.local.form_dict = frappe._dict({"doctype": doctype, "fields": '["name"]', **more})
			function()
			return (
				frappe.response.get("message"),
				frappe.response.get("result"),
				frappe.response.get("filecontent"),
			)

		return ask

	yield lambda: frappe.get_list(doctype, fields=["*"])
	yield lambda: frappe.get_list(doctype, fields=["name", column])
	yield lambda: frappe.get_list(doctype, fields=[f"max({column}) as most", f"min({column}) as least"])
	yield lambda: frappe.get_list(doctype, fields=[column, "count(name) as n"], group_by=column)
	yield view(reportview.get, fields=json.dumps(["name", column]))
	yield view(reportview.get, group_by=f"`tab{doctype}`.`{column}`", fields=json.dumps([f"`{column}` as x"]))
	yield view(
		reportview.export_query, fields=json.dumps(["name", column]), title="x", file_format_type="CSV"
	)
	yield lambda: frappe.get_list("Escalation Event", fields=[f"notification.{column} as x"])
	yield lambda: frappe.get_list("Escalation Action Item", fields=[f"plan_version.{column} as x"])
	yield lambda: [
		frappe.client.get(doctype, name) for name in frappe.get_all(doctype, pluck="name", order_by="name")
	]


def outcome(ask: Callable[[], Any]) -> str:
	"""What somebody gets to see; a refusal is one, whatever it says."""
	frappe.db.savepoint("asked")
	try:
		return json.dumps(ask(), default=str, sort_keys=True)
	except Exception:
		return "refused"
	finally:
		frappe.db.rollback(save_point="asked")
		frappe.clear_messages()
		frappe.local.response = frappe._dict({"docs": []})


def sensitive(user: str, doctype: str) -> Iterator[str]:
	"""The columns that this user may not even ask for."""
	own = doctype == "Escalation Contact" and user == TECH
	seen = own or (doctype == "Escalation Contact" and user in STAFF)  # the number that a code went to
	yield from sorted((CODES | {"endpoint"}) - ({"code_number"} if seen else set()))
	if user not in STAFF:
		yield "content"
		if not own:
			yield from ("address", "mobile_no")


def probes(told: dict) -> Iterator[tuple[str, str, str]]:
	"""Which user asks which DocType for which column; each is set before it is yielded."""
	for user in USERS:
		frappe.set_user(user)
		for doctype in DOCTYPES:
			yield from ((user, doctype, column) for column in sensitive(user, doctype) if column in told)


@pytest.mark.one_database
def test_a_guess_can_be_told_from_no_other(world: World, told: dict) -> None:
	for user, doctype, column in probes(told):
		for value in told[column]:
			guesses = (f"{value[:-1]}%", f"{value[:-1]}~%") if len(value) > 1 else (value, "~")
			for number, (right, wrong) in enumerate(
				zip(*(asked(doctype, column, like) for like in guesses), strict=True)
			):
				assert outcome(right) == outcome(wrong), (user, doctype, column, number)


@pytest.mark.one_database
def test_nothing_shows_it(world: World, told: dict) -> None:
	for user, doctype, column in probes(told):
		if column in ("content", "code_number", "reply_code"):  # the number is its owner's to see
			continue
		for number, ask in enumerate(shown(doctype, column)):
			said = outcome(ask)
			for value in told[column]:
				assert value not in said, (user, doctype, column, number)


def test_no_order_tells_it(world: World, told: dict) -> None:
	"""Two rows whose hidden values are in one order, and then in the other."""
	orders = []
	for first, second in (("1", "2"), ("2", "1")):
		for user, address in zip(NUMBERS, (first, second), strict=True):
			(name,) = (row.name for row in world.messages(told["item"], user=user))
			message_secrets.write(
				[{"name": name, "address": address, "token_hash": address, "reply_code": int(address)}]
			)
		frappe.set_user(AGENT)
		orders.append(
			[
				outcome(
					lambda column=column: frappe.get_list("Escalation Notification", order_by=f"{column} asc")
				)
				for column in ("address", "token_hash", "reply_code")
			]
		)
		frappe.set_user("Administrator")
	assert orders[0] == orders[1]


def test_the_owner_and_administrators_still_see_and_write_numbers(world: World, told: dict) -> None:
	for user in (TECH, "manager@x.test", "admin@x.test"):
		frappe.set_user(user)
		doc = frappe.get_doc("Escalation Contact", TECH)
		doc.check_permission("write")
		assert doc.mobile_no == NUMBERS[TECH]
	frappe.set_user("manager@x.test")
	(message,) = frappe.get_list("Escalation Notification", filters={"user": TECH}, pluck="name")
	assert frappe.client.get("Escalation Notification", message)["address"] == NUMBERS[TECH]
	frappe.set_user(AGENT)
	assert not frappe.client.get("Escalation Notification", message).get("address")


# --- what a role needs, no more


def test_a_customer_doesnt_learn_that_their_ticket_escalates(world: World, told: dict) -> None:
	ticket, item = told["ticket"], told["item"]
	frappe.db.set_value("HD Ticket", ticket.name, {"owner": CUSTOMER, "raised_by": CUSTOMER})
	world.plan((0, "Email"), title="Quiet", priorities=["Low"])
	quiet = world.ticket("Quiet", priority="Low")
	frappe.db.set_value(
		"HD Ticket", quiet.name, {"owner": CUSTOMER, "raised_by": CUSTOMER, "creation": ticket.creation}
	)
	customer = world.login(CUSTOMER)

	def call(method: str, **arguments: Any) -> tuple[int, str]:
		answer = customer.post(f"{world.url}/api/method/{method}", data=arguments, timeout=30)
		return answer.status_code, answer.text

	def said(name: str, number: int) -> list[tuple[int, str]]:
		api = "escalation_mgmt.api"
		of = {"doctype": "HD Ticket", "name": name}
		answers = [
			call(f"{api}.ticket", **of),
			call(f"{api}.act", **of, action="acknowledge"),
			call(f"{api}.act", **of, action="stop", values='{"reason": "x"}'),
			call(f"{api}.start", **of, plan="Quiet"),
			call(f"{api}.tickets", doctype="HD Ticket", names=json.dumps([str(name)])),
			call(f"{api}.timeline", action_item=item.name if number else "ESC-99999"),
			call(f"{api}.planned", action_item=item.name if number else "ESC-99999"),
			call(f"{api}.acknowledge", action_item=item.name if number else "ESC-99999"),
			call(
				f"{api}.act_on_item", action_item=item.name if number else "ESC-99999", action="acknowledge"
			),
			call("escalation_mgmt.web.technician.do", action_item=item.name if number else "ESC-99999"),
			call("frappe.client.get_list", doctype="Escalation Action Item"),
			call("frappe.client.get_count", doctype="Escalation Action Item"),
			call("frappe.client.get_list", doctype="HD Ticket Activity"),
			call("frappe.desk.form.load.get_docinfo", **of),
			call("frappe.desk.form.linked_with.get", doctype="HD Ticket", docname=name),
			call("frappe.desk.search.search_link", doctype="Escalation Action Item", txt=""),
		]
		return [(code, text.replace(str(name), "N")) for code, text in answers]

	escalated, not_yet = said(ticket.name, 1), said(quiet.name, 0)
	for (code, text), (other, _text) in zip(escalated, not_yet, strict=True):
		assert (
			code == other and "ESC-" not in text and "scalating" not in text and "Escalation:" not in text
		), text
	assert {code for code, _text in escalated[:10]} == {403}


def test_whoever_isnt_an_administrator_sees_no_bare_address(world: World, told: dict) -> None:
	item = told["item"].name
	world.plan((600, "SMS", "Address", "+4915112345610"), title="Later", priorities=["Urgent"], window=0)
	later = world.item(world.ticket("Later", priority="Urgent"))
	for user in (TECH, AGENT, "stranger@x.test"):
		session = world.login(user)
		for path in (
			"resource/Escalation Plan/Outage",
			'resource/Escalation Plan?fields=["*"]',
			'resource/Escalation Plan Version?fields=["*"]',
			f"resource/Escalation Action Item/{item}",
			f"method/escalation_mgmt.api.timeline?action_item={item}",
			f"method/escalation_mgmt.api.planned?action_item={item}",
			f"method/escalation_mgmt.api.planned?action_item={later.name}",
			'resource/Escalation Notification?fields=["*"]',
			'resource/Escalation Event?fields=["*"]',
			"method/escalation_mgmt.api.plans.outline?plan=Outage",
			"method/escalation_mgmt.api.plans.findings?plan=Outage",
		):
			text = session.get(f"{world.url}/api/{path}", timeout=30).text
			assert BARE not in text and "+4915112345610" not in text, (user, path)
			assert NUMBERS[LEAD] not in text, (user, path)
	frappe.set_user("manager@x.test")
	plan = frappe.client.get("Escalation Plan", "Outage")
	assert [row["address"] for row in plan["steps"]][-1] == BARE
	frappe.set_user("Administrator")


@pytest.mark.one_database
def test_rows_are_counted_for_whoever_may_list_them(world: World, told: dict) -> None:
	everything = frappe.db.count("Escalation Notification")
	assert counted("Escalation Notification") == everything > 0
	frappe.set_user(TECH)
	assert counted("Escalation Notification") == len(frappe.get_list("Escalation Notification", limit=0)) > 0
	frappe.set_user(PLAIN)
	for doctype in ("Escalation Notification", "Escalation Plan Version", *SECRETS):
		with pytest.raises(frappe.PermissionError):
			counted(doctype, filters={"name": ("like", "%")})
	frappe.set_user("Administrator")
	assert counted("HD Ticket") == counted("HD Ticket", filters="[]") == frappe.db.count("HD Ticket")
