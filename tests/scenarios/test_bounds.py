"""Every number, time and address that a form or a call takes is checked, in words; none is an error of the server's."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import frappe
import pytest
import requests

import escalation_mgmt
from escalation_mgmt.actions.action import user_as_actor
from escalation_mgmt.actions.snooze import snooze
from escalation_mgmt.api import plans as plans_api
from escalation_mgmt.dispatch import monitor
from escalation_mgmt.escalation_mgmt.report.escalation_history import escalation_history
from escalation_mgmt.preflight import readiness, rehearsal
from escalation_mgmt.utils.doctypes import SETTINGS
from tests.world import PAGER, World

FOLDER = Path(escalation_mgmt.__file__).parent / "escalation_mgmt/doctype"
DOCTYPES = [json.loads(path.read_text()) for path in sorted(FOLDER.glob("*/*.json"))]
NUMBERS = ("Int", "Float", "Duration", "Percent", "Currency", "Check", "Rating")
TIMES = ("Datetime", "Date", "Time")
VALUES = [
	*(
		-1,
		0,
		1,
		0.5,
		1e12,
		1e300,
		math.nan,
		math.inf,
		-math.inf,
		10**400,
		"12abc",
		"",
		None,
		"١٢",
		"1e999",
		"nan",
		" ",
	),
	*("9" * 400, "true", [1], {"a": 1}),
]
MOMENTS = [
	*(
		"9999-12-31 23:59:59",
		"0001-01-01",
		"12abc",
		"",
		None,
		"2026-02-31",
		"25:61",
		5,
		1e300,
		math.nan,
		[],
		"9" * 30,
	),
	*("2026-11-28 10:00:00", "10:00", "0000-00-00"),
]
OF_ROW = {
	"Escalation Step": ("Escalation Plan", "steps"),
	"Escalation Plan Priority": ("Escalation Plan", "priorities"),
	"Escalation Calendar Hours": ("Escalation Calendar", "hours"),
	"Escalation Calendar Holiday": ("Escalation Calendar", "holidays"),
	"Escalation Endpoint Header": ("Escalation Endpoint", "headers"),
	"Escalation Ticket Source": (SETTINGS, "sources"),
	"Escalation Provider": (SETTINGS, "providers"),
}
FIELDS = [
	(doctype["name"], df["fieldname"], df["fieldtype"])
	for doctype in DOCTYPES
	for df in doctype["fields"]
	if df["fieldtype"] in (*NUMBERS, *TIMES) and not df.get("is_virtual")
]


def a_provider() -> dict[str, Any]:
	return {
		"kind": "Twilio",
		"title": "Second",
		"sms": 1,
		"account_sid": f"AC{'2' * 32}",
		"auth_token": "token",
		"numbers": "+4930555002",
	}


def document(world: World, doctype: str) -> Any:
	"""One that can be saved."""
	match doctype:
		case "Escalation Plan":
			return world.plan((5, "Email"))
		case "Escalation Endpoint":
			return world.endpoint(headers=[{"header": "X-Key", "value": "k"}])
		case "Escalation Calendar":
			return world.calendar("9:00-17:00", holidays=("2026-12-24",))
		case "Escalation Contact":
			return world.contact("tech@x.test")
		case "Escalation Settings":
			world.todos_are_tickets()
			settings = frappe.get_doc(SETTINGS)
			settings.append("providers", a_provider())
			return settings.save()
		case "Escalation Maintenance":
			return frappe.get_doc(
				doctype=doctype, scope="Site", starts_at="2030-01-01", ends_at="2030-01-02", reason="x"
			).insert()
		case "Escalation Device":
			given = {"user": "tech@x.test", "kind": "FCM", "endpoint": "x"}
			return frappe.get_doc(doctype=doctype, **given).insert(ignore_permissions=True)
	doc = frappe.get_doc(doctype=doctype, name="x")
	named = frappe.get_meta(doctype).autoname == "prompt"
	return doc.insert(ignore_permissions=True, ignore_mandatory=True, set_name="x" if named else None)


@pytest.mark.one_database("mariadb")
@pytest.mark.parametrize(("doctype", "field", "kind"), FIELDS, ids=lambda value: value.replace(" ", ""))
def test_every_number_and_time_is_saved_or_refused_in_words(
	world: World, doctype: str, field: str, kind: str
) -> None:
	parent, table = OF_ROW.get(doctype, (doctype, ""))
	doc = document(world, parent)
	label = frappe.get_meta(doctype).get_label(field)
	frappe.db.commit()
	for value in VALUES if kind in NUMBERS else MOMENTS:
		doc.reload()
		part = doc.get(table)[0] if table else doc
		part.set(field, value)
		try:
			doc.save(ignore_permissions=True)
		except frappe.ValidationError as e:
			known = (label, field, "before it begins", "time-out must", "none of a weekday")
			assert any(words in str(e) for words in known), (value, str(e))
			assert value not in (1, 0), (value, str(e))
		else:
			assert not isinstance(value, float) or math.isfinite(value), value
			assert value not in ("12abc", "25:61", 1e12, 1e300), value
			assert value != "9999-12-31 23:59:59" or kind == "Time"
			assert value not in (-1, "nan") or frappe.get_meta(doctype).get_field(field).read_only
		frappe.db.rollback()
		frappe.clear_messages()


def test_there_is_no_field_that_this_passes_over() -> None:
	assert len(FIELDS) > 60 and {kind for _doctype, _field, kind in FIELDS} >= {
		"Int",
		"Duration",
		"Datetime",
		"Time",
	}
	assert {doctype["name"] for doctype in DOCTYPES if doctype.get("istable")} == {*OF_ROW}


@pytest.mark.parametrize(
	("doctype", "field"),
	[
		(doctype["name"], field["fieldname"])
		for doctype in DOCTYPES
		for field in doctype["fields"]
		if field["fieldtype"] in ("Small Text", "Text", "Password") and not field.get("read_only")
	],
	ids=lambda value: value.replace(" ", ""),
)
@pytest.mark.parametrize(
	"text", ["x" * 70_000, "🔥" * 17_000, "ش" * 33_000], ids=["latin", "astral", "arabic"]
)
def test_every_text_is_saved_or_refused_in_words(world: World, doctype: str, field: str, text: str) -> None:
	parent, table = OF_ROW.get(doctype, (doctype, ""))
	doc = document(world, parent)
	frappe.db.commit()
	doc.reload()
	part = doc.get(table)[0] if table else doc
	part.set(field, text)
	with pytest.raises(frappe.ValidationError, match="too long"):
		doc.save(ignore_permissions=True)
	frappe.db.rollback()
	frappe.clear_messages()


@pytest.mark.parametrize("value", [1e12, 1e300, "1e300", "12abc", -1, [1]])
@pytest.mark.parametrize("field", ["window", "repeats", "repeat_pause", "last_wait", "ack_timeout", "wait"])
@pytest.mark.parametrize("call", ["outline", "taken", "rehearse"])
@pytest.mark.one_database
def test_a_form_that_was_never_saved_is_answered_in_words(
	world: World, call: str, field: str, value: Any
) -> None:
	form = world.plan((5, "Email")).as_dict()
	form = json.loads(frappe.as_json(form)) | {"__islocal": 1}
	of = form["steps"][0] if field == "wait" else form
	of[field] = value
	label = frappe.get_meta("Escalation Step" if field == "wait" else "Escalation Plan").get_label(field)
	if call == "outline":
		assert any(label in problem for problem in plans_api.outline(form)["problems"])
		return
	with pytest.raises(frappe.ValidationError, match=label.replace("(", r"\(").replace(")", r"\)")):
		getattr(plans_api, call)(form)
	frappe.clear_messages()


@pytest.mark.parametrize("name", ["delay", "answered_after", "to_message", "to_step"])
@pytest.mark.parametrize("value", ["1e12", "1e300", "nan", "inf", "-inf", "-1", "12abc", "9" * 400, "[]", ""])
@pytest.mark.one_database
def test_a_rehearsal_is_asked_for_by_numbers(world: World, name: str, value: str) -> None:
	plan = world.plan((0, "Email"))
	answered = world.login("manager@x.test").post(
		f"{world.url}/api/method/escalation_mgmt.api.plans.rehearse",
		data={"plan": plan.name, name: value},
		timeout=30,
	)
	assert answered.status_code in (200, 417), answered.text[-500:]
	assert answered.status_code == 417 or value not in ("nan", "inf", "1e300"), answered.text[-500:]


@pytest.mark.parametrize(
	"at", ["9999-12-31 23:59:59", "0001-01-01", "9" * 30, "Friday 99:99", "12abc", "\x00", "x" * 10000]
)
@pytest.mark.one_database
def test_a_rehearsal_begins_at_a_time_that_can_be(world: World, at: str) -> None:
	with pytest.raises(frappe.ValidationError, match="is no time"):
		rehearsal.start(at)
	frappe.clear_messages()


@pytest.mark.parametrize("until", ["9999-12-31 23:59:59", "0001-01-01", "12abc", "9" * 30, 1e300, "nan", ""])
@pytest.mark.one_database
def test_a_snooze_ends_at_a_time_that_can_be(world: World, until: Any) -> None:
	world.plan((0, "Email"))
	item = world.item(world.ticket())
	with pytest.raises(frappe.ValidationError, match=r"no date and time|is past|Say until when"):
		snooze(item.name, until, user_as_actor("tech@x.test", "Desk"))
	frappe.clear_messages()


@pytest.mark.parametrize("value", ["9999-12-31", "0001-01-01", "12abc", "nan", "9" * 30])
@pytest.mark.parametrize("name", ["from_date", "to_date"])
@pytest.mark.one_database
def test_a_report_is_of_days_that_can_be(world: World, name: str, value: str) -> None:
	with pytest.raises(frappe.ValidationError, match="Date"):
		escalation_history.execute({name: value})
	frappe.clear_messages()


@pytest.mark.parametrize(
	("field", "value"),
	[
		("public_url", "helpdesk.example.com"),
		("public_url", "https://"),
		("public_url", "https://x:99999999"),
		("public_url", "https://a b"),
		("public_url", "https://me:secret@x.example"),
		("public_url", "https://x.example/?a=1"),
		("public_url", "javascript:alert(1)"),
		("heartbeat_url", "monitor.example.com"),
		("heartbeat_url", "ftp://monitor.example.com"),
		("heartbeat_url", "http://127.0.0.1/beat"),
		("heartbeat_url", "http://[::1"),
		("heartbeat_url", "https://me:secret@x.example/beat"),
		("heartbeat_url", "https://ex ample.com/"),
		("catch_all_email", "no address"),
		("vapid_subject", "no address"),
		("twilio_numbers", "12abc"),
		("twilio_account_sid", "AC1"),
	],
)
@pytest.mark.one_database
def test_every_address_in_the_settings_is_checked(world: World, field: str, value: str) -> None:
	settings = frappe.get_doc(SETTINGS)
	settings.set(field, value)
	with pytest.raises(frappe.ValidationError):
		settings.save()
	frappe.db.rollback()
	frappe.clear_messages()


@pytest.mark.parametrize(
	("field", "value"), [("mobile_no", "12abc"), ("email", "no address"), ("mobile_no", "9" * 400)]
)
@pytest.mark.one_database
def test_every_address_of_a_contact_is_checked(world: World, field: str, value: str) -> None:
	with pytest.raises(frappe.ValidationError):
		world.contact("tech@x.test", **({"number": value} if field == "mobile_no" else {field: value}))
	frappe.db.rollback()
	frappe.clear_messages()


@pytest.fixture
def heartbeat(world: World) -> Iterator[Any]:
	"""Sets the address as it stands after a save, and calls it."""

	def call(url: str) -> str:
		frappe.db.set_single_value(SETTINGS, "heartbeat_url", url)
		monitor.beat(wait=True)
		return monitor.heartbeat_trouble()

	yield call
	frappe.db.set_single_value(SETTINGS, "heartbeat_url", "")
	frappe.cache.delete_value(monitor.HEARTBEAT)
	frappe.db.commit()


def test_a_heartbeat_that_reaches_nobody_is_a_finding(world: World, heartbeat: Any) -> None:
	host = world.url.split("/")[2]
	frappe.conf.escalation_allowed_hosts = [*frappe.conf.escalation_allowed_hosts, host, "127.0.0.1:9"]
	assert heartbeat(f"{world.url}/api/method/ping") == ""
	assert "HTTP 404" in heartbeat(f"{world.url}/nosuch/page")
	for url in ("http://127.0.0.1:9/beat", "http://127.0.0.2/beat", "http://nosuch.invalid/beat"):
		trouble = heartbeat(url)
		assert trouble
		world.plan((0, "Email"), title=url)
		found = [finding.problem for finding in readiness.findings() if "heartbeat" in finding.problem]
		assert found and trouble in found[0]
	assert heartbeat(f"{world.url}/api/method/ping") == ""
	assert not [finding for finding in readiness.findings() if "heartbeat" in finding.problem]


@pytest.mark.one_database
def test_a_wrong_number_over_http_is_no_error_of_the_server(world: World) -> None:
	plan = world.plan((0, "Email"))
	session = world.login("admin@x.test")
	for value in ("1e12", "1e300", "NaN", "Infinity", "-1", '"12abc"'):
		answered: requests.Response = session.put(
			f"{world.url}/api/resource/Escalation Plan/{plan.name}",
			data=f'{{"window": {value}}}',
			headers={"Content-Type": "application/json"},
			timeout=30,
		)
		assert answered.status_code in (400, 417), (value, answered.status_code, answered.text[-300:])


def test_an_endpoint_keeps_its_own_bounds(world: World) -> None:
	for seconds in (31, -1, 1e300):
		with pytest.raises(frappe.ValidationError, match="Time-out"):
			world.endpoint(PAGER, timeout=seconds)
		frappe.db.rollback()
		frappe.clear_messages()
