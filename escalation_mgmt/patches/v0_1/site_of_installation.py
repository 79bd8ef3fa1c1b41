"""The installation's id says for which site and database it is, so that a copy with its configuration is mute.

An installation that could send before goes on. One that couldn't, a copy, stays as it is.
"""

from escalation_mgmt.utils import installation


def execute() -> None:
	installation.bind()
