"""Overlay of `frappe/query_builder/builder.py`."""


class SQLite:
	@classmethod
	def _builder(cls, *args, **kwargs) -> "SQLLiteQueryBuilder":
		return LockingSQLiteQueryBuilder(**kwargs)


# new
class LockingSQLiteQueryBuilder(SQLLiteQueryBuilder):
	"""Takes for_update()'s arguments, and the parameterised wrapper, which its parent sets itself."""

	QUERY_CLS = SQLite

	def __init__(self, **kwargs):
		super().__init__(**kwargs)
		self._wrapper_cls = SQLiteParameterizedValueWrapper

	def for_update(self, nowait=False, skip_locked=False, of=(), **kwargs):
		return super().for_update()
