"""What commands write: words for people, or JSON for programs."""

import json
import sys
from datetime import datetime
from typing import IO, Any

import click

as_json = click.option(
	"--json", "as_json", is_flag=True, help="Write JSON, with instants in ISO 8601, instead of words."
)


class Refused(click.ClickException):
	"""What was asked for isn't done, with the reason: a sentence on standard error, or {"error"} where JSON was asked for."""

	def __init__(self, message: str) -> None:
		super().__init__(message)
		context = click.get_current_context(silent=True)
		self._as_json = bool(context and context.params.get("as_json"))

	def show(self, file: IO[Any] | None = None) -> None:
		if self._as_json:
			write({"error": self.message})
		else:
			super().show(file)


def write(data: Any) -> None:
	"""One JSON text on a line of its own, seen at once also where standard output is a pipe."""
	click.echo(json.dumps(data, default=_plain, ensure_ascii=False))
	sys.stdout.flush()


def _plain(value: object) -> str:
	if isinstance(value, datetime):
		return value.isoformat(timespec="seconds")
	raise TypeError(f"{type(value).__name__} is not for JSON")
