"""What the messages of a rehearsal say."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from escalation_mgmt.delivery.preview import Previews
from escalation_mgmt.engine import EventKind, Page, Recipient

MOST_WORDED = 20  # messages of one step whose words are shown


@dataclass(frozen=True, slots=True)
class Words:
	"""What one message says, or each of several that say the same."""

	method: str
	to: str
	text: str


class MessageWords:
	"""What messages say. Each is rendered once: a plan that repeats says the same again and again."""

	def __init__(self, previews: Previews) -> None:
		self.words: list[Words] = []
		self._previews = previews
		self._places: dict[tuple[Any, ...], list[int]] = {}

	def by_pages(self, pages: Sequence[Page]) -> list[int]:
		"""Where in `words` the words of one step's pages stand."""
		if not pages:
			return []
		step = pages[0].step
		return self._of(step.number, [page.recipient for page in pages], partial(self._previews.page, step))

	def by_notice(self, about: EventKind, recipient: Recipient) -> list[int]:
		return self._of(about, [recipient], partial(self._previews.notice, about))

	def _of(self, what: Any, to: Sequence[Recipient], render: Callable[[Recipient], str]) -> list[int]:
		key = (what, *((one.method, one.counted_as) for one in to))
		if key not in self._places:
			texts: dict[str, list[str]] = {}
			for one in to[:MOST_WORDED]:
				texts.setdefault(render(one), []).append(one.label)
			first = len(self.words)
			self.words += [Words(to[0].method, ", ".join(names), text) for text, names in texts.items()]
			self._places[key] = list(range(first, len(self.words)))
		return self._places[key]
