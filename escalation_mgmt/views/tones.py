"""The tone of an action item: one of the colours of Desk's indicators. Forms, lists and the agent page take it from here."""

from escalation_mgmt.engine import Status

TONES = {
	Status.SCHEDULED: "blue",
	Status.ESCALATING: "red",
	Status.SNOOZED: "yellow",
	Status.ACKNOWLEDGED: "green",
	Status.RESOLVED: "gray",
	Status.EXHAUSTED: "orange",
	Status.CANCELLED: "gray",
}
