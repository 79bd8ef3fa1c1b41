"""Whatever is renamed or merged while escalations run: none ends, starts or moves because of it, and new tickets match."""

from typing import Any

import frappe
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from escalation_mgmt.utils.doctypes import ITEM
from tests.profiles import NIGHTLY
from tests.scenarios.test_renames import FACTS, made  # noqa: F401
from tests.world import World

KINDS = sorted(FACTS)
NAMES = {kind: ("One", "Two", 'Ünï\'s "3"', "one.two") for kind in KINDS}
NAMES["HD Team"] = ("One", "Two", "Ünï (3)", "one.two")  # Helpdesk takes no team with a quotation mark

plans = st.lists(
	st.fixed_dictionaries(
		{kind: st.sampled_from(["", *NAMES[kind]]) for kind in KINDS} | {"rank": st.integers(1, 3)}
	),
	min_size=1,
	max_size=3,
)
tickets = st.lists(
	st.fixed_dictionaries({kind: st.sampled_from(NAMES[kind]) for kind in KINDS} | {"ends": st.booleans()}),
	min_size=1,
	max_size=4,
)
renames = st.lists(
	st.tuples(st.sampled_from([*KINDS, "User", "Escalation Plan"]), st.integers(0, 3), st.booleans()),
	min_size=1,
	max_size=4,
)


def state() -> list[tuple]:
	fields = ["name", "status", "due_utc", "reference_name", "generation", "next_group", "plan_version"]
	frappe.db.commit()
	return [tuple(row.values()) for row in frappe.get_all(ITEM, fields=fields, order_by="name")]


def ask(world: World, number: int, plan: dict[str, Any]) -> None:
	priority = plan["HD Ticket Priority"]
	world.plan(
		(0, "Email", "User", "second@x.test"), title=f"Plan {number}", rank=plan["rank"],
		priorities=[priority] if priority else [],
		team=plan["HD Team"], ticket_type=plan["HD Ticket Type"], customer=plan["HD Customer"],
	)  # fmt: skip


def test_no_rename_moves_anything(world: World, made: Any) -> None:  # noqa: F811
	@settings(
		max_examples=50 if NIGHTLY else 1,
		deadline=None,
		phases=[Phase.generate],
		suppress_health_check=list(HealthCheck),
		database=None,
	)
	@given(plans=plans, logged=tickets, renamed=renames)
	def check(plans: list[dict], logged: list[dict], renamed: list[tuple]) -> None:
		world.clean()
		made.people_back()
		for kind in KINDS:
			made.fresh(kind, NAMES[kind])
		for number, plan in enumerate(plans):
			ask(world, number, plan)
		now = {kind: {name: name for name in NAMES[kind]} for kind in KINDS}
		docs = [world.ticket(to="", **{FACTS[kind][0]: ticket[kind] for kind in KINDS}) for ticket in logged]
		for doc, ticket in zip(docs, logged, strict=True):
			if ticket["ends"]:  # cancelled by hand: only facts that change can open another
				frappe.db.set_value(
					ITEM,
					{"reference_name": str(doc.name)},
					{"status": "Cancelled", "running_ticket": None, "due_utc": None},
				)
		world.sweep()
		before = state()
		for number, (kind, which, merge) in enumerate(renamed):
			if kind == "User":
				made.swap_person()
			elif kind == "Escalation Plan":
				plan = frappe.get_all(kind, pluck="name", order_by="name")[0]
				made.rename(kind, plan, f"{plan} {number}")
			else:
				old = sorted(set(now[kind].values()))[which % len(set(now[kind].values()))]
				others = sorted(set(now[kind].values()) - {old})
				new = others[0] if merge and others else f"{old} {number}"
				made.rename(kind, old, new, merge=bool(merge and others))
				now[kind] = {first: new if last == old else last for first, last in now[kind].items()}
			world.sweep()
			assert state() == before
		for doc in docs:
			frappe.get_doc("HD Ticket", doc.name).save()
		assert state() == before
		for number, plan in enumerate(plans):
			facts = {FACTS[k][0]: now[k][plan[k] or "One"] for k in KINDS}
			later = world.ticket(to="", subject=f"later {number}", **facts)
			assert world.item(later).status == "Scheduled"

	check()
	world.clean()
