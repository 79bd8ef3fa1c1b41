"""What Desk's forms, agent pages and other programs call. Every function checks permission before anything else.

The names here are public: `escalation_mgmt.api.acknowledge` stays where it is, whatever moves behind it.
"""

from escalation_mgmt.api.escalations import (
	acknowledge,
	act,
	act_on_item,
	before_starting,
	board,
	items,
	planned,
	start,
	ticket,
	tickets,
	timeline,
)
from escalation_mgmt.api.plans import maintenance_choices, plan_choices

__all__ = [
	"acknowledge",
	"act",
	"act_on_item",
	"before_starting",
	"board",
	"items",
	"maintenance_choices",
	"plan_choices",
	"planned",
	"start",
	"ticket",
	"tickets",
	"timeline",
]
