from datetime import timedelta

from hypothesis import given

from escalation_mgmt.engine import Plan
from tests.engine.make import plan
from tests.engine.strategies import plans


def test_a_wait_of_zero_joins_the_step_before() -> None:
	numbers = [[step.number for step in group] for group in plan(5, 0, 10, 0, 0, 1).groups]
	assert numbers == [[1, 2], [3, 4, 5], [6]]


def test_the_first_step_is_a_group_of_its_own_whatever_it_waits() -> None:
	assert [[s.number for s in g] for g in plan(0, 0, 3).groups] == [[1, 2], [3]]


@given(plans())
def test_the_frozen_form_reads_back_the_same(of: Plan) -> None:
	assert Plan.from_dict(of.to_dict()) == of


@given(plans())
def test_groups_hold_every_step_once_in_order(of: Plan) -> None:
	assert tuple(step for group in of.groups for step in group) == of.steps
	assert all(step.wait == timedelta(0) for group in of.groups for step in group[1:])
