"""`escalation rehearse`: what a plan would do."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import click
import frappe
from frappe.commands import pass_context

from escalation_mgmt.commands import output
from escalation_mgmt.commands.site import connected


@click.command("rehearse")
@click.argument("plan")
@click.option("--ticket", default="", help="An existing ticket; without it one is made up.")
@click.option("--priority", default="", help="Of the made-up ticket, as all that follow.")
@click.option("--team", default="")
@click.option("--type", "ticket_type", default="")
@click.option("--customer", default="")
@click.option("--assignee", default="", help="A user.")
@click.option(
	"--deadline-in",
	default=0.0,
	metavar="MINUTES",
	help="Its deadline is so long after the start; 0: as agreed.",
)
@click.option("--at", default="now", help="'2026-11-27 17:50' in the site's time zone, or 'Friday 17:50'.")
@click.option("--acknowledged-by", default=0, metavar="N", help="The N-th message is acknowledged.")
@click.option("--everyone", is_flag=True, help="All others whom it asks acknowledge as well.")
@click.option("--delay", default=0.0, metavar="MINUTES", help="So long after that message.")
@output.as_json
@pass_context
def rehearse(  # noqa: PLR0913 - click gives each option by its name
	context, plan, ticket, deadline_in, at, acknowledged_by, everyone, delay, as_json, **hypothetical
) -> None:
	"""Say what PLAN would do: who is reached, when, and how. Nothing is sent. Leaves with 1 if somebody can't be reached."""
	from escalation_mgmt.engine import Responses
	from escalation_mgmt.preflight import rehearsal
	from escalation_mgmt.utils.doctypes import PLAN

	with connected(context), _refused_in_words():
		if not frappe.db.exists(PLAN, plan):
			raise output.Refused(f"There is no plan {plan}.")
		responses = Responses(to_message=acknowledged_by, everyone=everyone, delay=timedelta(minutes=delay))
		found = rehearsal.of_plan(
			frappe.get_doc(PLAN, plan),
			ticket=ticket,
			hypothetical={**hypothetical, "deadline_in": 60 * deadline_in},
			start=rehearsal.start(at),
			responses=responses,
		)
		if as_json:
			output.write(_for_programs(found))
		else:
			_print(found)
	raise SystemExit(1 if found.unreachable else 0)


@contextmanager
def _refused_in_words() -> Iterator[None]:
	try:
		yield
	except (frappe.ValidationError, ValueError, OverflowError) as e:
		why = e.args[0] if e.args else e
		raise output.Refused("\n".join(why) if isinstance(why, list) else str(why)) from e


def _for_programs(found) -> dict[str, Any]:
	"""What is shown (`rehearsal.Rehearsal`), times with the offset of the site's zone."""
	from escalation_mgmt.utils import clock

	shown = asdict(found)
	for line in shown["lines"]:
		del line["marks"]  # of Desk's picture
		line["at"] = clock.as_iso(line["at"])
	return shown


def _print(found) -> None:
	click.secho(f"{found.plan}: {found.outcome}", bold=True)
	for note in (*found.notes, *found.stand_ins):
		click.secho(note, fg="yellow")
	click.echo(f"Times in {found.zone}.")
	day = None
	for line in found.lines:
		if line.at.date() != day:
			day = line.at.date()
			click.echo(f"\n{day:%A %Y-%m-%d}")
		click.secho(f"  {line.at:%H:%M:%S}  {line.line}", fg="red" if line.remedy else None)
		if line.remedy:
			click.secho(f"            {line.remedy.label} {line.remedy.url}".rstrip(), fg="red")
	click.echo(f"\n{found.messages} {'message' if found.messages == 1 else 'messages'}.")
	if found.unreachable:
		click.secho(f"Can't be reached: {', '.join(found.unreachable)}.", fg="red")
