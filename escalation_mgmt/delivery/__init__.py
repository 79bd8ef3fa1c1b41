"""From queued to sent: messages are claimed, rendered, handed to their notifiers, and recorded.

This is its face: whoever wants messages to be sent needs nothing else of it. What goes through the four is an
`attempt.Attempt`.
"""

from escalation_mgmt.delivery.due import methods_due, waits_aside
from escalation_mgmt.delivery.render import message_of
from escalation_mgmt.delivery.routes import passed_over
from escalation_mgmt.delivery.send import deliver, deliver_by, soon

__all__ = [
	"deliver",
	"deliver_by",
	"message_of",
	"methods_due",
	"passed_over",
	"soon",
	"waits_aside",
]
