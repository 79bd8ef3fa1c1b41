"""`dataclasses.replace` for an action item, at a tenth of its price: a step changes one five times, and it has forty fields.

It copies what is there; nothing is computed when an item is made, so that there is nothing that a copy could miss.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
	from dataclasses import replace as changed
else:

	def changed(item: Any, /, **changes: Any) -> Any:
		"""The same item but for `changes`. Raises TypeError for what is no field of it."""
		copied = object.__new__(type(item))
		known = vars(copied)
		known.update(vars(item))
		count = len(known)
		known.update(changes)
		if len(known) != count:
			raise TypeError(f"no field of {type(item).__name__}: {sorted(set(changes) - set(vars(item)))}")
		return copied


__all__ = ["changed"]
