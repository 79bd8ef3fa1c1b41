"""What a message is for, and the states that it goes through.

Queued -> Sending -> Sent -> Delivered, Answered, Not Answered
             |         `---> Failed (a receipt says so)
             |-> Queued (to be tried again), Failed, Unknown
Queued, Unknown -> Withdrawn (while nobody has been handed it)
"""

from enum import StrEnum


class Purpose(StrEnum):
	PAGE = "Page"  # wakes somebody for a step, and can be acknowledged
	NOTICE = "Notice"  # informs and doesn't page: somebody acknowledged, the plan is exhausted


class MessageState(StrEnum):
	QUEUED = "Queued"  # waits for its first attempt, or for the next one: the server answered 450, and is asked in 10 s
	SENDING = (
		"Sending"  # an attempt is committed, and nobody has said what became of it: Twilio is being asked now
	)
	SENT = "Sent"  # the provider took it: a mail server answered 250
	FAILED = "Failed"  # it was refused for good, at once or by a receipt: there is no such mailbox
	UNKNOWN = "Unknown"  # it may have arrived: the connection broke after everything was sent, twice
	WITHDRAWN = "Withdrawn"  # nobody was handed it: somebody acknowledged while it was queued
	DELIVERED = "Delivered"  # a receipt: it lies on the phone
	ANSWERED = "Answered"  # a receipt: somebody took the call
	NOT_ANSWERED = "Not Answered"  # a receipt: it rang, or a machine took the call


REACHED = (
	MessageState.SENDING,
	MessageState.SENT,
	MessageState.DELIVERED,
	MessageState.ANSWERED,
	MessageState.NOT_ANSWERED,
	MessageState.UNKNOWN,
)
"""States of a message that its recipient has, or may have."""
