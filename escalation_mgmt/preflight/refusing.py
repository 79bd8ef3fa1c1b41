"""What has refused messages and taken none since, as those messages have told: which circuit is open, since when, and why."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from frappe import _

from escalation_mgmt.delivery import passed_over
from escalation_mgmt.facts.people import Directory
from escalation_mgmt.notifiers.base import CannotReach, Notifier
from escalation_mgmt.preflight import acts_checked, remedies
from escalation_mgmt.preflight.finding import Finding, Grade
from escalation_mgmt.preflight.remedies import Remedy
from escalation_mgmt.storage.circuits import Circuits, Of
from escalation_mgmt.utils import clock
from escalation_mgmt.utils.doctypes import ENDPOINT


def findings(docs: Iterable[Any]) -> Iterator[Finding]:
	"""Red where that is all that one of these plans has. Of what isn't set up any more nothing is said."""
	circuits, directory, docs = Circuits.read(), Directory(), list(docs)
	ways = [{_way(step) for step in doc.steps if not acts_checked.is_act(step)} for doc in docs]
	shut: set[Of] = set()
	found = []
	for of in circuits.known():
		notifier, _why = directory.notifier(of.method)
		if not notifier or not _is_set_up(of, notifier):
			continue
		if _nothing_else(of, notifier, circuits):
			shut.add(of if notifier.to_endpoints else Of(of.method, ""))
		found.append((of, notifier))
	mute = {way for plan in ways if plan and plan <= shut for way in plan}
	for of, notifier in found:
		red = (of if notifier.to_endpoints else Of(of.method, "")) in mute
		grade = Grade.RED if red and circuits.circuit(of).is_open else Grade.AMBER
		yield Finding(f"{_(of.method)}: {_words(circuits, of)}", (_remedy(of, notifier, directory),), grade)


def _way(step: Any) -> Of:
	"""What a step depends on: an endpoint, or all providers of a method."""
	return Of(step.method, step.endpoint or "")


def _is_set_up(of: Of, notifier: Notifier) -> bool:
	if notifier.to_endpoints:
		return not _raises(notifier, of.provider)
	return of.provider in [provider.name for provider in notifier.providers]


def _raises(notifier: Notifier, endpoint: str) -> bool:
	try:
		notifier.check_address(endpoint)
	except CannotReach:
		return True
	return False


def _nothing_else(of: Of, notifier: Notifier, circuits: Circuits) -> bool:
	names = [of.provider] if notifier.to_endpoints else _ready(notifier)
	return all(circuits.circuit(Of(of.method, name)).is_open for name in names)


def _ready(notifier: Notifier) -> Sequence[str]:
	return [provider.name for provider in notifier.providers if provider.is_ready]


def _words(circuits: Circuits, of: Of) -> str:
	if circuits.circuit(of).is_open:
		return passed_over(circuits, of)
	since = clock.shown(circuits.circuit(of).since)
	words = _("{0} has refused what it got since {1}, and taken nothing. {2}")
	return words.format(of.provider or _(of.method), since, circuits.why(of)).strip()


def _remedy(of: Of, notifier: Notifier, directory: Directory) -> Remedy:
	if notifier.to_endpoints:
		return Remedy(_("Correct the endpoint"), ENDPOINT, of.provider)
	if notifier.set_up_in == "Email Account" and of.provider:
		return Remedy(_("Correct the Email Account"), notifier.set_up_in, of.provider)
	return remedies.method(of.method, directory)
