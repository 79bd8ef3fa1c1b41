"""Overlay of `frappe/database/sqlite/schema.py`: a change of a column keeps the table's keys and indexes."""


class SQLiteTable:
	def alter(self):
		for col in self.columns.values():
			col.build_for_alter_table(self.current_columns.get(col.fieldname.lower()))

		for col in self.add_column:
			# SQLite adds no UNIQUE column: the index below does that part.
			definition = col.get_definition(for_modification=True)
			frappe.db.sql_ddl(f"ALTER TABLE `{self.table_name}` ADD COLUMN `{col.fieldname}` {definition}")

		# What the table has and what the field asks for, compared as text: the general comparison sees a change
		# wherever SQLite spells a default its own way, and would rebuild every table on every migrate.
		current = {}
		for _, name, kind, not_null, default, key in frappe.db.sql(f"PRAGMA table_info(`{self.table_name}`)"):
			if not key:
				text = kind + (" NOT NULL" if not_null else "")
				current[name] = text + (f" DEFAULT {default}" if default is not None else "")
		changed = {}
		for col in self.columns.values():
			definition = col.get_definition(for_modification=True)
			if definition and col.fieldname in current and current[col.fieldname] != definition:
				changed[col.fieldname] = definition
		dropped_unique = [col.fieldname for col in self.drop_unique]
		for col in (*self.drop_unique, *self.drop_index):
			self._drop_indexes_of(col.fieldname)
		if changed or dropped_unique:
			frappe.db.rebuild_table(self.table_name, definitions=changed, dropped_unique=dropped_unique)

		for kind, cols in (("UNIQUE INDEX", self.add_unique), ("INDEX", self.add_index)):
			for col in cols:
				frappe.db.sql_ddl(
					f"CREATE {kind} IF NOT EXISTS `{self.table_name}_{col.fieldname}` "
					f"ON `{self.table_name}` (`{col.fieldname}`)"
				)

	# new
	def _drop_indexes_of(self, fieldname):
		for index in frappe.db.sql(f"PRAGMA index_list(`{self.table_name}`)", as_dict=True):
			members = [row.name for row in frappe.db.sql(f"PRAGMA index_info(`{index.name}`)", as_dict=True)]
			if index.origin == "c" and members == [fieldname]:
				frappe.db.sql_ddl(f"DROP INDEX `{index.name}`")
