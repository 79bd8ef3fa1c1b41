"""The sender: a process beside the resident dispatcher that sends what the dispatcher has queued.

Deciding and sending take about as long as each other, and one interpreter does one thing at a time. Messages are
claimed in the database as ever, so that it matters to nobody else which process sends.
"""

import gc
import os
import signal
import time
from collections.abc import Callable

import frappe

from escalation_mgmt import delivery
from escalation_mgmt.lanes import AFTER_AN_ERROR, FRESH_SECONDS, Lanes


class Sender:
	"""Start it before this process has a connection or a thread: it is forked. It ends with the dispatcher, however that
	ends; what is under way is finished before."""

	def __init__(self, connect: Callable[[], None]):
		"""`connect` gives the thread that calls it a fresh connection to the site."""
		woken, self._wake = os.pipe()
		self.pid = os.fork()
		if not self.pid:
			os.close(self._wake)
			_send_when_woken(woken, connect)
		os.close(woken)
		os.set_blocking(self._wake, False)

	def wake(self) -> bool:
		"""Let it look for messages that are due. False: it is gone."""
		try:
			os.write(self._wake, b".")
		except BlockingIOError:
			pass  # it has been woken often enough
		except OSError:
			return False
		return True

	def close(self) -> None:
		"""Let it finish what is under way, and wait for that."""
		os.close(self._wake)
		os.waitpid(self.pid, 0)


def _send_when_woken(woken: int, connect: Callable[[], None]) -> None:
	"""What the sender does until the pipe is closed. It never returns."""
	for number in (
		signal.SIGTERM,
		signal.SIGINT,
	):  # process managers tell all of a group: the dispatcher decides
		signal.signal(number, signal.SIG_IGN)
	gc.freeze()  # what the dispatcher has imported stays, and stays shared
	try:
		with Lanes(connect) as lanes:
			fresh = float("-inf")
			while os.read(woken, 4096):
				try:
					if time.monotonic() - fresh > FRESH_SECONDS:
						connect()
						fresh = time.monotonic()
					lanes.send(delivery.methods_due())
				except Exception:
					frappe.logger("escalation_mgmt").exception("the sender met an error, and goes on")
					time.sleep(AFTER_AN_ERROR)
					fresh = float("-inf")
	finally:
		os._exit(0)  # nothing of the dispatcher's is to be ended here
