"""`escalation items`: what escalates now, or has."""

from typing import Any

import click
import frappe
from frappe import _
from frappe.commands import pass_context

from escalation_mgmt.commands import output
from escalation_mgmt.commands.site import connected


@click.command("items")
@click.option("--all", "ended", is_flag=True, help="Those that have ended as well.")
@click.option("--ticket", default="", help="Those of one ticket, ended or not.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000))
@output.as_json
@pass_context
def items(context, ended: bool, ticket: str, limit: int, as_json: bool) -> None:
	"""Say what escalates, what is due first at the top; what has ended after it, the latest first."""
	from escalation_mgmt.storage import action_items

	with connected(context):
		names = _names(ended or bool(ticket), ticket, limit)
		read = {stored.item.id: stored for stored in action_items.readable(names)}
		found = [read[name] for name in names if name in read]
		if as_json:
			output.write([_for_programs(stored) for stored in found])
			return
		for stored in found:
			_print(stored)
		if not found:
			click.echo("Nothing escalates." if not (ended or ticket) else "There is no action item.")


def _names(ended: bool, ticket: str, limit: int) -> list[str]:
	from escalation_mgmt.engine import RUNNING
	from escalation_mgmt.utils import rows
	from escalation_mgmt.utils.doctypes import ITEM

	running = sorted(RUNNING)
	where, values = [], []
	if not ended:
		where.append(f"`status` in ({rows.placeholders(running)})")
		values += running
	if ticket:
		where.append("`reference_name` = %s")
		values.append(ticket)
	return frappe.db.sql(
		f"select `name` from `tab{ITEM}` {'where' * bool(where)} {' and '.join(where)}"
		f" order by `status` not in ({rows.placeholders(running)}), `due_utc` is null, `due_utc`,"
		f" `ended_utc` desc, `name` limit {limit}",
		(*values, *running),
		pluck=True,
	)


def _for_programs(stored) -> dict[str, Any]:
	item = stored.item
	return {
		"item": item.id,
		"ticket": {"doctype": stored.key.doctype, "name": stored.key.name},
		"plan": item.plan.name,
		"clock": item.plan.clock,
		"priority": item.facts.priority,
		"status": item.status,
		"step": item.step,
		"steps": len(item.plan.steps),
		"run": item.run,
		"opened_at": _instant(item.opened_at),
		"due_at": _instant(item.next_at),
		"ended_at": _instant(item.ended_at),
		"acknowledged_by": item.acknowledged_by or None,
		"acknowledged_at": _instant(item.acknowledged_at),
		"acknowledged_via": item.acknowledged_via or None,
		"reaches_nobody": item.stalled,
		"stands_still_since": _instant(item.paused_at),
		"parked": bool(item.parked),
		"held_since": _instant(item.held_at),
	}


def _instant(utc: Any) -> str | None:
	return f"{utc.isoformat(timespec='seconds')}Z" if utc else None


def _print(stored) -> None:
	from escalation_mgmt.engine import RUNNING
	from escalation_mgmt.storage import wording
	from escalation_mgmt.utils import clock
	from escalation_mgmt.views import ticket_form

	item = stored.item
	due = f", due {clock.shown(item.next_at)}" if item.next_at else ""
	due = ", held after a restore" if item.held_at else due
	wrong = item.stalled or item.parked or item.held_at
	click.secho(
		f"{item.id}  {wording.status(item.status)}{due}  {stored.key.doctype} {stored.key.name}"
		f" ({item.facts.priority or 'no priority'})  {_(item.plan.clock)}: {item.plan.name}",
		fg="red" if wrong else None,
		bold=item.status in RUNNING,
	)
	click.echo(f"    {ticket_form.headline(item)}")
