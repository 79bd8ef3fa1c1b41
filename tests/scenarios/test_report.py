"""The report: filters, export, and who sees what."""

import frappe

from tests.world import World


def story(world: World) -> tuple:
	world.plan((0, "Email"), (5, "Email", "User", "lead@x.test"), title="High")
	world.plan((0, "Email", "User", "stranger@x.test"), title="Urgent", priorities=["Urgent"])
	high, urgent = world.ticket("high"), world.ticket("urgent", priority="Urgent")
	world.forward(10)
	world.forward(5)
	world.expect_email("tech@x.test")
	world.expect_email("lead@x.test")
	link = world.expect_email("stranger@x.test").links[0]
	world.forward(2)
	world.post(link)
	world.tick()
	return high, urgent


def test_filters(world: World) -> None:
	high, urgent = story(world)
	assert len(world.report()) == 3
	assert {row["ticket"] for row in world.report(plan="Urgent")} == {str(urgent.name)}
	assert {row["ticket"] for row in world.report(priority="High")} == {str(high.name)}
	assert [row["person"] for row in world.report(person="lead@x.test")] == ["Leo Lead"]
	assert len(world.report(status="Acknowledged")) == 1
	assert len(world.report(ticket=high.name)) == 2
	today = frappe.utils.today()
	assert len(world.report(from_date=today, to_date=frappe.utils.add_days(today, 1))) == 3
	assert world.report(to_date=frappe.utils.add_days(today, -1)) == []
	row = world.report(plan="Urgent")[0]
	assert row["time_to_acknowledge"] == 17 * 60 and row["acknowledged_via"] == "Link"
	assert (row["acknowledged_at"] - row["created"]).total_seconds() == 17 * 60


def test_a_scheduled_item_is_a_row_of_its_own(world: World) -> None:
	world.plan((0, "Email"))
	world.ticket()
	row = world.report()[0]
	assert row["status"] == "Scheduled" and row["step"] is None


def test_everyone_sees_what_concerns_them(world: World) -> None:
	_high, urgent = story(world)
	for user, count in (("stranger@x.test", 1), ("lead@x.test", 3), ("manager@x.test", 3)):
		frappe.set_user(user)
		assert len(world.report()) == count, user
	frappe.set_user("stranger@x.test")
	assert {row["ticket"] for row in world.report()} == {str(urgent.name)}
	for doctype, count in (
		("Escalation Event", 1),
		("Escalation Notification", 1),
		("Escalation Action Item", 1),
	):
		assert bool(frappe.get_list(doctype, limit_page_length=0)) == bool(count)
	others = frappe.get_all("Escalation Event", filters={"kind": "Created"}, pluck="name", order_by="name")
	assert sum(frappe.get_doc("Escalation Event", name).has_permission("read") for name in others) == 1
	frappe.set_user("Administrator")


def test_it_exports_as_frappes_reports_do(world: World) -> None:
	story(world)
	session = world.login("manager@x.test")
	answer = session.post(
		f"{world.url}/api/method/frappe.desk.query_report.export_query",
		data={
			"report_name": "Escalation History",
			"file_format_type": "CSV",
			"filters": "{}",
			"visible_idx": "[0,1,2]",
			"csv_delimiter": ",",
			"csv_quoting": 2,
			"csv_decimal_sep": ".",
		},
		timeout=30,
	)
	assert answer.ok, answer.text[:500]
	assert "Tina Tech" in answer.text and "Time to Acknowledge" in answer.text
