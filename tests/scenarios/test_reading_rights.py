"""What a source, a plan, its conditions and its texts may read: never more than Frappe lets read whoever writes them."""

import re
from collections.abc import Iterator
from typing import Any

import frappe
import pytest

from escalation_mgmt.api import plans as plans_api
from escalation_mgmt.delivery import messages
from escalation_mgmt.engine import TicketKey
from escalation_mgmt.facts import plain_values, sources, ticket_doctypes
from escalation_mgmt.facts.tickets import Tickets
from escalation_mgmt.preflight import readiness
from escalation_mgmt.utils.doctypes import PLAN
from escalation_mgmt.utils.templating import render
from tests.on_site import add_team
from tests.world import World
from tests.world.doctypes import doctype, name_source
from tests.world.setting_up import PAGER

pytestmark = pytest.mark.one_database

MANAGER, ADMIN = "owner@x.test", "admin@x.test"  # an Escalation Manager; a System Manager besides
TOKEN = "sk-live-1234567890"
READS = {"role": "Escalation Manager", "read": 1}
PARTS = [
	{"fieldname": "label", "fieldtype": "Data"},
	{"fieldname": "key", "fieldtype": "Password"},
	{"fieldname": "code", "fieldtype": "Data", "permlevel": 1},
]
FIELDS = [
	{"fieldname": "subject", "fieldtype": "Data"},
	{"fieldname": "priority", "fieldtype": "Data"},
	{"fieldname": "status", "fieldtype": "Data"},
	{"fieldname": "team", "fieldtype": "Link", "options": "HD Team"},
	{"fieldname": "note", "fieldtype": "Data"},
	{"fieldname": "token", "fieldtype": "Data", "permlevel": 1},
	{"fieldname": "secret", "fieldtype": "Password"},
	{"fieldname": "parts", "fieldtype": "Table", "options": "Vault Part"},
]


@pytest.fixture
def vault(world: World) -> Iterator[str]:
	"""Tickets that System Managers read, and nobody else, with a token that needs a right of its own."""
	yield from made(world)


@pytest.fixture
def readable_vault(world: World) -> Iterator[str]:
	"""The same, and Escalation Managers may read them, but for the token."""
	yield from made(world, READS)


def made(world: World, *permissions: dict[str, Any]) -> Iterator[str]:
	level_one = {"role": "System Manager", "permlevel": 1, "read": 1, "write": 1}
	with (
		doctype("Vault Part", PARTS, istable=1),
		doctype("Vault", FIELDS, permissions=[level_one, *permissions]) as kind,
	):
		name_source(kind, subject_field="subject", priority_field="priority", status_field="status")
		frappe.get_doc(
			{
				"doctype": kind,
				"subject": "Rotate",
				"priority": "High",
				"note": "Behind the door",
				"token": TOKEN,
				"secret": TOKEN,
				"parts": [{"label": "One", "key": TOKEN, "code": TOKEN}],
			}
		).insert()
		frappe.db.commit()
		yield kind


def as_(user: str) -> None:
	frappe.set_user(user)


def written(world: World, **more: Any) -> Any:
	"""A plan as a form has it, not saved."""
	steps = more.pop("steps", [(0, "Email", "User", "owner@x.test")])
	doc = frappe.new_doc(PLAN)
	doc.update(
		{
			"title": "Curious",
			"plan_owner": "owner@x.test",
			"window": 600,
			"last_wait": 1800,
			"reference_doctype": "Vault",
			**more,
			"priorities": [{"priority": "High"}],
			"steps": [world.step(*step) for step in steps],
		}
	)
	return doc


def form(plan: Any) -> dict[str, Any]:
	"""As Desk's form sends it before it is saved."""
	sent = {**plan.as_dict(), "__islocal": 1, "name": "new-escalation-plan-1"}
	for row in (*sent["steps"], *sent["priorities"]):
		row["parent"] = sent["name"]
	return sent


# --- sources


def test_only_system_managers_change_what_plans_may_read(world: World, vault: str) -> None:
	row = frappe.get_doc("Escalation Settings").sources[0]
	manager, url = world.login(MANAGER), f"{world.url}/api/resource"

	def settings(**more: Any) -> int:
		return manager.put(
			f"{url}/Escalation Settings/Escalation Settings", json=more, timeout=30
		).status_code

	def client(method: str, **more: Any) -> int:
		return manager.post(
			f"{world.url}/api/method/frappe.client.{method}", json=more, timeout=30
		).status_code

	known = row.as_dict()
	kept = {
		key: known[key]
		for key in ("name", "doctype", *sources.FIELDS, "reference_doctype", "resolved_statuses")
	}
	assert settings(link_hours=12) == 200
	changed = (
		settings(sources=[]),
		settings(sources=[{**kept, "subject_field": "note"}]),
		settings(sources=[kept, {**kept, "name": None, "reference_doctype": "HD Customer"}]),
		client("set_value", doctype=row.doctype, name=row.name, fieldname="subject_field", value="token"),
		manager.put(
			f"{url}/{row.doctype}/{row.name}", json={"subject_field": "token"}, timeout=30
		).status_code,
		manager.put(
			f"{world.url}/api/v2/document/{row.doctype}/{row.name}",
			json={"subject_field": "token"},
			timeout=30,
		).status_code,
		manager.delete(f"{url}/{row.doctype}/{row.name}", timeout=30).status_code,
		client(
			"insert",
			doc={
				**{key: value for key, value in kept.items() if key != "name"},
				"reference_doctype": "HD Customer",
				"parent": "Escalation Settings",
				"parenttype": "Escalation Settings",
				"parentfield": "sources",
			},
		),
	)
	assert set(changed) == {403}, changed
	frappe.db.rollback()
	frappe.clear_document_cache("Escalation Settings", "Escalation Settings")
	assert [each.as_dict()["subject_field"] for each in frappe.get_doc("Escalation Settings").sources] == [
		"subject"
	]
	as_(ADMIN)
	name_source(vault, subject_field="note", priority_field="priority", status_field="status")


def test_no_doctype_of_the_system_holds_tickets(world: World) -> None:
	"""All that Frappe and this app have themselves, and on this site single DocTypes and parts of other documents."""
	for name, app_of in frappe.get_all("DocType", fields=["name", "module"], as_list=True, order_by="name"):
		app = frappe.local.module_app[frappe.scrub(app_of)]
		meta = frappe.get_meta(name)
		refused = bool(ticket_doctypes.refusal(name))
		of_the_system = app in ("frappe", "escalation_mgmt") and name != "ToDo"
		assert refused == bool(of_the_system or meta.istable or meta.issingle or meta.get("is_virtual")), name
	for name in (
		"User",
		"OAuth Client",
		"Communication",
		"Escalation Contact",
		"System Settings",
		"HD Team Member",
	):
		row = {"priority_field": "name", "status_field": "name"}
		with pytest.raises(frappe.ValidationError):
			name_source(name, **row)
		with pytest.raises(frappe.ValidationError):
			world.plan((0, "Email"), reference_doctype=name)
	assert not frappe.get_doc("Escalation Settings").sources


def test_a_source_past_the_check_is_not_read(world: World) -> None:
	"""It stood there before, or was written into the database."""
	settings = frappe.get_doc("Escalation Settings")
	settings.append(
		"sources", {"reference_doctype": "User", "priority_field": "language", "status_field": "user_type"}
	)
	settings.sources[0].parent = settings.name
	settings.sources[0].parenttype, settings.sources[0].parentfield = settings.doctype, "sources"
	settings.sources[0].db_insert()
	frappe.clear_document_cache("Escalation Settings", "Escalation Settings")
	with pytest.raises(frappe.ValidationError, match="User belongs to the system"):
		sources.source("User")
	with pytest.raises(frappe.ValidationError, match="belongs to the system"):
		world.plan((0, "Email"), reference_doctype="User", priorities=["en"])
	with pytest.raises(frappe.ValidationError):
		plans_api.plan_choices("User")
	key = TicketKey("User", MANAGER)
	with pytest.raises(frappe.ValidationError):
		Tickets([key])[key]


# --- plans, and what tries them


def test_who_may_not_read_a_doctype_can_not_let_a_plan_read_it(world: World, vault: str) -> None:
	as_(MANAGER)
	assert not frappe.has_permission(vault, "read")
	plan = written(world, condition=f"doc.token.startswith('{TOKEN[:4]}')")
	for ask in (
		plan.insert,
		lambda: plans_api.taken(form(plan)),
		lambda: plans_api.rehearse(form(plan)),
		lambda: plans_api.plan_choices(vault),
		lambda: plans_api.rehearse(form(written(world)), hypothetical={"assignee": MANAGER}),
	):
		with pytest.raises(frappe.PermissionError):
			ask()
	shown = plans_api.outline(form(plan))
	assert shown["problems"] == [
		"You may not read Vault, so no plan of yours may. Ask for the right to read it."
	]
	assert TOKEN not in str(shown)
	as_(ADMIN)
	assert written(world, condition="doc.token").insert().name
	assert plans_api.taken("Curious")["taken"] == 1
	as_(MANAGER)
	saved = frappe.get_doc(PLAN, "Curious")
	saved.steps[0].user = MANAGER
	with pytest.raises(frappe.PermissionError):  # would send them what they may not read
		saved.save()
	with pytest.raises(frappe.PermissionError):
		plans_api.taken("Curious")


REFUSED = "You may not read|that can't be called|attr"  # the last two: there is no such thing
NAMING_THE_TOKEN = (
	{"condition": "doc.token == 'x'"},
	{"condition": "doc.get('token')"},
	{"condition": "doc['token']"},
	{"condition": "'x' in doc.values()"},
	{"condition": "[doc][0].token"},
	{"condition": "doc.copy().token"},
	{"condition": "doc.get(doc.note)"},
	{"condition": "doc.parts[0].code == 'x'"},
	{"condition": "[p.code for p in doc.get('parts')]"},
	{"stop_condition": "doc.token"},
	{"subject": "{{ ticket.token }}"},
	{"message": "{{ ticket['token'] }}"},
	{"message": "{{ ticket | attr('token') }}"},
	{"message": "{% set t = ticket %}{{ t.token }}"},
	{"message": "{% for t in [ticket] %}{{ t.token }}{% endfor %}"},
	{"message": "{{ ticket['to' ~ 'ken'] }}"},
	{"message": "{{ ticket.parts[0].code }}"},
	{"steps": [(0, "Email", "User", "owner@x.test", "{{ ticket.token }}")]},
	{"steps": [(0, "Email", "User Field", "token")]},
	{"steps": [(0, "HTTP POST", "Endpoint", PAGER)]},
)


def test_a_field_of_a_level_that_they_may_not_read_can_not_be_named(
	world: World, readable_vault: str
) -> None:
	world.endpoint(payload='{"it": {{ ticket.token | tojson }}}')
	as_(MANAGER)
	assert written(world, condition="doc.note and doc.subject", message="{{ ticket.note }}").insert().name
	frappe.delete_doc(PLAN, "Curious", ignore_permissions=True)
	for names in NAMING_THE_TOKEN:
		plan = written(world, **names)
		for ask in (
			plan.insert,
			lambda plan=plan: plans_api.taken(form(plan)),
			lambda plan=plan: plans_api.rehearse(form(plan)),
		):
			with pytest.raises((frappe.PermissionError, frappe.ValidationError), match=REFUSED):
				ask()
		assert re.search(REFUSED, plans_api.outline(form(plan))["problems"][0]), names


def test_who_may_read_some_tickets_only_names_what_an_item_shows(world: World, readable_vault: str) -> None:
	"""By a user permission, as Frappe has it; or by an app's own rule, as Helpdesk's."""
	for team in ("Red", "Blue"):
		add_team(team)
	frappe.get_doc(
		{"doctype": "User Permission", "user": MANAGER, "allow": "HD Team", "for_value": "Red"}
	).insert()
	try:
		theirs = frappe.get_doc(
			{"doctype": "Vault", "subject": "Theirs", "priority": "High", "note": "x", "team": "Red"}
		).insert()
		frappe.db.set_value("Vault", {"subject": "Rotate"}, "team", "Blue")
		as_(MANAGER)
		assert frappe.get_list("Vault", pluck="name") == [theirs.name]
		for names in ({"condition": "doc.note[0] == 'B'"}, {"message": "{{ ticket.note }}"}):
			with pytest.raises(frappe.PermissionError, match="You may read only some of Vault"):
				plans_api.taken(form(written(world, **names)))
		allowed = written(
			world, condition="doc.subject", message="{{ ticket.subject }} {{ ticket.priority }}"
		)
		shown = plans_api.taken(form(allowed))
		assert ([row["subject"] for row in shown["listed"]], shown["unreadable"]) == (["Theirs"], 1)
	finally:
		as_("Administrator")
		frappe.db.delete("User Permission", {"user": MANAGER})
		frappe.clear_cache(user=MANAGER)
		frappe.db.commit()
	as_(MANAGER)  # reads no ticket of the helpdesk
	with pytest.raises(frappe.PermissionError):
		written(world, reference_doctype="HD Ticket", message="{{ ticket.description }}").insert()
	with pytest.raises(frappe.ValidationError, match="has no such field"):  # which nobody needs a right to
		written(world, reference_doctype="HD Ticket", message="{{ ticket.nosuch }}").insert()
	assert written(world, reference_doctype="HD Ticket", message="{{ ticket.subject }}").insert().name


def test_an_endpoints_body_reads_no_more_than_who_writes_it(world: World, vault: str) -> None:
	endpoint = world.endpoint()
	written(world, steps=[(0, "HTTP POST", "Endpoint", PAGER)]).insert()
	as_(MANAGER)
	for change in (
		{"payload": '{"it": {{ ticket.note | tojson }}}'},
		{"url": "https://elsewhere.example/hook"},
	):
		with pytest.raises(frappe.PermissionError):
			frappe.get_doc("Escalation Endpoint", endpoint.name).update(change).save()
	as_(ADMIN)
	frappe.get_doc(PLAN, "Curious").delete()
	as_(MANAGER)  # nothing of the vault leads there any more
	frappe.get_doc("Escalation Endpoint", endpoint.name).update({"timeout": 5}).save()


def test_what_is_wrong_with_a_condition_quotes_no_ticket_that_they_may_not_read(
	world: World, vault: str
) -> None:
	written(world, condition="doc.note").insert()
	frappe.db.set_value(PLAN, "Curious", {"condition": "int(doc.token)", "enabled": 1})
	as_(MANAGER)
	said = str([finding.problem for finding in readiness.findings()]) + str(plans_api.findings("Curious"))
	assert TOKEN not in said
	as_(ADMIN)
	assert TOKEN in str([finding.problem for finding in readiness.findings()])


# --- what nobody may read, and what is given


NAMING_A_SECRET = (
	{"condition": "doc.secret"},
	{"condition": "doc.get('secret') == '*'"},
	{"stop_condition": "doc['secret']"},
	{"condition": "doc.get('_comments')"},
	{"subject": "{{ ticket.secret }}"},
	{"message": "{{ ticket['secret'] }}"},
	{"steps": [(0, "Email", "User Field", "secret")]},
	{"steps": [(0, "HTTP POST", "Endpoint", PAGER)]},
)


def test_nobody_lets_a_plan_read_a_password(world: World, vault: str) -> None:
	world.endpoint(payload='{"it": {{ ticket.secret | tojson }}}')
	for names in NAMING_A_SECRET:
		with pytest.raises(frappe.ValidationError, match=r"no plan may read|names no user"):
			written(world, **names).insert()


def test_what_conditions_and_templates_are_given_is_plain(world: World, vault: str) -> None:
	name = frappe.db.get_value(vault, {"subject": "Rotate"})
	given = plain_values.of(frappe.get_doc(vault, name))
	assert (given["token"], given["parts"][0]["label"]) == (TOKEN, "One")
	assert not {"secret", "_comments", "_user_tags", "__islocal"} & {*given}
	assert "key" not in given["parts"][0]

	def kinds(value: Any) -> Iterator[type]:
		yield type(value)
		for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
			yield from kinds(each)

	assert not any(kind.__module__.startswith("frappe.model") for kind in kinds(given))
	for condition in (
		"doc.get_password('secret')",
		"doc.save()",
		"doc.as_dict()",
		"doc.__class__",
		"doc._meta",
		"doc.parts[0].get_password('key')",
		"doc.meta.get_field('x')",
		"doc.run_method('x')",
	):
		with pytest.raises(frappe.ValidationError, match=r"Condition (fails|names)"):
			written(world, condition=condition).insert()


GETTING_OUT = (
	"{{ ticket.get_password('secret') }}",
	"{{ ticket._doc }}",
	"{{ ticket._load() }}",
	"{{ ticket.__class__.__init__.__globals__ }}",
	"{{ ticket['_doc'] }}",
	"{{ ticket | attr('_load') }}",
	"{{ ticket.url.__class__ }}",
	"{{ frappe.db }}",
	"{{ ticket.parts[0].key }}",
)


def test_a_template_gets_at_nothing_else(world: World, vault: str) -> None:
	"""It is refused when it is saved; what stood there before finds nothing, or fails."""
	name = frappe.db.get_value(vault, {"subject": "Rotate"})
	ticket = Tickets([TicketKey(vault, name)])[TicketKey(vault, name)]
	for template in GETTING_OUT:
		view = messages.TicketView(ticket, load=lambda: frappe.get_doc(vault, name))
		try:
			text = render(f"MARK {template} END", {"ticket": view})
		except Exception as e:
			text = str(e)
			assert TOKEN not in text, template
		else:
			assert text in ("MARK  END", "MARK None END"), template
	view = messages.TicketView(ticket, load=lambda: frappe.get_doc(vault, name))
	assert render("{{ ticket.token }} {{ ticket.parts[0].label }}", {"ticket": view}) == f"{TOKEN} One"


def test_choices_are_what_they_may_choose(world: World, readable_vault: str) -> None:
	name_source(
		readable_vault,
		subject_field="subject",
		priority_field="priority",
		status_field="status",
		team_field="team",
	)
	add_team("Blue")
	assert "Blue" in plans_api.plan_choices(readable_vault)["team"]
	assert plans_api.plan_choices("HD Ticket")["agreement"] == sources.agreements("HD Ticket")
	as_(MANAGER)
	assert plans_api.plan_choices("HD Ticket")["agreement"] == []  # Frappe answers 403 for the list
