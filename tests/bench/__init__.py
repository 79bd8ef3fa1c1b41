"""The tests on a bench, by one command: `make test-bench SITE=test.localhost`. docs/testing.md says how.

Standard library only: the bench's interpreter starts it, and nothing of what tests need is there yet.
"""


class Refused(Exception):
	"""It can't go on. The text says why, and what to do."""
