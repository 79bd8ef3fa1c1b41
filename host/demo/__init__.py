"""The demo: one ticket, from the first message to the report, on real servers of this machine.

`python -m host.demo` sets everything up, tells what happens line by line, and stays up; `--once` leaves after the
report, with 0 only if every message was really received and the report names each step and the acknowledgement.
"""
