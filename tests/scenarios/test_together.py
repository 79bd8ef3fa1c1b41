"""Statements that are written as one: all of them, in their order, and before anything reads what they wrote."""

from collections.abc import Iterator

import frappe
import pytest

from escalation_mgmt.utils import together
from tests.world import World
from tests.world.statements import listened

PUT = "insert into `tabNote Of Ours` (`name`, `text`) values (%s, %s)"


@pytest.fixture
def table(world: World) -> Iterator[str]:
	if frappe.db.db_type != "mariadb":
		pytest.skip("SQLite writes at once")
	frappe.db.sql_ddl("create table `tabNote Of Ours` (`name` varchar(140) primary key, `text` varchar(140))")
	yield "tabNote Of Ours"
	frappe.db.rollback()
	frappe.db.sql_ddl("drop table `tabNote Of Ours`")


def texts() -> list[tuple[str, str]]:
	return list(frappe.db.sql("select `name`, `text` from `tabNote Of Ours` order by `name`"))


def test_what_is_written_together_is_one_statement_in_its_order(table: str) -> None:
	said = "100 %s; end if; 'quoted' \\ – \N{FIRE}"
	with listened() as asked, together.together():
		together.write(PUT, ("a", said))
		together.write(f"update `{table}` set `text` = concat(`text`, %s) where `name` = %s", ("!", "a"))
		together.write(PUT, ("b", "second"))
	assert len(asked) == 1 and texts() == [("a", f"{said}!"), ("b", "second")]
	frappe.db.rollback()
	assert not texts(), "it ends no transaction"


def test_what_waits_is_there_once_somebody_reads_it(table: str) -> None:
	with together.together():
		together.write(PUT, ("a", "first"))
		assert not texts()
		together.now()
		assert texts() == [("a", "first")]
		together.write(PUT, ("b", "second"))
	assert texts() == [("a", "first"), ("b", "second")]
	together.write(PUT, ("c", "alone"))
	assert len(texts()) == 3, "outside of the block nothing waits"


def test_what_fails_says_so_and_nothing_waits_afterwards(table: str) -> None:
	frappe.db.savepoint("until_here")
	with pytest.raises(together.NotTogether) as failed, together.together():
		together.write(PUT, ("a", "first"))
		together.write(PUT, ("a", "the same"))
		together.write(PUT, ("b", "second"))
	assert frappe.db.is_primary_key_violation(failed.value.__cause__)
	assert texts() == [("a", "first")]
	frappe.db.rollback(save_point="until_here")
	assert not texts()
	with pytest.raises(ZeroDivisionError), together.together():
		together.write(PUT, ("a", "never"))
		_ = 1 / 0
	together.write(PUT, ("b", "at once"))
	assert texts() == [("b", "at once")]
