"""What became of pages, in the words of managers: each state of a message is one of them."""

from escalation_mgmt.storage.message_state import MessageState

OF_STATE = {
	MessageState.SENT: "taken",
	MessageState.DELIVERED: "arrived",
	MessageState.ANSWERED: "arrived",
	MessageState.NOT_ANSWERED: "unanswered",
	MessageState.FAILED: "failed",
	MessageState.UNKNOWN: "unknown",
	MessageState.WITHDRAWN: "withdrawn",
	MessageState.QUEUED: "waiting",
	MessageState.SENDING: "waiting",
}
MESSAGES = tuple(dict.fromkeys(OF_STATE.values()))
LED = "led"
"""Beside those: the last page that whoever acknowledged had had by then."""
WOKE = "woke"
"""And: a page that was sent to a user and not refused, as Load on People counts it."""
NOT_HANDED = ("withdrawn", "waiting")
"""Of pages that no provider has had, or has yet: no share is of them."""


def states(outcome: str) -> list[str]:
	"""The states that are called so."""
	return [str(state) for state, called in OF_STATE.items() if called == outcome]
