"""What the database is asked while something is done."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from frappe.database.database import Database


@contextmanager
def listened() -> Iterator[list[str]]:
	"""The statements of meanwhile. Heard at the class: a function that was put on the connection would stay there, and whoever
	listens later would hear nothing.
	"""
	asked: list[str] = []
	sql = Database.sql
	with pytest.MonkeyPatch.context() as patch:
		patch.setattr(Database, "sql", lambda self, *a, **k: asked.append(str(a[0])) or sql(self, *a, **k))
		yield asked
