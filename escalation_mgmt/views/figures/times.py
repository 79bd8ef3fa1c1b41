"""Times, counted by their seconds: the middle one, and within which so many of them lie."""

from collections import Counter


class Times(Counter[int]):
	"""How many there are of each time (seconds)."""

	def median(self) -> float | None:
		"""The middle one, or the mean of the two in the middle; None where there is none."""
		count = self.total()
		lower, upper = self._at((count + 1) // 2), self._at(count // 2 + 1)
		return None if lower is None or upper is None else (lower + upper) / 2

	def within(self, percent: int) -> float | None:
		"""The shortest of them within which so many percent lie (nearest rank)."""
		return self._at(-(-self.total() * percent // 100))

	def _at(self, place: int) -> float | None:
		"""The time at a place of their order, from 1."""
		passed = 0
		for seconds, count in sorted(self.items()):
			passed += count
			if place <= passed:
				return float(seconds)
		return None
