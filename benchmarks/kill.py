"""The dispatcher is killed in mid-burst: what another one makes of that, once the first's attempts count as lost."""

from __future__ import annotations

from benchmarks import counts, site
from benchmarks.dispatchers import Dispatchers
from benchmarks.measure import Figure, sink, wrong

COUNT = 6000
KILLED_AT = (500, 3000, 5500)  # messages that the sink has received


def measure() -> list[Figure]:
	with sink() as receiver:
		return [_killed(receiver, at) for at in KILLED_AT]


def _killed(receiver, at: int) -> Figure:
	from escalation_mgmt.delivery.claim import HEARD_OF_WITHIN
	from escalation_mgmt.dispatch import dispatcher
	from escalation_mgmt.utils import clock

	name = f"killed after {at} of {COUNT}: lost / twice unmarked"
	site.plan(receiver)
	receiver.forget()
	with Dispatchers() as dispatchers:
		site.waiting(COUNT)
		site.fall_due()
		receiver.wait_for(at, 60)
		dispatchers.kill_one()
	try:
		dispatcher.tick()
		later = clock.now() + HEARD_OF_WITHIN
		clock.use(lambda: later)  # instead of two minutes of waiting
		dispatcher.tick()
	finally:
		clock.use(None)
	found = counts.count(COUNT, receiver.all())
	if not found.right:
		return wrong(name, str(found))
	value = f"{found.lost} / {found.unmarked} ({found.marked} marked)"
	return Figure(name=name, value=value, goal="0 / 0")
