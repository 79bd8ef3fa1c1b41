"""Which deadlines of tickets were missed, in SQL. All instants are the helpdesk's own, in the site's zone, and are compared
with each other alone.
"""

from typing import Any

from escalation_mgmt.facts.sources import Source
from escalation_mgmt.facts.tickets import CANCELLED, closed_sql
from escalation_mgmt.utils import clock

Values = tuple[Any, ...]


def missed_response(src: Source, table: str) -> tuple[str, Values] | None:
	"""Whether a ticket's first response came after its deadline, or hasn't come though that is over; None: this site's tickets
	don't say by when they are to be answered, or whether they are closed.

	Of a closed ticket without a first response nobody knows when it was answered: it has missed nothing. Neither has one that
	was cancelled, or merged into another.
	"""
	if src.response_by not in src.fields or "status" in src.lost:
		return None
	closed, values = closed_sql(src, table)
	answered = f"{table}.`{src.first_response}`" if src.first_response in src.fields else "null"
	by = f"{table}.`{src.response_by}`"
	missed = (
		f"({table}.`docstatus` < {CANCELLED} and ({answered} > {by}"
		f" or ({answered} is null and {by} < %s and not ({closed}))))"
	)
	if src.merged_into in src.fields:
		missed = f"({missed} and coalesce({table}.`{src.merged_into}`, '') in ('', '0'))"
	return missed, (clock.to_site(clock.now()), *values)
