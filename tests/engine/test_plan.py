from datetime import timedelta

from hypothesis import given

from escalation_mgmt.engine import (
	CallRules,
	OnFailure,
	OnMachine,
	Plan,
)
from tests.engine.make import minutes, plan
from tests.engine.strategies import plans


def test_a_wait_of_zero_joins_the_step_before() -> None:
	numbers = [[step.number for step in group] for group in plan(5, 0, 10, 0, 0, 1).groups]
	assert numbers == [[1, 2], [3, 4, 5], [6]]


def test_the_first_step_is_a_group_of_its_own_whatever_it_waits() -> None:
	assert [[s.number for s in g] for g in plan(0, 0, 3).groups] == [[1, 2], [3]]


@given(plans())
def test_the_frozen_form_reads_back_the_same(of: Plan) -> None:
	assert Plan.from_dict(of.to_dict()) == of


def test_a_frozen_form_of_before_there_was_a_choice_reads_as_if_nobody_had_chosen() -> None:
	of = plan(0, 10, repeats=2, repeat_pause=minutes(5), owner="ada")
	stored = of.to_dict()
	for later in ("after_maintenance", "ack_timeout", "ack_grace", "calendar", "counts_working_time"):
		del stored[later]
	for step in stored["steps"]:
		del step["needs"], step["in_working_time"]
	assert Plan.from_dict(stored) == of


def test_what_follows_a_failure_stands_in_the_frozen_form_where_it_isnt_the_usual() -> None:
	assert "on_failure" not in plan(0).to_dict() and plan(0).on_failure is OnFailure.ANOTHER_METHOD
	of = plan(0, on_failure=OnFailure.NEXT_STEP)
	assert of.to_dict()["on_failure"] == "The Next Step First" and Plan.from_dict(of.to_dict()) == of


def test_what_follows_a_call_that_nobody_took_does_so_too() -> None:
	assert "calls" not in plan(0).to_dict()
	of = plan(0, calls=CallRules(further=3, pause=minutes(2), machine=OnMachine.HANG_UP))
	assert of.to_dict()["calls"] == {"further": 3, "pause": 120.0, "machine": "Hang Up"}
	assert Plan.from_dict(of.to_dict()) == of
	usual = CallRules()
	assert (usual.further, usual.pause, usual.machine) == (0, minutes(1), OnMachine.LEAVE_MESSAGE)


def test_that_nobody_snoozes_from_the_message_stands_there_too() -> None:
	usual = plan(0).to_dict()
	assert "notified_may_snooze" not in usual and Plan.from_dict(usual).notified_may_snooze
	of = plan(0, notified_may_snooze=False)
	assert of.to_dict()["notified_may_snooze"] is False and Plan.from_dict(of.to_dict()) == of


@given(plans())
def test_groups_hold_every_step_once_in_order(of: Plan) -> None:
	assert tuple(step for group in of.groups for step in group) == of.steps
	assert all(step.wait == timedelta(0) for group in of.groups for step in group[1:])
