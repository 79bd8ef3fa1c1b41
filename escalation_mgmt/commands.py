"""Commands for the shell: `bench --site SITE escalation …`.

Each leaves with 2, and a sentence, where it couldn't do what it is for: no such site, a site without the app, or no
database. A monitor can tell that from what a command has found to be wrong (1).
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import click
import frappe
from frappe.commands import get_site, pass_context


class Unavailable(click.ClickException):
	"""What was asked for can't be done here."""

	exit_code = 2


@contextmanager
def connected(context: Any) -> Iterator[None]:
	"""Connected to the command's site, on which the app is installed, and rolled back at the end. Raises Unavailable, in
	words, where that can't be.
	"""
	site, installed = get_site(context), False
	try:
		frappe.init(site)
		if not os.path.exists(frappe.get_site_path("site_config.json")):
			raise frappe.IncorrectSitePath
		frappe.connect()
		_ensure_installed(site)
		installed = True
		yield
		frappe.db.rollback()
	except frappe.IncorrectSitePath as e:
		raise Unavailable(f"There is no site {site}.") from e
	except Exception as e:
		if installed and _of_another_schema(e):
			raise Unavailable(f"{_said(e)}. Bring the site up to date: bench --site {site} migrate") from e
		if _of_the_database(e):
			raise Unavailable(f"The database of {site} can't be used: {_said(e)}") from e
		raise
	finally:
		frappe.destroy()


def _ensure_installed(site: str) -> None:
	if "escalation_mgmt" not in frappe.get_installed_apps():
		raise Unavailable(
			f"Escalation Management is not installed on {site}. Install it there:"
			f" bench --site {site} install-app escalation_mgmt"
		)


def _of_another_schema(error: Exception) -> bool:
	return bool(frappe.db.is_table_missing(error) or frappe.db.is_missing_column(error))


def _of_the_database(error: Exception) -> bool:
	"""Whether the database is away, refuses us, or isn't the site's: by the names of PEP 249, which every driver has."""
	names = {kind.__name__ for kind in type(error).__mro__}
	return bool(names & {"OperationalError", "InterfaceError", "ProgrammingError"})


def _said(error: Exception) -> str:
	return str(error.args[-1]) if error.args else type(error).__name__


@click.group("escalation")
def escalation() -> None:
	"""Escalation Management."""


@escalation.command("dispatch")
@click.option("--once", is_flag=True, help="Run what is due now, send, and leave.")
@pass_context
def dispatch(context, once: bool = False) -> None:
	"""Run due steps as they fall due, until stopped. Any number of these may run at once."""
	from escalation_mgmt.delivery.process import Sender
	from escalation_mgmt.dispatch import dispatcher, sweep
	from escalation_mgmt.utils import installation

	site = get_site(context)
	sender = None if once else Sender(lambda: dispatcher.reconnect(site))
	try:
		with connected(context):
			if not installation.is_live():
				click.secho(
					"This installation is mute; make it live in Escalation Settings.", fg="yellow", err=True
				)
			if once:
				ran = dispatcher.tick()
				sweep.sweep()
				count = ran + dispatcher.tick()
				click.echo(f"{count} action {'item' if count == 1 else 'items'} run")
			else:
				dispatcher.run(Stop(), sender)
	finally:
		if sender:
			sender.close()


@escalation.command("status")
@pass_context
def status(context) -> None:
	"""Say how the engine does. Leaves with 0 while all is well, with 1 otherwise."""
	from escalation_mgmt.dispatch import monitor

	with connected(context):
		state = monitor.health()
		for problem in state.problems:
			click.secho(problem, fg="red")
		if state.well:
			click.secho("All is well: nothing is overdue.", fg="green")
		for figure in monitor.figures():
			click.echo(f"{figure['label']}: {figure['value']}")
	raise SystemExit(0 if state.well else 1)


@escalation.command("check")
@pass_context
def check(context) -> None:
	"""Say what would make an escalation fail, and the remedy. Leaves with 0 where nothing would, with 1 otherwise."""
	from escalation_mgmt.preflight import readiness

	with connected(context):
		found = readiness.findings(ask_providers=True)
		for finding in found:
			click.secho(finding.problem, fg="red")
			click.echo(f"    {finding.remedy.label} {finding.remedy.url}".rstrip())
		if not found:
			click.secho("All is ready.", fg="green")
	raise SystemExit(1 if found else 0)


@escalation.command("rehearse")
@click.argument("plan")
@click.option("--ticket", default="", help="An existing ticket; without it one is made up.")
@click.option("--priority", default="", help="Of the made-up ticket, as all that follow.")
@click.option("--team", default="")
@click.option("--type", "ticket_type", default="")
@click.option("--customer", default="")
@click.option("--assignee", default="", help="A user.")
@click.option("--at", default="now", help="'2026-11-27 17:50' in the site's time zone, or 'Friday 17:50'.")
@click.option("--acknowledged-by", default=0, metavar="N", help="The N-th message is acknowledged.")
@click.option("--everyone", is_flag=True, help="All others whom it asks acknowledge as well.")
@click.option("--delay", default=0.0, metavar="MINUTES", help="So long after that message.")
@pass_context
def rehearse(context, plan, ticket, at, acknowledged_by, everyone, delay, **hypothetical) -> None:
	"""Say what PLAN would do: who is reached, when, and how. Nothing is sent. Leaves with 1 if somebody can't be reached."""
	from escalation_mgmt.engine import Responses
	from escalation_mgmt.preflight import rehearsal
	from escalation_mgmt.utils.doctypes import PLAN

	with connected(context), _refused_in_words():
		if not frappe.db.exists(PLAN, plan):
			raise click.ClickException(f"There is no plan {plan}.")
		responses = Responses(to_message=acknowledged_by, everyone=everyone, delay=timedelta(minutes=delay))
		found = rehearsal.of_plan(
			frappe.get_doc(PLAN, plan),
			ticket=ticket,
			hypothetical=hypothetical,
			start=rehearsal.start(at),
			responses=responses,
		)
		_print(found)
	raise SystemExit(1 if found.unreachable else 0)


@contextmanager
def _refused_in_words() -> Iterator[None]:
	try:
		yield
	except (frappe.ValidationError, ValueError, OverflowError) as e:
		why = e.args[0] if e.args else e
		raise click.ClickException("\n".join(why) if isinstance(why, list) else str(why)) from e


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


class Stop:
	"""True once the process was asked to end; what is under way is finished first."""

	def __init__(self) -> None:
		self.asked = False
		for signal_number in (signal.SIGTERM, signal.SIGINT):
			signal.signal(signal_number, self._ask)

	def _ask(self, *_args: object) -> None:
		self.asked = True

	def __call__(self) -> bool:
		return self.asked


commands = [escalation]
