"""The floor: claim, send and mark, with nothing else; what MariaDB and aiohttp allow on this machine, now.

A table of its own, no plans, no templates, no people: sets of 500 are claimed and an outbox row is written for each,
committed, posted with 256 connections, marked as sent, committed.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable

import aiohttp
import frappe

SET = 500


def prepare(count: int) -> None:
	for table in ("bench_floor", "bench_floor_outbox"):
		frappe.db.sql_ddl(f"drop table if exists `{table}`")
	frappe.db.sql_ddl(
		"create table `bench_floor` (id bigint primary key, due datetime(6), state varchar(20), version int, key (due))"
	)
	frappe.db.sql_ddl(
		"create table `bench_floor_outbox` (id varchar(40) primary key, item bigint, state varchar(20))"
	)
	for start in range(0, count, SET):
		numbers = range(start, min(start + SET, count))
		frappe.db.sql(
			"insert into `bench_floor` values "
			+ ", ".join(["(%s, utc_timestamp(6), 'due', 0)"] * len(numbers)),
			tuple(numbers),
		)
	frappe.db.commit()


def run(url: str, headers: dict[str, str], body: Callable[[str], bytes]) -> None:
	"""Post everything that is due and mark it; `body` makes that of the message of an id."""
	with asyncio.Runner() as runner:
		pool = runner.run(_pool())
		while claimed := _claim():
			runner.run(_post(pool, url, headers, body, claimed))
			placeholders = ", ".join(["%s"] * len(claimed))
			frappe.db.sql(
				f"update `bench_floor_outbox` set state = 'sent' where id in ({placeholders})", tuple(claimed)
			)
			frappe.db.commit()
		runner.run(pool.close())


def _claim() -> list[str]:
	found = frappe.db.sql(
		f"select id from `bench_floor` where due <= utc_timestamp(6) order by due limit {SET} for update skip locked"
	)
	if not found:
		return []
	ids = [row[0] for row in found]
	placeholders = ", ".join(["%s"] * len(ids))
	frappe.db.sql(
		f"update `bench_floor` set state = 'ran', due = null, version = version + 1 where id in ({placeholders})",
		tuple(ids),
	)
	messages = [str(uuid.uuid4()) for _id in ids]
	values = [value for pair in zip(messages, ids, strict=True) for value in (*pair, "sending")]
	frappe.db.sql(
		"insert into `bench_floor_outbox` values " + ", ".join(["(%s, %s, %s)"] * len(ids)), tuple(values)
	)
	frappe.db.commit()
	return messages


async def _pool() -> aiohttp.ClientSession:
	return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=256))


async def _post(
	pool: aiohttp.ClientSession,
	url: str,
	headers: dict[str, str],
	body: Callable[[str], bytes],
	messages: list[str],
) -> None:
	async def post(id: str) -> None:
		async with pool.post(url, data=body(id), headers={**headers, "webhook-id": id}) as answer:
			await answer.read()

	await asyncio.gather(*(post(id) for id in messages))
