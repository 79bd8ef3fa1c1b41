"""Who can't be reached, gathered over plans: one finding for each cause, however many people and plans it concerns."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from frappe import _

from escalation_mgmt.engine import Plan, Step, Unreachable
from escalation_mgmt.facts.people import Directory
from escalation_mgmt.preflight import remedies
from escalation_mgmt.preflight.finding import Finding, amber
from escalation_mgmt.preflight.remedies import Remedy

MOST_NAMED = 5
"""People whom one line names; of the others it says how many they are."""


@dataclass(slots=True)
class _Cause:
	people: dict[str, Remedy] = field(default_factory=dict)  # by name
	methods: list[str] = field(default_factory=list)
	plans: list[str] = field(default_factory=list)


class Misses:
	"""With `named` each finding says which plans it is about."""

	def __init__(self, *, named: bool) -> None:
		self._named = named
		self._causes: dict[str, _Cause] = {}  # by reason
		self._methods: dict[str, list[str]] = {}  # that aren't set up: the plans that use them

	def add(self, plan: Plan, step: Step, miss: Unreachable, remedy: Remedy, directory: Directory) -> None:
		if (
			not step.act and directory.notifier(step.method)[1]
		):  # one finding for the method instead of one for each person
			_add(self._methods.setdefault(step.method, []), plan.name)
			return
		self.add_reason(plan, miss.label, miss.reason, step.method, remedy)

	def add_reason(self, plan: Plan, who: str, reason: str, method: str, remedy: Remedy) -> None:
		cause = self._causes.setdefault(reason, _Cause())
		cause.people.setdefault(who, remedy)
		_add(cause.methods, _(method))
		_add(cause.plans, plan.name)

	def findings(self, directory: Directory) -> Iterator[Finding]:
		for method, of in self._methods.items():
			words = _("{0} isn't set up: {1}").format(_(method), directory.notifier(method)[1])
			yield amber(words + self._of(of), remedies.method(method, directory))
		for reason, cause in self._causes.items():
			who, methods = _listed(list(cause.people)), ", ".join(cause.methods)
			words = _("{0} can't be reached by {1}: {2}").format(who, methods, reason)
			yield amber(words + self._of(cause.plans), *_remedies(cause.people))

	def _of(self, plan_names: list[str]) -> str:
		return " " + _("(plans: {0})").format(", ".join(plan_names)) if self._named else ""


def _listed(names: list[str]) -> str:
	if len(names) <= MOST_NAMED:
		return ", ".join(names)
	return _("{0} and {1} more").format(", ".join(names[:MOST_NAMED]), len(names) - MOST_NAMED)


def _remedies(people: dict[str, Remedy]) -> Iterator[Remedy]:
	"""What one person needs, in words; of several, where each is put right. What all share is said once."""
	first = next(iter(people.values()))
	if all(remedy == first for remedy in people.values()):
		yield first
		return
	for name, remedy in list(people.items())[:MOST_NAMED]:
		yield replace(remedy, label=name)


def _add(to: list[str], value: str) -> None:
	if value not in to:
		to.append(value)
