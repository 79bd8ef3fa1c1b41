"""`escalation dispatch`: the dispatcher as a process of its own."""

import signal

import click
from frappe.commands import get_site, pass_context

from escalation_mgmt.commands import output
from escalation_mgmt.commands.site import connected


@click.command("dispatch")
@click.option("--once", is_flag=True, help="Run what is due now, send, and leave.")
@output.as_json
@pass_context
def dispatch(context, once: bool, as_json: bool) -> None:
	"""Run due steps as they fall due, until stopped. Any number of these may run at once."""
	from escalation_mgmt.delivery.process import Sender
	from escalation_mgmt.dispatch import dispatcher, sweep
	from escalation_mgmt.utils import installation

	site = get_site(context)
	sender = None if once else Sender(lambda: dispatcher.reconnect(site))
	try:
		with connected(context):
			mute = not installation.is_live()
			if mute:
				said = "This installation is mute; make it live in Escalation Settings."
				click.secho(said, fg="yellow", err=True)
			if once:
				ran = dispatcher.tick()
				sweep.sweep()
				_say_ran(ran + dispatcher.tick(), mute, as_json)
			else:
				if as_json:
					output.write({"dispatching": site, "mute": mute})
				dispatcher.run(Stop(), sender)
	finally:
		if sender:
			sender.close()


def _say_ran(count: int, mute: bool, as_json: bool) -> None:
	if as_json:
		output.write({"items_run": count, "mute": mute})
	else:
		click.echo(f"{count} action {'item' if count == 1 else 'items'} run")


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
