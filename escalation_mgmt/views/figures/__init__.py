"""What managers ask of the history: every figure once. Reports, cards and the dashboard show these, and count nothing themselves.

Counted are the action items that were opened in a period (days of the site's zone) and that the reader may see, each a single
time. Databases count: a hundred thousand of them are no rows of ours.

- **escalations**: all of them, also those that were answered before anybody was paged.
- **ran**: those of which a step has run, or which somebody acknowledged.
- **acknowledged**: those of which an acknowledgement stands; one that was given back, undone or timed out doesn't.
- **answered**, **exhausted**, **cancelled**: how those ended that ran and that nobody acknowledged. **open**: what of them goes on.
- **share**: acknowledged, of those that ran and don't go on unacknowledged. None where there are none: no share is not 0 %.
- **nobody_notified**: those of which, at some time, a whole pass reached nobody. **failed**: these, and the exhausted ones, each once.
- **pages**: messages of steps, also those that a bundle carried; what only tells something is none; of a person who is
  asked for, only theirs. **failing**: those that were
  refused for good, of all but what was withdrawn or waits. **led**: the last page that whoever acknowledged had had by then.
- **at night**: sent from 22:00 to 06:00 of the clock of whom it went to.
- **time to acknowledge**: from the opening to the acknowledgement that stands, each instant cut to its second. An item without one
  has no time, and not 0. **median**: the middle one, or the mean of the two middle ones. **p90**: the shortest time within which
  nine of ten were acknowledged (nearest rank).
- **never acknowledged**: a step that ran, of escalations that are over (acknowledged or ended), and before the next one nobody
  acknowledged in any of its runs, not even in part, or for a while. Steps that go out together share it; each repeat is a run.
- **refused**: messages that failed for good, of all but what was withdrawn or waits.
- **untaken**: tickets that missed their response deadline (`facts.deadlines`) and for which no action item was ever opened;
  where action items are removed, only of tickets that are younger than that.
- **acknowledged last**: plans of several steps of which every acknowledgement that stands came at the last of them.

Deadlines (`figures.deadlines`) are counted of tickets, not of action items: only so there is a *before*.

- **deadlines**: of tickets of one DocType that the reader may read, whether a plan took them or not: with a plan, of those that it
  would take by their facts of now, its condition apart; without one, of all. Each clock of which a ticket itself says by when
  counts alone. The period is that of the deadline. Not counted is what was cancelled, or merged into another ticket.
- **month**: the one in which the deadline lies, on the site's clock. An instant of an hour that came twice is that of the second.
- **met**: done by then, to the second: an agent first responded; the ticket was resolved or closed. **missed**: done later, or
  not done and overdue. **open**: not due yet, or standing still since before it was (on hold). **unknown**: closed, and no word of when
  it was done.
- **share**: met, of those that were met or missed. None where there are none.
- **before**, **enabled** (since), **disabled**: how it stood at the deadline's instant with the plan, or with all plans of the clock,
  one being enough. A month in which that changed has a row of each. **not known**: nobody kept it. A plan is enabled for
  the clock and the DocType that it had then; enabled again, it goes on as *since*. One that is deleted counts by its items.
"""

from escalation_mgmt.views.figures import deadlines
from escalation_mgmt.views.figures.asked import Asked, read, seconds_between
from escalation_mgmt.views.figures.messages import by_method, by_person
from escalation_mgmt.views.figures.outcomes import MESSAGES
from escalation_mgmt.views.figures.refused import refused
from escalation_mgmt.views.figures.response import GROUPS, response, total
from escalation_mgmt.views.figures.steps import acknowledged_last, ends, never_acknowledged
from escalation_mgmt.views.figures.untaken import (
	kept_since,
	looks_at_tickets,
	partly_read,
	untaken,
	untaken_tickets,
)

__all__ = [
	"GROUPS",
	"MESSAGES",
	"Asked",
	"acknowledged_last",
	"by_method",
	"by_person",
	"deadlines",
	"ends",
	"kept_since",
	"looks_at_tickets",
	"never_acknowledged",
	"partly_read",
	"read",
	"refused",
	"response",
	"seconds_between",
	"total",
	"untaken",
	"untaken_tickets",
]
