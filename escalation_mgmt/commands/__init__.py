"""Commands for the shell: `bench --site SITE escalation …`.

Each leaves with 2, and a sentence, where it couldn't do what it is for: no such site, a site without the app, or no
database. A monitor can tell that from what a command has found to be wrong (1). With `--json` each writes JSON and nothing
else to its standard output.
"""

import click

from escalation_mgmt.commands.check import check
from escalation_mgmt.commands.dispatch import dispatch
from escalation_mgmt.commands.items import items
from escalation_mgmt.commands.rehearse import rehearse
from escalation_mgmt.commands.status import status


@click.group("escalation")
def escalation() -> None:
	"""Escalation Management."""


for command in (dispatch, status, check, rehearse, items):
	escalation.add_command(command)

commands = [escalation]
