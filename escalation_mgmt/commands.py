"""Commands for the shell: `bench --site SITE escalation …`."""

import signal

import click
import frappe
from frappe.commands import get_site, pass_context


@click.group("escalation")
def escalation() -> None:
	"""Escalation Management."""


@escalation.command("dispatch")
@click.option("--once", is_flag=True, help="Run what is due now, send, and leave.")
@pass_context
def dispatch(context, once: bool = False) -> None:
	"""Run due steps as they fall due, until stopped. Any number of these may run at once."""
	from escalation_mgmt import dispatcher, installation, sweep

	frappe.init(get_site(context))
	frappe.connect()
	try:
		if not installation.is_live():
			click.secho(
				"This installation is mute; make it live in Escalation Settings.", fg="yellow", err=True
			)
		if once:
			ran = dispatcher.tick()
			sweep.sweep()
			click.echo(f"{ran + dispatcher.tick()} action items run")
			return
		stop = Stop()
		dispatcher.run(stop)
	finally:
		frappe.destroy()


@escalation.command("status")
@pass_context
def status(context) -> None:
	"""Say how the engine does. Leaves with 0 while all is well, with 1 otherwise."""
	from escalation_mgmt import monitor

	frappe.init(get_site(context))
	frappe.connect()
	try:
		state = monitor.health()
		for problem in state.problems:
			click.secho(problem, fg="red")
		if state.well:
			click.secho("All is well: nothing is overdue.", fg="green")
	finally:
		frappe.destroy()
	raise SystemExit(0 if state.well else 1)


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
