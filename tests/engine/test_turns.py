"""Whom a step's shell chooses: what the engine hands on of it, so that it is remembered."""

from dataclasses import replace

from escalation_mgmt.engine import (
	Act,
	Context,
	Decision,
	EventKind,
	Reach,
	Recipient,
	Step,
	Target,
	TargetKind,
)
from escalation_mgmt.engine import rehearse as on_virtual_time
from tests.engine.make import T0, nobody, opened, plan, ticket
from tests.engine.test_only_if import SECOND, reaches_only, run, with_second

CREW = Target(TargetKind.NEXT_IN_TURN, "Crew")


class Shell:
	"""The members of a team, one after the other as decisions took them."""

	def __init__(self, *users: str) -> None:
		self.users = list(users)
		self.told: list[Decision] = []

	def reaches(self, step: Step) -> Reach:
		user = self.users[0]
		to = Recipient(method=step.method, address=f"{user}@x", label=user, user=user, turn=step.target.value)
		return Reach((to,))

	def took(self, decision: Decision) -> None:
		self.told.append(decision)
		if decision.pages:
			self.users.append(self.users.pop(0))


def to_the_crew(*waits: float):
	of = plan(*waits)
	return replace(of, steps=tuple(replace(step, target=CREW) for step in of.steps))


def test_the_rehearsal_tells_what_it_decided_before_it_decides_on() -> None:
	shell = Shell("a", "b", "c")
	timeline = on_virtual_time(
		to_the_crew(0, 10, 10), ticket(), Context(T0, reaches=shell.reaches, took=shell.took)
	)
	assert [page.recipient.user for page in timeline.pages] == ["a", "b", "c"]
	assert [event.kind for decision in shell.told for event in decision.events].count(EventKind.STEP_RAN) == 3


def test_a_group_goes_to_one_of_them() -> None:
	shell = Shell("a", "b")
	of = to_the_crew(0, 0)
	of = replace(of, steps=(of.steps[0], replace(of.steps[1], method="SMS")))
	timeline = on_virtual_time(of, ticket(), Context(T0, reaches=shell.reaches, took=shell.took))
	assert [page.recipient.user for page in timeline.pages] == ["a", "a"]


def test_to_whom_an_act_assigns_is_remembered_too() -> None:
	of = to_the_crew(0)
	of = replace(of, steps=(replace(of.steps[0], method=str(Act.ASSIGN)),))
	(deed,) = run(opened(of), reaches=Shell("a").reaches).deeds
	assert (deed.user, deed.turn) == ("a", "Crew")


def test_history_says_that_it_was_the_second_target() -> None:
	decision = run(opened(with_second(plan())), reaches=reaches_only("second"))
	assert [e.data.get("second") for e in decision.events if e.kind is EventKind.STEP_RAN] == [True]
	decision = run(opened(with_second(plan())), reaches=reaches_only("user1"))
	assert not any("second" in e.data for e in decision.events)
	decision = run(opened(with_second(plan())), reaches=nobody)
	assert not any("second" in e.data for e in decision.events), "neither reached anybody"
	with_added = replace(opened(with_second(plan())), added=("c",))
	decision = run(with_added, reaches=reaches_only("second", "c"))
	assert [e.data.get("second") for e in decision.events if e.kind is EventKind.STEP_RAN] == [True]
	assert SECOND in with_second(plan()).steps[0].targets
