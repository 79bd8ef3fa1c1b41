"""Overlay of `frappe/database/sqlite/database.py`: native parameters, locks that wait, types that come back."""

# new
_PLACEHOLDER = re.compile(r"%(?:\((\w+)\)s|s|%)")

# new
_LOCKING = re.compile(
	r"\s+(?:FOR\s+UPDATE(?:\s+OF\s+[^)]*?)?|LOCK\s+IN\s+SHARE\s+MODE)(?:\s+(?:SKIP\s+LOCKED|NOWAIT|WAIT\s+\d+))?(?=\s*(?:\)|;|/\*|$))",
	re.IGNORECASE,
)

# new
_SHORT_INSTANT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,5})?")

# new
_WRITES = re.compile(r"\s*(?:INSERT|UPDATE|DELETE|REPLACE|CREATE|ALTER|DROP|SAVEPOINT|REINDEX)\b", re.IGNORECASE)

# new
_INSERT = re.compile(r'\s*INSERT INTO ("[^"]+") \(([^)]*)\)\s*VALUES\s*\(', re.IGNORECASE)


# new
def _instant(value: bytes):
	text = value.decode()
	try:
		return datetime.fromisoformat(text)
	except ValueError:
		return None


# new
def _day(value: bytes):
	try:
		return date.fromisoformat(value.decode()[:10])
	except ValueError:
		return None


# new
def _time_of_day(value: bytes):
	"""A timedelta, as MariaDB's driver gives."""
	from datetime import timedelta

	hours, minutes, seconds = ([*value.decode().split(":"), "0", "0"])[:3]
	return timedelta(hours=int(hours), minutes=int(minutes), seconds=float(seconds))


# new
def _adapt(value):
	"""Instants are compared as text here: so all have six digits after the second."""
	if isinstance(value, str):
		if len(value) < 26 and value[4:5] == "-" and _SHORT_INSTANT.fullmatch(value):
			return (value + ".000000" if len(value) == 19 else value.ljust(26, "0"))
		return str(value)
	if value is None or isinstance(value, int | float | bytes):
		return value
	if isinstance(value, datetime):
		return value.strftime("%Y-%m-%d %H:%M:%S.%f")

	from datetime import timedelta
	from decimal import Decimal
	from uuid import UUID

	if isinstance(value, timedelta | time | date | UUID):
		return str(value)
	if isinstance(value, Decimal):
		return float(value)
	return value


class SQLiteExceptionUtil:
	@staticmethod
	def is_primary_key_violation(e) -> bool:
		return getattr(e, "sqlite_errorcode", None) in (1555, 2579)

	@staticmethod
	def is_unique_key_violation(e) -> bool:
		return getattr(e, "sqlite_errorcode", None) == 2067


class SQLiteDatabase:
	def get_connection(self, read_only: bool = False):
		conn = self.create_connection(read_only)
		conn.create_function("regexp", 2, regexp)
		conn.create_function("regexp_replace", 3, regexp_replace)
		conn.execute("PRAGMA busy_timeout=20000")
		if not read_only:
			conn.execute("PRAGMA journal_mode=WAL")
			conn.execute("PRAGMA synchronous=NORMAL")
		return conn

	def create_connection(self, read_only: bool = False):
		for declared in ("timestamp", "datetime"):
			sqlite3.register_converter(declared, _instant)
		sqlite3.register_converter("date", _day)
		sqlite3.register_converter("time", _time_of_day)
		path = Path(self.get_db_path()).absolute()
		# Autocommit until the first write: a read leaves no snapshot behind that a later write would trip over.
		return sqlite3.connect(
			f"file:{path}?mode={'ro' if read_only else 'rwc'}",
			uri=True,
			detect_types=sqlite3.PARSE_DECLTYPES,
			timeout=20,
			isolation_level=None,
			check_same_thread=False,
		)

	def execute_query(self, query, values=None):
		locking = _LOCKING.search(query)
		if locking:
			query = _LOCKING.sub("", query)
		query, values = self._bind(query, values)

		word = query.lstrip()[:8].lower()
		if not self._conn.in_transaction:
			if word.startswith(("commit", "rollback")):
				return self._cursor
			if locking or _WRITES.match(query):
				self._conn.execute("BEGIN IMMEDIATE")
		if word.startswith(("begin", "start tr")):
			return self._cursor
		if word.startswith(("commit", "rollback")):
			query = re.sub(r"^(\s*(?:commit|rollback)) and chain\b", r"\1", query, flags=re.IGNORECASE)

		try:
			return self._cursor.execute(query, values)
		except sqlite3.IntegrityError as error:
			self._name_the_primary_key(error, query, values)
			raise

	# new
	def _bind(self, query, values):
		"""The drivers' %s and %(name)s as SQLite's ?, lists spread out, each value in the form the columns have."""
		if not values:
			return query, ()
		bound = []
		rest = iter(values) if not isinstance(values, dict) else None

		def place(match):
			if match.group(0) == "%%":
				return "%"
			value = values[match.group(1)] if match.group(1) else next(rest)
			if isinstance(value, list | tuple | set | frozenset):
				bound.extend(map(_adapt, value))
				return "(" + ", ".join("?" * len(value)) + ")"
			bound.append(_adapt(value))
			return "?"

		return _PLACEHOLDER.sub(place, query), bound

	# new
	def _name_the_primary_key(self, error, query, values):
		"""Where a unique field and the name clash at once, MariaDB tells of the name: so do we."""
		insert = _INSERT.match(query)
		if not insert or getattr(error, "sqlite_errorcode", None) != 2067:
			return
		columns = [column.strip(' "') for column in insert.group(2).split(",")]
		if "name" not in columns or len(columns) != len(values):
			return
		same = self._conn.execute(
			f"SELECT 1 FROM {insert.group(1)} WHERE name = ?", (values[columns.index("name")],)
		)
		if same.fetchone():
			error.sqlite_errorcode = 1555

	def begin(self, *, read_only=False):
		"""Nothing is begun before the first write; only a read-only connection is another one."""
		read_only = bool(read_only or frappe.flags.read_only)
		if read_only != bool(getattr(self, "read_only", False)):
			if self._conn:
				self._conn.close()
			self._conn = self.get_connection(read_only=read_only)
			self._cursor = self._conn.cursor()
			self.read_only = read_only

	def commit(self, chain=None):
		if not self._conn:
			self.connect()
		if self._disable_transaction_control:
			warnings.warn(message=TRANSACTION_DISABLED_MSG, stacklevel=2)
			return
		self.before_rollback.reset()
		self.after_rollback.reset()
		self.before_commit.run()
		self._conn.commit()
		self.transaction_writes = 0
		self.value_cache.clear()
		self.begin()
		self.after_commit.run()

	def rollback(self, *, save_point=None, chain=None):
		if not self._conn:
			self.connect()
		if save_point:
			self.sql(f"rollback to savepoint {save_point}")
			self.value_cache.clear()
		elif not self._disable_transaction_control:
			self.before_commit.reset()
			self.after_commit.reset()
			self.before_rollback.run()
			self._conn.rollback()
			self.transaction_writes = 0
			self.value_cache.clear()
			self.begin()
			self.after_rollback.run()
		else:
			warnings.warn(message=TRANSACTION_DISABLED_MSG, stacklevel=2)

	# new
	def mogrify(self, query, values):
		"""For logs only."""
		return f"{query} {values}" if values else query

	@staticmethod
	def escape(s, percent=True):
		s = str(s).replace("'", "''")
		return "'" + (s.replace("%", "%%") if percent else s) + "'"

	# --- integer names: a row per DocType stands for MariaDB's sequence
	# new
	def create_sequence(self, doctype_name: str, *, slug: str = "_id_seq", **kwargs) -> str:
		name = frappe.scrub(doctype_name + slug)
		self.sql_ddl("CREATE TABLE IF NOT EXISTS `__sequence` (name TEXT PRIMARY KEY, current INTEGER NOT NULL)")
		self.sql("INSERT OR IGNORE INTO `__sequence` (name, current) VALUES (%s, 0)", (name,))
		return name

	# new
	def get_next_sequence_val(self, doctype_name: str, slug: str = "_id_seq") -> int:
		return self.sql(
			"UPDATE `__sequence` SET current = current + 1 WHERE name = %s RETURNING current",
			(frappe.scrub(doctype_name + slug),),
		)[0][0]

	# new
	def set_next_sequence_val(
		self, doctype_name: str, next_val: int, *, slug: str = "_id_seq", is_val_used: bool = False
	) -> None:
		self.sql(
			"UPDATE `__sequence` SET current = MAX(current, %s) WHERE name = %s",
			(next_val if is_val_used else next_val - 1, frappe.scrub(doctype_name + slug)),
		)

	# --- schema: names of indexes are the whole file's here, so they carry their table's
	def has_index(self, table_name, index_name):
		names = (index_name, f"{table_name}_{index_name}")
		return bool(
			self.sql(
				"SELECT 1 FROM sqlite_master WHERE type = 'index' AND tbl_name = %s AND name IN %s", (table_name, names)
			)
		)

	def add_index(self, doctype: str, fields: list, index_name: str | None = None):
		from frappe.custom.doctype.property_setter.property_setter import make_property_setter

		fields = [re.sub(r"\(.*?\)", "", field) for field in fields]
		table_name = get_table_name(doctype)
		index_name = f"{table_name}_{index_name or self.get_index_name(fields)}"
		columns = ", ".join(f"`{field.strip(' `')}`" for field in fields)
		self.commit()
		self.sql_ddl(f"CREATE INDEX IF NOT EXISTS `{index_name}` ON `{table_name}` ({columns})")
		if len(fields) == 1 and not (frappe.flags.in_install or frappe.flags.in_migrate):
			make_property_setter(
				doctype, fields[0], property="search_index", value="1", property_type="Check", for_doctype=False
			)

	def add_unique(self, doctype, fields, constraint_name=None):
		if isinstance(fields, str):
			fields = [fields]
		table_name = get_table_name(doctype)
		index_name = f"{table_name}_{constraint_name or 'unique_' + '_'.join(fields)}"
		columns = ", ".join(f"`{field}`" for field in fields)
		self.commit()
		self.sql_ddl(f"CREATE UNIQUE INDEX IF NOT EXISTS `{index_name}` ON `{table_name}` ({columns})")

	def get_table_columns_description(self, table_name):
		"""With what the comparison of schemas asks for: default, unique, index, not_nullable."""
		indexed, unique = set(), set()
		for index in self.sql(f"PRAGMA index_list(`{table_name}`)", as_dict=True):
			members = [row.name for row in self.sql(f"PRAGMA index_info(`{index.name}`)", as_dict=True)]
			if len(members) == 1:
				(unique if index.unique else indexed).add(members[0])
		rows = self.sql(f"PRAGMA table_info(`{table_name}`)", as_dict=True)
		for row in rows:
			row.default = row.dflt_value
			row.unique = row.name in unique
			row.index = row.name in indexed or row.name in unique
			row.not_nullable = bool(row.notnull)
		return rows

	# new
	def rebuild_table(self, table_name, *, definitions=None, renamed=None, dropped_unique=()):
		"""Make the table anew with other column definitions; keys, defaults, constraints and indexes stay."""
		definitions, renamed = definitions or {}, renamed or {}
		old = self.sql("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = %s", (table_name,))[0][0]
		counted = "AUTOINCREMENT" in old.upper()
		columns, names = [], []
		for _, name, kind, not_null, default, key in self.sql(f"PRAGMA table_info(`{table_name}`)"):
			new_name = renamed.get(name, name)
			names.append((name, new_name))
			if name in definitions and not key:
				columns.append(f"`{new_name}` {definitions[name]}")
				continue
			text = f"`{new_name}` {kind}"
			if key:
				text += " PRIMARY KEY" + (" AUTOINCREMENT" if counted else "")
			if not_null:
				text += " NOT NULL"
			if default is not None:
				text += f" DEFAULT {default}"
			columns.append(text)
		for row in self.sql(f"PRAGMA index_list(`{table_name}`)", as_dict=True):
			if row.origin == "u":
				members = [r.name for r in self.sql(f"PRAGMA index_info(`{row.name}`)", as_dict=True)]
				if not (len(members) == 1 and members[0] in dropped_unique):
					columns.append("UNIQUE (" + ", ".join(f"`{renamed.get(m, m)}`" for m in members) + ")")
		indexes = self.sql(
			"SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = %s AND sql IS NOT NULL",
			(table_name,),
			pluck=True,
		)
		temporary = f"{table_name}__rebuilt"
		body = ",\n".join(columns)
		self.sql_ddl(f"DROP TABLE IF EXISTS `{temporary}`")
		self.sql_ddl(f"CREATE TABLE `{temporary}` (\n{body}\n)")
		self.sql(
			f"INSERT INTO `{temporary}` ({', '.join(f'`{new}`' for _, new in names)}) "
			f"SELECT {', '.join(f'`{name}`' for name, _ in names)} FROM `{table_name}`"
		)
		self.sql_ddl(f"DROP TABLE `{table_name}`")
		self.sql_ddl(f"ALTER TABLE `{temporary}` RENAME TO `{table_name}`")
		for statement in indexes:
			for name, new in renamed.items():
				statement = statement.replace(f'"{name}"', f'"{new}"')
			self.sql_ddl(statement)

	def change_column_type(self, doctype: str, column: str, type: str, nullable: bool = False):
		table_name = get_table_name(doctype)
		if column not in [row[1] for row in self.sql(f"PRAGMA table_info(`{table_name}`)")]:
			raise frappe.db.InvalidColumnName(f"Column {column} does not exist in table {table_name}")
		if column != "name":
			definition = type + ("" if nullable else " NOT NULL")
			self.rebuild_table(table_name, definitions={column: definition})

	def rename_column(self, doctype: str, old_column_name: str, new_column_name: str):
		self.sql_ddl(
			f"ALTER TABLE `{get_table_name(doctype)}` RENAME COLUMN `{old_column_name}` TO `{new_column_name}`"
		)


# new
_SPELT = {}


def modify_query(query):
	"""MariaDB's spelling to SQLite's. The same statements come again and again."""
	query = str(query)
	spelt = _SPELT.get(query)
	if spelt is None:
		if len(_SPELT) > 5000:
			_SPELT.clear()
		spelt = _SPELT[query] = _spelt(query)
	return spelt


# new
def _spelt(query):
	query = query.replace("`", '"')
	query = replace_locate_with_instr(query)
	query = re.sub(r"^(\s*)INSERT IGNORE INTO\b", r"\1INSERT OR IGNORE INTO", query, flags=re.IGNORECASE)
	return re.sub(r'\b(from|join|into|update) tab([A-Za-z]+)\b', r'\1 "tab\2"', query, flags=re.IGNORECASE)
