"""From queued to sent: messages are claimed, rendered, handed to their notifiers, and recorded.

This is its face: whoever wants messages to be sent needs nothing else of it.
"""

from escalation_mgmt.delivery.send import deliver, deliver_by, message_of, methods_due, next_attempt, soon

__all__ = ["deliver", "deliver_by", "message_of", "methods_due", "next_attempt", "soon"]
