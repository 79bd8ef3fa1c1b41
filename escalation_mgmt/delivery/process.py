"""The sender: a process beside the resident dispatcher that sends what the dispatcher has queued.

Deciding and sending take about as long as each other, and one interpreter does one thing at a time. Messages are
claimed in the database as ever, so that it matters to nobody else which process sends.
"""

import gc
import os
import signal
from collections.abc import Callable, Iterable

import frappe

from escalation_mgmt import delivery
from escalation_mgmt.delivery.method_threads import MethodThreads
from escalation_mgmt.facts.people import Directory
from escalation_mgmt.utils.error_reports import log_error


class Sender:
	"""Start it before this process has a connection or a thread: it is forked. It ends with the dispatcher, however that
	ends; what is under way is finished before."""

	def __init__(self, connect: Callable[[], None]):
		"""`connect` gives the thread that calls it a fresh connection to the site."""
		reading, self._writing = os.pipe()
		self.pid = os.fork()
		if not self.pid:
			os.close(self._writing)
			_send_as_asked(reading, connect)
		os.close(reading)
		os.set_blocking(self._writing, False)

	def send(self, methods: Iterable[str]) -> bool:
		"""Let these methods' messages be sent. False: it is gone."""
		try:
			os.write(self._writing, "".join(f"{method}\n" for method in methods).encode())
		except BlockingIOError:
			pass  # it has been told often enough
		except OSError:
			return False
		return True

	def close(self) -> None:
		"""Let it finish what is under way, and wait for that."""
		os.close(self._writing)
		os.waitpid(self.pid, 0)


def _load(connect: Callable[[], None]) -> None:
	"""What sending needs is loaded before anything is due: the first message of a night would wait 0.4 s for it."""
	try:
		connect()
		directory = Directory()
		for method in directory.methods():
			directory.notifier(method)
		delivery.methods_due()
	except Exception:
		log_error("the sender can't look at the site yet")
	finally:
		frappe.destroy()


def _send_as_asked(reading: int, connect: Callable[[], None]) -> None:
	"""What the sender does until the pipe is closed. It never returns."""
	# Process managers tell all of a group: the dispatcher decides.
	signal.signal(signal.SIGTERM, signal.SIG_IGN)
	signal.signal(signal.SIGINT, signal.SIG_IGN)
	try:
		_load(connect)
		gc.freeze()  # what has been imported stays, and the dispatcher's stays shared
		with MethodThreads(connect) as threads, os.fdopen(reading) as lines:
			for line in lines:
				threads.send([line.rstrip("\n")])
	finally:
		os._exit(0)  # nothing of the dispatcher's is to be ended here
