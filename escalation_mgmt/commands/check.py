"""`escalation check`: what would make an escalation fail."""

from dataclasses import asdict

import click
from frappe.commands import pass_context

from escalation_mgmt.commands import output
from escalation_mgmt.commands.site import connected


@click.command("check")
@output.as_json
@pass_context
def check(context, as_json: bool) -> None:
	"""Say what would make an escalation fail, and the remedy: in red what reaches nobody. Leaves with 0 where nothing would,
	with 1 otherwise.
	"""
	from escalation_mgmt.preflight import readiness
	from escalation_mgmt.preflight.finding import Grade

	with connected(context):
		found = readiness.findings(ask_providers=True)
		if as_json:
			output.write({"ready": not found, "findings": [asdict(finding) for finding in found]})
		else:
			for finding in found:
				click.secho(finding.problem, fg="red" if finding.grade is Grade.RED else "yellow")
				for remedy in finding.remedies:
					click.echo(f"    {remedy.label} {remedy.url}".rstrip())
			if not found:
				click.secho("All is ready.", fg="green")
	raise SystemExit(1 if found else 0)
