"""An endpoint's secrets stay with the host that they were entered for: whoever may write it never saw them."""

from typing import Any

import frappe
import pytest

from escalation_mgmt.notifiers import egress
from escalation_mgmt.utils.doctypes import ENDPOINT, SETTINGS
from tests.scenarios.test_providers_in_order import two_accounts
from tests.world import PAGER, World

HEADER = "X-Api-Key"
ELSEWHERE = "https://evil.example/collect"
STARS = "*****"


def with_secrets(world: World, **more: Any) -> Any:
	return world.endpoint(
		headers=[{"header": HEADER, "value": "k3y"}], previous_secret="whsec_b2xkIHNlY3JldA==", **more
	)


def refused(doc: Any) -> str:
	with pytest.raises(frappe.ValidationError) as error:
		doc.save() if doc.name and not doc.is_new() else doc.insert()
	frappe.db.rollback()
	frappe.clear_messages()
	return str(error.value)


def passwords() -> list[tuple]:
	return sorted(
		frappe.db.sql(
			"select `doctype`, `name`, `fieldname` from `__Auth` where `doctype` like 'Escalation Endpoint%%'"
		)
	)


@pytest.mark.parametrize("to", [ELSEWHERE, "port", "scheme", "subdomain"])
def test_another_host_asks_for_its_secrets_anew(world: World, to: str) -> None:
	doc = with_secrets(world)
	url = {
		"port": doc.url.replace(doc.url.split("/")[2], "127.0.0.1:9"),
		"scheme": doc.url.replace("http:", "https:"),
		"subdomain": doc.url.replace("://", "://x."),
	}.get(to, to)
	frappe.conf.escalation_allowed_hosts = [*frappe.conf.escalation_allowed_hosts, "127.0.0.1", "localhost"]
	doc = frappe.get_doc(ENDPOINT, PAGER)
	doc.url = url
	said = refused(doc)
	assert all(words in said for words in ("Secret", "Previous", HEADER, "Enter them anew")), said
	assert frappe.db.get_value(ENDPOINT, PAGER, "url") != url


def test_over_http_as_well(world: World) -> None:
	with_secrets(world)
	frappe.db.commit()
	session = world.login("manager@x.test")
	for url, data in (
		(f"{world.url}/api/resource/{ENDPOINT}/{PAGER}", {"url": ELSEWHERE}),
		(
			f"{world.url}/api/method/frappe.client.set_value",
			{"doctype": ENDPOINT, "name": PAGER, "fieldname": "url", "value": ELSEWHERE},
		),
	):
		method = session.put if "resource" in url else session.post
		answered = method(url, json=data, timeout=30)
		assert answered.status_code == 417 and "Enter them anew" in answered.text, answered.text[-300:]
	frappe.db.rollback()
	assert frappe.db.get_value(ENDPOINT, PAGER, "url") != ELSEWHERE


def test_what_is_entered_anew_or_taken_out_is_what_goes_there(world: World) -> None:
	with_secrets(world)
	doc = frappe.get_doc(ENDPOINT, PAGER)
	doc.update({"url": ELSEWHERE, "secret": "whsec_bmV3IHNlY3JldA==", "previous_secret": ""})
	doc.headers[0].value = "new"
	doc.save()
	doc = frappe.get_doc(ENDPOINT, PAGER)
	assert (
		doc.get_password("secret") == "whsec_bmV3IHNlY3JldA=="
		and doc.headers[0].get_password("value") == "new"
	)
	assert not doc.get_password("previous_secret", raise_exception=False)
	doc.update({"url": "https://third.example/", "secret": "", "headers": []})
	doc.save()
	assert not frappe.get_doc(ENDPOINT, PAGER).get_password("secret", raise_exception=False)


@pytest.mark.parametrize("path", ["/other", "/other?team=1", "", "/page"])
def test_another_path_of_the_host_keeps_them(world: World, path: str) -> None:
	doc = with_secrets(world)
	doc = frappe.get_doc(ENDPOINT, PAGER)
	doc.url = "/".join(doc.url.split("/")[:3]) + path
	doc.timeout = 5
	doc.save()
	assert frappe.get_doc(ENDPOINT, PAGER).headers[0].get_password("value") == "k3y"


def test_a_copy_has_none(world: World) -> None:
	with_secrets(world)
	copy = frappe.copy_doc(frappe.get_doc(ENDPOINT, PAGER))
	copy.title = "Copy"
	said = refused(copy)
	assert "Secret" in said and HEADER in said
	copy = frappe.copy_doc(frappe.get_doc(ENDPOINT, PAGER))
	copy.update({"title": "Copy", "url": ELSEWHERE, "secret": "", "previous_secret": "", "headers": []})
	copy.insert()


def test_a_row_of_another_endpoint_brings_no_secret(world: World) -> None:
	row = with_secrets(world).headers[0]
	mine = world.endpoint("Mine", url=ELSEWHERE, secret="")
	stolen = {"name": row.name, "header": HEADER, "value": STARS, "doctype": row.doctype}
	doc = frappe.get_doc(ENDPOINT, mine.name)
	doc.append("headers", stolen)
	doc.headers[0].set("__islocal", 0)
	assert HEADER in refused(doc)
	frappe.get_doc(ENDPOINT, PAGER).delete()
	frappe.db.commit()
	frappe.flags.in_import = True  # an import keeps the names that it brings
	try:
		doc = frappe.get_doc(
			{"doctype": ENDPOINT, "title": "Third", "url": ELSEWHERE, "payload": "{}", "headers": [stolen]}
		)
		assert HEADER in refused(doc)
	finally:
		frappe.flags.in_import = False


def test_a_rename_keeps_them_with_their_host(world: World) -> None:
	with_secrets(world)
	frappe.rename_doc(ENDPOINT, PAGER, "Renamed", force=True)
	doc = frappe.get_doc(ENDPOINT, "Renamed")
	assert doc.get_password("secret") == world.providers.pager_secret
	doc.url = ELSEWHERE
	assert "Secret" in refused(doc)


def test_nothing_is_left_of_a_row_that_is_taken_out(world: World) -> None:
	"""Frappe takes along the document's own alone."""
	doc = with_secrets(world)
	doc.append("headers", {"header": "X-Other", "value": "0ther"})
	doc.save()
	first, other = (row.name for row in doc.headers)
	doc.remove(doc.headers[1])
	doc.save()
	assert {first, other} & {name for _doctype, name, _field in passwords()} == {first}
	doc.delete()
	assert not passwords()
	two_accounts(world)
	settings = frappe.get_doc(SETTINGS)
	of_rows = {"doctype": "Escalation Provider"}
	assert frappe.db.get_value("__Auth", of_rows, "name", order_by=None) == settings.providers[0].name
	settings.set("providers", [])
	settings.save()
	assert not frappe.db.get_value("__Auth", of_rows, "name", order_by=None)


def test_what_a_receiver_repeats_of_them_is_hidden(world: World) -> None:
	world.endpoint(
		url=f"{world.providers.pager_url}?token=url-t0ken",
		headers=[{"header": "Authorization", "value": "Bearer be4rer/t0ken"}],
	)
	world.plan((0, "HTTP POST", "Endpoint", PAGER))
	ticket = world.ticket()
	world.providers.faults.pager.status(403, body="no such be4rer/t0ken; be4rer%2ft0ken; url-t0ken")
	world.forward(10)
	assert "no such …; …; …" in world.lines(world.item(ticket))
	world.inbox.take_all()


def test_an_endpoint_without_secrets_may_move(world: World) -> None:
	doc = world.endpoint(secret="")
	doc.url = ELSEWHERE
	doc.save()


@pytest.mark.parametrize(
	("one", "other", "same"),
	[
		("https://a.example/x", "https://A.example:443/y?z", True),
		("http://a.example", "http://a.example:80/", True),
		(" https://a.example", "https://a.example ", True),
		("https://a.example", "http://a.example", False),
		("https://a.example", "https://a.example:8443", False),
		("https://a.example", "https://a.example.evil.example", False),
		("https://a.example", "https://evil.example/a.example", False),
		("https://[::1]/", "https://[::2]/", False),
		("https://[", "https://[x", False),
	],
)
def test_what_is_one_host(one: str, other: str, same: bool) -> None:
	assert (egress.origin(one) == egress.origin(other)) is same
