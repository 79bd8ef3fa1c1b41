"""Open forms are told at once, where realtime runs; they ask by themselves wherever it doesn't."""

import json

import frappe
import pytest

from tests.world import World

pytestmark = pytest.mark.one_database


@pytest.fixture
def heard(world: World):
	"""What Frappe's realtime server would hear: the events published since, of ours."""
	from frappe.utils.background_jobs import get_redis_connection_without_auth

	listener = get_redis_connection_without_auth().pubsub(ignore_subscribe_messages=True)
	listener.subscribe("events")
	listener.get_message(timeout=5)  # that it listens

	def heard() -> list[list[str]]:
		# Comes after what was published before; to wait for silence is no use, other sites talk all the time.
		frappe.publish_realtime("heard_all")
		found = []
		while True:
			event = json.loads(listener.get_message(timeout=10)["data"])
			if event["namespace"] != world.site:
				continue
			if event["event"] == "heard_all":
				return found
			if event["event"] == "escalation_changed":
				found.append(event["message"]["items"])

	yield heard
	listener.close()


def test_a_form_is_told_of_its_item_once_it_is_committed(world: World, heard) -> None:
	world.plan((0, "Email"))
	ticket = world.ticket()
	heard()
	world.forward(10)
	item = world.item(ticket).name
	assert heard() == [[item], [item]]  # the step; the message that was sent
	world.post(world.expect_email("tech@x.test").links[0])
	assert [item] in heard()


def test_what_is_undone_is_not_told(world: World, heard) -> None:
	from escalation_mgmt.utils.realtime import tell_forms

	tell_forms(["ESC-00001"])
	frappe.db.rollback()
	frappe.db.commit()
	assert not heard()
