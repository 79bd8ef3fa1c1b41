"""Customers, who log in to the portal, and Guest: which doors of ours they pass, and that no device is theirs."""

import importlib
import inspect
import json
import pkgutil
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

import frappe
import pytest
import requests

import escalation_mgmt
from escalation_mgmt.notifiers import egress
from escalation_mgmt.notifiers.push import services, vapid, web_push
from escalation_mgmt.storage.ticket_list import COLUMNS, STATUS
from escalation_mgmt.utils.doctypes import DEVICE, DEVICE_SECRET
from tests.on_site import CUSTOMERS, PASSWORD
from tests.scenarios.test_push import call, subscription
from tests.world import World

pytestmark = pytest.mark.one_database

CUSTOMER, TECH, TINA = "customer@x.test", "tech@x.test", "+4915112345601"
GUESTS_OWN = frozenset(
	f"escalation_mgmt.inbound.twilio.{name}"
	for name in ("message_status", "call_status", "call_answered", "call_key", "incoming_sms")
)
"""Who calls these proves by a signature that they are Twilio."""

COUNTS = "escalation_mgmt.api.counting.get_count"
"""It stands in for Frappe's own door: of what isn't ours it says what Frappe says."""

# What a door is asked for, where the name of an argument says what it is.
SECRETS = ("Fire in rack 4", TINA, "Tina", "Outage")


@pytest.fixture
def customer(world: World) -> Iterator[requests.Session]:
	if not frappe.db.exists("User", CUSTOMER):
		frappe.get_doc(
			{
				"doctype": "User",
				"email": CUSTOMER,
				"first_name": "Cora",
				"user_type": "Website User",
				"new_password": PASSWORD,
				"send_welcome_email": 0,
			}
		).insert(ignore_permissions=True)
	if frappe.db.exists("Role", CUSTOMERS):
		frappe.get_doc("User", CUSTOMER).add_roles(CUSTOMERS)
	assert frappe.db.get_value("User", CUSTOMER, "user_type") == "Website User"
	yield world.login(CUSTOMER)
	frappe.set_user("Administrator")


def doors() -> list[str]:
	"""Every function of ours that can be called over HTTP, by its dotted path."""
	for module in pkgutil.walk_packages(escalation_mgmt.__path__, "escalation_mgmt."):
		if ".patches." not in module.name:
			importlib.import_module(module.name)
	return sorted(
		f"{door.__module__}.{door.__name__}"
		for door in frappe.whitelisted
		# A method of a document is called by Frappe, which asks for the right to the document first.
		if door.__module__.startswith("escalation_mgmt.") and "." not in door.__qualname__
	)


def named(path: str) -> object:
	module, _dot, name = path.rpartition(".")
	return getattr(importlib.import_module(module), name)


def arguments(door: object, known: dict[str, object]) -> dict[str, object]:
	"""What it is asked with, so that nothing but its permission refuses it."""
	given = {}
	for name, parameter in inspect.signature(door).parameters.items():
		plain = parameter.annotation in (bool, int, float)
		given[name] = 0 if plain else known.get(name, "")
	return given


def test_no_door_but_a_providers_answers_a_customer_or_guest(
	world: World, customer: requests.Session
) -> None:
	contact = world.contact(TECH, TINA)
	plan = world.plan((0, "Email"))
	ticket = world.ticket("Fire in rack 4", raised_by=CUSTOMER)
	world.forward(10)
	world.expect_email(TECH)
	item = world.item(ticket)
	known = {
		"action_item": item.name,
		"contact": contact.name,
		"doctype": "HD Ticket",
		"name": str(ticket.name),
		"names": json.dumps([str(ticket.name)]),
		"plan": plan.name,
		"method": "Email",
		"action": "acknowledge",
		"kind": "Web Push",
		"endpoint": "https://web.push.apple.com/x",
		"filters": "[]",
	}
	found = doors()
	assert len(found) > 25 and set(found) >= GUESTS_OWN
	answered = {}
	for path in found:
		given = arguments(named(path), known | ({"plan": plan.as_json()} if ".plans." in path else {}))
		if path == COUNTS:
			given["doctype"] = "Escalation Action Item"
		for who, session in (("customer", customer), ("guest", requests.Session())):
			for do in (session.get, session.post):
				how = {"params" if do == session.get else "data": given}
				answer = do(f"{world.url}/api/method/{path}", timeout=30, **how)
				if answer.status_code not in (401, 403, 405) or any(
					secret in answer.text for secret in SECRETS
				):
					answered[path, who] = (answer.status_code, answer.text[:300])
	assert not answered, "\n".join(f"{k} {v}" for k, v in answered.items())
	frappe.db.commit()
	assert world.item(ticket).status == "Escalating" and not frappe.db.count(DEVICE)


def test_the_technicians_page_is_none_of_a_customers(world: World, customer: requests.Session) -> None:
	assert customer.get(f"{world.url}/escalations", timeout=30).status_code == 403
	assert world.login(TECH).get(f"{world.url}/escalations", timeout=30).status_code == 200
	guest = world.get(f"{world.url}/escalations")
	assert guest.status_code == 302 and "/login" in guest.headers["Location"]


def test_a_device_of_whoever_became_a_customer_gets_nothing(world: World) -> None:
	from escalation_mgmt.notifiers.base import CannotReach
	from escalation_mgmt.notifiers.push import devices
	from escalation_mgmt.notifiers.push.iphone_push import IphonePushNotifier

	world.device(TECH)
	assert IphonePushNotifier().check_user(TECH) == TECH and devices.live([TECH])[TECH]
	for change in ({"user_type": "Website User"}, {"enabled": 0}):
		before = frappe.db.get_value("User", TECH, list(change), as_dict=True)
		frappe.db.set_value("User", TECH, change)
		with pytest.raises(CannotReach, match="Has no device"):
			IphonePushNotifier().check_user(TECH)
		assert devices.live([TECH]) == {TECH: []}
		frappe.db.set_value("User", TECH, before)


# --- where a push may go


OUTSIDE_THE_LIST = [
	"https://pager.internal/x",
	"https://evil.example.com/x",
	"https://web.push.apple.com.evil.example.com/x",
	"https://evilfcm.googleapis.com/x",
	"https://fcm.googleapis.com.evil.example.com/x",
	"https://notify.windows.com.evil.example.com/x",
	"https://fcm.googleapis.com:8443/x",
	"http://fcm.googleapis.com/x",
	"https://fcm.googleapis.com@evil.example.com/x",
	"https://storage.googleapis.com/x",
	"https://127.0.0.1/x",
	"https://push.apple.com/x",
	"https://evil.example.com/#.push.apple.com",
	"https://evil.example.com/?.push.apple.com",
	"https://evil.example.com\\.push.apple.com/x",
]
KNOWN = [
	"https://web.push.apple.com/QGuQyavXutnMH",
	"https://fcm.googleapis.com/fcm/send/abc:def",
	"https://FCM.googleapis.com/wp/abc",
	"https://updates.push.services.mozilla.com/wpush/v2/gAAA",
	"https://wns2-par02p.notify.windows.com/w/?token=abc",
]


@pytest.mark.parametrize("url", OUTSIDE_THE_LIST)
def test_an_address_of_no_push_service_is_refused(site: str, url: str) -> None:
	frappe.conf.escalation_push_hosts = []
	frappe.conf.escalation_allowed_hosts = ["pager.internal", "127.0.0.1", "evil.example.com"]
	with pytest.raises(egress.Forbidden):
		services.check(url)


@pytest.mark.parametrize("url", KNOWN)
def test_an_address_of_a_known_one_is_taken(site: str, url: str) -> None:
	frappe.conf.escalation_push_hosts = None
	services.check(url)


@pytest.mark.parametrize(
	("hosts", "taken", "refused"),
	[
		(["push.internal"], "https://push.internal/x", "http://push.internal/x"),
		("push.internal, other.internal", "https://other.internal/x", "https://a.push.internal/x"),
		(["push.internal:8443"], "http://push.internal:8443/x", "https://push.internal/x"),
		(["*.push.example.com"], "https://a.push.example.com/x", "https://push.example.com/x"),
		(["10.0.0.7"], "https://10.0.0.7/x", "https://10.0.0.8/x"),
		(["*.0.0.7"], "https://fcm.googleapis.com/x", "https://10.0.0.7/x"),  # inside only by its full name
	],
)
def test_an_administrator_names_more(site: str, hosts: list | str, taken: str, refused: str) -> None:
	frappe.conf.escalation_push_hosts = hosts
	services.check(taken)
	with pytest.raises(egress.Forbidden):
		services.check(refused)
	frappe.conf.escalation_push_hosts = None


def test_a_host_that_http_post_may_reach_takes_no_device(world: World) -> None:
	"""What was seen: a device inside an allowed host, a test sent there, and the answer shown."""
	asked: list[str] = []

	class Inside(BaseHTTPRequestHandler):
		def do_POST(self) -> None:
			asked.append(self.path)
			self.send_response(400, "secret of the inside")
			self.send_header("Location", "https://secret.inside/")
			self.end_headers()
			self.wfile.write(b"the secret of the inside")

		def log_message(self, *_arguments: object) -> None:
			pass

	server = ThreadingHTTPServer(("127.0.0.1", 0), Inside)
	Thread(target=server.serve_forever, daemon=True).start()
	here = f"127.0.0.1:{server.server_port}"
	frappe.conf.escalation_allowed_hosts = [here]
	session = world.login(TECH)
	given = {**subscription(world, TECH), "endpoint": f"http://{here}/x"}
	refused = call(world, session, "add_device", **given)
	assert refused.status_code == 417 and not frappe.db.count(DEVICE)
	# Nor where it was added before, or its host was taken off the list.
	world.device(TECH)
	name = frappe.db.get_value(DEVICE, {"user": TECH}, "name")
	frappe.db.set_value(DEVICE_SECRET, name, "endpoint", f"http://{here}/x")
	frappe.db.commit()
	answer = call(world, session, "send_test").json()["message"]
	assert not answer["sent"] and "secret" not in json.dumps(answer) and asked == []
	# Where it is named, its answer is shown to nobody all the same.
	frappe.conf.escalation_push_hosts = [here]
	said = _sent_to(world)
	assert asked == ["/x"] and "refuses the message: 400" in said and "secret" not in said
	world.expect_email(TECH)  # another way
	server.shutdown()
	server.server_close()


def _sent_to(world: World) -> str:
	world.plan((0, "iPhone Notification"))
	ticket = world.ticket()
	world.forward(10)
	item = world.item(ticket)
	return json.dumps([world.messages(item), world.lines(item)], default=str)


@pytest.mark.parametrize(
	("body", "said"),
	[
		('{"reason":"BadJwtToken"}', "403 BadJwtToken"),
		('{"errno": 109, "message": "secret"}', "403 errno 109"),
		('{"reason":"secret of the inside"}', "403"),
		('{"reason":["BadJwtToken"]}', "403"),
		('{"errno": "1 secret"}', "403"),
		('{"errno": true}', "403"),
		("[1, 2]", "403"),
		("secret", "403"),
		("", "403"),
		("{" * 300, "403"),
	],
)
def test_of_a_push_services_answer_only_documented_reasons_remain(site: str, body: str, said: str) -> None:
	outcome = web_push.outcome(web_push.Answer(403, "secret", {}, body))
	assert f"refuses our key: {said}." in outcome.detail and "secret" not in outcome.detail


def test_guest_gets_no_key_of_ours(world: World) -> None:
	key = next(iter(vapid.key_pairs(generate=True)))
	answer = world.post(f"{world.url}/api/method/escalation_mgmt.web.technician.overview")
	assert answer.status_code in (401, 403) and key not in answer.text
	assert urlsplit(answer.url).path.endswith("overview")


ONE = "/api/resource/HD Ticket/{0}"
LIST = "/api/resource/HD Ticket"
GET_LIST, GET = "/api/method/frappe.client.get_list", "/api/method/frappe.client.get"
REPORT = "/api/method/frappe.desk.reportview.get"
HELPDESKS = (
	"/api/method/helpdesk.api.doc.get_list_data"  # the ticket list, with the columns that somebody chose
)
CHOSEN = [{"key": column, "label": column, "type": "Data"} for column in COLUMNS]
GET_ONE = "/api/method/helpdesk.helpdesk.doctype.hd_ticket.api.get_one"
SET_VALUE, RUN = "/api/method/frappe.client.set_value", "/api/method/run_doc_method"


def test_what_a_customer_reads_of_their_ticket_says_nothing_of_its_escalation(
	world: World, customer: requests.Session
) -> None:
	"""By every way to a ticket that Frappe and Helpdesk's portal have; an agent learns it by each."""
	world.plan((0, "Email"), (30, "Email"))
	ticket = world.ticket("Fire in rack 4", raised_by=CUSTOMER)
	world.forward(10)
	world.expect_email(TECH)
	name = str(ticket.name)
	fields = json.dumps(["name", *COLUMNS])
	ways = (
		("get", ONE.format(name), {}),
		("get", LIST, {"fields": fields}),
		("get", LIST, {"fields": json.dumps(["*"])}),
		("get", GET_LIST, {"doctype": "HD Ticket", "fields": fields}),
		("get", GET, {"doctype": "HD Ticket", "name": name}),
		("get", GET_ONE, {"name": name}),
		("post", REPORT, {"doctype": "HD Ticket", "fields": fields}),
		("json", HELPDESKS, {"doctype": "HD Ticket", "columns": CHOSEN, "order_by": f"{COLUMNS[2]} asc"}),
		("json", HELPDESKS, {"doctype": "HD Ticket", "columns": CHOSEN}),
		("post", SET_VALUE, {"doctype": "HD Ticket", "name": name, "fieldname": "subject", "value": "Fire!"}),
		(
			"post",
			RUN,
			{"dt": "HD Ticket", "dn": name, "method": "create_communication_via_contact", **MESSAGE},
		),
	)
	agent = world.login(TECH)
	for who, session in (("customer", customer), ("agent", agent)):
		for how, path, given in ways:
			what = {{"get": "params", "post": "data", "json": "json"}[how]: given}
			answer = session.request("GET" if how == "get" else "POST", world.url + path, timeout=30, **what)
			# Frappe refuses a field that isn't for the customer, or leaves it out.
			assert answer.ok or (who == "customer" and answer.status_code == 403), (who, path, answer.text)
			says = '"Escalating"' in answer.text or any(f'"{column}":' in answer.text for column in COLUMNS)
			assert says == (who == "agent"), (who, path, answer.text[:2000])
	assert name in customer.get(world.url + LIST, timeout=30).text, "their ticket is theirs all the same"
	world.inbox.take_all()


MESSAGE = {"args": json.dumps({"message": "Any news?"})}


def test_a_customer_cannot_ask_by_it_either(world: World, customer: requests.Session) -> None:
	if frappe.__version__.startswith("15."):
		pytest.skip("Frappe 15 filters by any field")
	world.plan((0, "Email"))
	world.ticket("Fire in rack 4", raised_by=CUSTOMER)
	for more in ({"filters": json.dumps({STATUS: "Scheduled"})}, {"order_by": f"{STATUS} desc"}):
		answer = customer.get(world.url + LIST, params=more, timeout=30)
		assert answer.status_code == 403, answer.text
