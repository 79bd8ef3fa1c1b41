"""What a new step of a plan begins with."""

from escalation_mgmt import notifiers
from escalation_mgmt.facts.people import Directory


def methods() -> list[str]:
	"""The methods that new steps are given one after the other, from the least urgent to the most.

	Those that wake somebody and are set up; where none is, those that are set up (email, for example), else all that wake.
	Of equal ones the registry's order is kept.
	"""
	directory = Directory()
	of_people = [cls for cls in notifiers.classes().values() if not cls.to_endpoints]
	waking = sorted((cls for cls in of_people if cls.urgency), key=lambda cls: cls.urgency)
	ready = {cls.method for cls in of_people if not directory.notifier(cls.method)[1]}
	found = [cls.method for cls in waking if cls.method in ready] or [
		cls.method for cls in of_people if cls.method in ready
	]
	return found or [cls.method for cls in waking]
