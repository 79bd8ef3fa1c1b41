"""Many requests at once, in one thread; their connections are kept from one batch to the next.

Within `connections_kept()` a notifier finds the pool that an earlier batch has opened. Outside of it each batch opens and
closes its own. A pool is never kept while nothing is sent: a server may close what is idle, and whether it has taken a
request that crossed its good-bye is not known.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property
from typing import Any, Protocol

HANDED_BACK_EVERY = 0.05  # seconds; one slow answer must not hold up what is known of others


class Pool(Protocol):
	async def close(self) -> None: ...


class _Connections:
	def __init__(self) -> None:
		self.pools: dict[Hashable, Pool] = {}

	@cached_property
	def runner(self) -> asyncio.Runner:
		return asyncio.Runner()

	def pool(self, key: Hashable, open_pool: Callable[[], Pool]) -> Pool:
		async def opened() -> Pool:
			return open_pool()  # some need a running loop

		if key not in self.pools:
			self.pools[key] = self.runner.run(opened())
		return self.pools[key]

	def close(self) -> None:
		if "runner" not in vars(self):
			return  # nothing was sent: no event loop is made only to be closed
		with self.runner:
			for pool in self.pools.values():
				self.runner.run(pool.close())


_kept: ContextVar[_Connections | None] = ContextVar("escalation_connections", default=None)


@contextmanager
def connections_kept() -> Iterator[None]:
	"""Keep connections until the end of this block, which may stand within another one."""
	if _kept.get():
		yield
		return
	connections = _Connections()
	token = _kept.set(connections)
	try:
		yield
	finally:
		_kept.reset(token)
		connections.close()


def all_at_once(
	key: Hashable,
	open_pool: Callable[[], Any],
	asked: Iterable[Any],
	one: Callable[[Any, Any], Awaitable[Any]],
) -> Iterator[list[tuple[Any, Any]]]:
	"""Run `one(pool, each)` for each that is asked; hand each back with its result, in lists, soon after it is known.

	`open_pool` makes the pool, which has an async `close`; one that was made under the same `key` is taken again. `one`
	must not raise.
	"""
	connections = _kept.get() or _Connections()
	try:
		pool, run = connections.pool(key, open_pool), connections.runner.run
		run(_notice_what_was_closed())
		loop = connections.runner.get_loop()
		tasks = {loop.create_task(one(pool, each)): each for each in asked}
		pending = set(tasks)
		try:
			while pending:
				done, pending = run(_wait(pending))
				if done:
					yield [(tasks[task], task.result()) for task in done]
		finally:
			for task in pending:  # nobody asks for their results any more
				task.cancel()
			if pending:
				run(_wait(pending))
	finally:
		if connections is not _kept.get():
			connections.close()


async def _wait(pending: set[asyncio.Task]) -> tuple[set[asyncio.Task], set[asyncio.Task]]:
	return await asyncio.wait(pending, timeout=HANDED_BACK_EVERY)


async def _notice_what_was_closed() -> None:
	"""While no batch was sent the loop stood still: two turns, and no closed connection is taken for an open one."""
	for _turn in range(2):
		await asyncio.sleep(0)
