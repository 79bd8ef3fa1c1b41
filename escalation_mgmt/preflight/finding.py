"""What would go wrong, how badly, and where it is put right."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from escalation_mgmt.preflight.remedies import Remedy


class Grade(StrEnum):
	"""How badly: somebody isn't reached at all, or fewer than planned."""

	RED = "red"  # nothing is sent, or an escalation reaches nobody
	AMBER = "amber"  # escalations reach somebody, but fewer, by fewer methods, or not for long


@dataclass(frozen=True, slots=True)
class Finding:
	"""One cause, in words, and what puts it right: for several people one remedy each, called by their names."""

	problem: str
	remedies: tuple[Remedy, ...]
	grade: Grade = Grade.AMBER


def amber(problem: str, *remedies: Remedy) -> Finding:
	return Finding(problem, remedies, Grade.AMBER)


def red(problem: str, *remedies: Remedy) -> Finding:
	return Finding(problem, remedies, Grade.RED)


def graded(found: Iterable[Finding]) -> list[Finding]:
	"""The worst first, otherwise as they were found."""
	return sorted(found, key=lambda finding: finding.grade is not Grade.RED)
