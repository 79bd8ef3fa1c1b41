"""`escalation status`: how the engine does."""

from dataclasses import asdict

import click
from frappe.commands import pass_context

from escalation_mgmt.commands import output
from escalation_mgmt.commands.site import connected


@click.command("status")
@output.as_json
@pass_context
def status(context, as_json: bool) -> None:
	"""Say how the engine does. Leaves with 0 while all is well, with 1 otherwise."""
	from escalation_mgmt.dispatch import monitor

	with connected(context):
		state = monitor.health()
		if as_json:
			output.write({**asdict(state), "well": state.well, "problems": state.problems})
		else:
			for problem in state.problems:
				click.secho(problem, fg="red")
			if state.well:
				click.secho("All is well: nothing is overdue.", fg="green")
			for figure in monitor.figures():
				click.echo(f"{figure['label']}: {figure['value']}")
	raise SystemExit(0 if state.well else 1)
