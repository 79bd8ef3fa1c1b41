"""Who does something to an action item."""

from dataclasses import dataclass

from escalation_mgmt.engine.event import Named


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
	"""A person, or an address that is nobody's."""

	name: str  # as history names them: a person's name, or the label of an address
	user: str = ""  # empty: a bare address
	address: str = ""  # the bare address itself
	at: str = ""  # the address that they acted from, where others are reached at it too
	shared: Named = ()  # those others: which of them it was, nobody can tell
	via: str = ""  # by which means: a form, the API, a link, a reply, a key

	@property
	def counted_as(self) -> str:
		"""Under which an acknowledgement is counted: the user, or the label of an address that is nobody's."""
		return self.user or self.name

	@property
	def named(self) -> Named:
		"""As a line of history names them."""
		return ((self.user, self.name),)

	@property
	def addressed_as(self) -> frozenset[str]:
		"""By which a notice would go to them: the user, or the bare address; and the address that they have just acted from."""
		return frozenset({self.user, self.address, self.at} - {""})
