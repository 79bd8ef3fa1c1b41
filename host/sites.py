"""Sites of the bench: make, copy, drop."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

from host import paths, servers

ADMIN_PASSWORD = "admin"


def enter(site: str | None = None) -> None:
	"""Stand where a bench's processes stand, with Redis running."""
	# Said on each import of Google's client by a machine with this Python.
	warnings.filterwarnings("ignore", category=FutureWarning, module="google")
	os.environ.update(paths.environment(site))
	os.chdir(paths.SITES)
	servers.ensure_redis()
	if site and _config(site).get("db_type") == "mariadb":
		_refresh_mariadb_port(site)


def connect(site: str) -> None:
	import frappe

	frappe.init(site, sites_path=str(paths.SITES), force=True)
	frappe.connect()


def new_site(
	name: str,
	db: str = "sqlite",
	apps: tuple[str, ...] = (),
	admin_password: str = ADMIN_PASSWORD,
	force: bool = False,
	default: bool = False,
) -> None:
	"""Make a site: UTC, set up, with these apps installed the way Frappe installs them."""
	folder = paths.SITES / name
	if folder.exists():
		if not force:
			raise SystemExit(f"host: site {name} exists (--force makes it anew)")
		drop_site(name)
	enter()
	import frappe

	db_name = "_" + secrets.token_hex(8)
	root: dict = servers.ensure_mariadb() if db == "mariadb" else {}
	folder.mkdir(parents=True)
	(folder / "site_config.json").write_text(
		json.dumps(
			{
				"db_type": db,
				"db_name": db_name,
				"db_password": secrets.token_hex(12),
				"encryption_key": _fernet_key(),
				"allow_tests": 1,
				"bench_id": name,
				"admin_password": admin_password,
				"mute_emails": 0,
				**({"db_user": db_name, **_address(root)} if root else {}),
			},
			indent=1,
			sort_keys=True,
		)
	)
	try:
		for part in ("public/files", "private/files", "private/backups", "logs", "locks"):
			(folder / part).mkdir(parents=True, exist_ok=True)
		frappe.init(name, sites_path=str(paths.SITES), force=True)
		if root:
			_create_database(root, db_name, frappe.conf.db_password)
		restore(name, _template(db))
		connect(name)
		frappe.clear_cache()
		if admin_password != ADMIN_PASSWORD:
			from frappe.utils.password import update_password

			update_password("Administrator", admin_password)
			frappe.db.commit()
		for app in apps:
			install(app)
	except BaseException:
		print(f"host: site {name} could not be made", file=sys.stderr)
		raise
	finally:
		frappe.destroy()
	if default:
		use(name)


def _template(db: str) -> Path:
	"""A database with Frappe alone, set up; made once for this state of Frappe's code."""
	from host import setup

	code = (paths.BENCH / "apps" / "frappe").resolve().name
	inputs = setup.digest(code, paths.HOST / "sites.py")
	target = paths.BUILT / f"template-{db}-{inputs}"

	def build(folder: Path) -> None:
		name = f"template-{db}-{os.getpid()}"
		shutil.rmtree(paths.SITES / name, ignore_errors=True)
		try:
			_install_frappe(name, db)
			dump(name, folder / "database")
		finally:
			drop_site(name)

	with setup.lock("template"):
		return setup.made(target, f"a first site on {db}", build) / "database"


def _install_frappe(name: str, db: str) -> None:
	"""The long way: Frappe's own, from its empty database on."""
	import frappe
	from frappe.installer import _init_database

	outer = frappe.local.site
	db_name, password = "_" + secrets.token_hex(8), secrets.token_hex(12)
	root: dict = servers.ensure_mariadb() if db == "mariadb" else {}
	(paths.SITES / name).mkdir()
	(paths.SITES / name / "site_config.json").write_text(
		json.dumps(
			{
				"db_type": db,
				"db_name": db_name,
				"db_password": password,
				"admin_password": ADMIN_PASSWORD,
				**({"db_user": db_name, **_address(root)} if root else {}),
			}
		)
	)
	try:
		frappe.init(name, sites_path=str(paths.SITES), force=True)
		if root:
			_create_database(root, db_name, password)
		_init_database(
			db_name=db_name,
			admin_password=ADMIN_PASSWORD,
			db_password=password,
			db_type=db,
			db_user=db_name,
			force=True,
			setup_db=not root,
		)
		connect(name)
		set_up()
	finally:
		frappe.destroy()
		frappe.init(outer, sites_path=str(paths.SITES), force=True)


def dump(name: str, path: Path) -> None:
	"""A site's database as a file."""
	config = _config(name)
	if config["db_type"] == "sqlite":
		with (
			contextlib.closing(
				sqlite3.connect(paths.SITES / name / "db" / f"{config['db_name']}.db")
			) as source,
			contextlib.closing(sqlite3.connect(path)) as copy,
		):
			source.backup(copy)
			copy.execute("PRAGMA journal_mode=DELETE")
		return
	login, env = _login(servers.ensure_mariadb())
	with open(path, "wb") as file:
		subprocess.run(
			["mariadb-dump", *login, "--single-transaction", "--quick", config["db_name"]],
			stdout=file,
			env=env,
			check=True,
		)


def restore(name: str, path: Path) -> None:
	"""The other way round, into a database that is still empty."""
	config = _config(name)
	if config["db_type"] == "sqlite":
		(paths.SITES / name / "db").mkdir(exist_ok=True)
		shutil.copyfile(path, paths.SITES / name / "db" / f"{config['db_name']}.db")
		return
	login, env = _login(servers.ensure_mariadb())
	with open(path, "rb") as file:
		subprocess.run(["mariadb", *login, config["db_name"]], stdin=file, env=env, check=True)


def _login(root: dict) -> tuple[list[str], dict]:
	where = (
		[f"--socket={root['socket']}"]
		if root.get("socket")
		else [f"--host={root['host']}", f"--port={root['port']}"]
	)
	return ["--no-defaults", f"--user={root['user']}", *where], {**os.environ, "MYSQL_PWD": root["password"]}


def set_up() -> None:
	"""What the set-up wizard would have asked: so that Desk opens, and the clock is UTC."""
	import frappe

	settings = frappe.get_doc("System Settings")
	settings.update(
		{
			"time_zone": "UTC",
			"language": "en",
			"country": "United States",
			"setup_complete": 1,
			"enable_scheduler": 1,
			"enable_onboarding": 0,
			"disable_system_update_notification": 1,
			"disable_change_log_notification": 1,
			"date_format": "yyyy-mm-dd",
			"time_format": "HH:mm:ss",
			"session_expiry": "240:00",
		}
	)
	settings.flags.ignore_mandatory = True
	settings.save()
	frappe.db.set_default("desktop:home_page", "workspace")
	frappe.db.commit()
	frappe.clear_cache()


def install(app: str) -> None:
	import frappe
	from frappe.installer import install_app

	frappe.set_user("Administrator")
	install_app(app)
	# To see who may read it, Desk's first page runs this report, which takes half a minute on SQLite.
	if frappe.db.db_type == "sqlite":
		frappe.db.delete("Workspace Sidebar Item", {"link_to": "System Health Report"})
	frappe.db.commit()


def drop_site(name: str) -> None:
	config = _config(name)
	if config.get("db_type") == "mariadb":
		root = servers.ensure_mariadb()
		connection = _mariadb_connection(root)
		with connection, connection.cursor() as cursor:
			cursor.execute(f"DROP DATABASE IF EXISTS `{config['db_name']}`")
			for host in ("%", "localhost"):
				cursor.execute(f"DROP USER IF EXISTS '{config['db_name']}'@'{host}'")
	shutil.rmtree(paths.SITES / name, ignore_errors=True)


def use(name: str) -> None:
	"""Make it the site that an address without a name opens."""
	path = paths.SITES / "common_site_config.json"
	config = json.loads(path.read_text())
	config["default_site"] = name
	path.write_text(json.dumps(config, indent=1, sort_keys=True))


def add_user(email: str, password: str, *roles: str, first_name: str | None = None) -> str:
	"""A user on the connected site."""
	import frappe
	from frappe.utils.password import update_password

	if not frappe.db.exists("User", email):
		user = frappe.new_doc("User")
		user.update(
			{
				"email": email,
				"first_name": first_name or email.split("@", maxsplit=1)[0].title(),
				"send_welcome_email": 0,
			}
		)
		user.flags.no_welcome_mail = True
		user.insert(ignore_permissions=True)
	user = frappe.get_doc("User", email)
	user.add_roles(*roles)
	update_password(email, password)
	return email


def _config(name: str) -> dict:
	path = paths.SITES / name / "site_config.json"
	return json.loads(path.read_text()) if path.exists() else {}


def _address(root: dict) -> dict:
	return {key: value for key, value in {
		"db_host": root.get("host"), "db_port": root.get("port"), "db_socket": root.get("socket"),
	}.items() if value}  # fmt: skip


def _refresh_mariadb_port(name: str) -> None:
	"""The private server may stand at another port than when the site was made."""
	address = _address(servers.ensure_mariadb())
	config = _config(name)
	if any(config.get(key) != value for key, value in address.items()):
		config.update(address)
		(paths.SITES / name / "site_config.json").write_text(json.dumps(config, indent=1, sort_keys=True))


def _mariadb_connection(root: dict):
	import pymysql

	where = (
		{"unix_socket": root["socket"]}
		if root.get("socket")
		else {"host": root["host"], "port": root["port"]}
	)
	return pymysql.connect(user=root["user"], password=root["password"], autocommit=True, **where)


def _create_database(root: dict, name: str, password: str) -> None:
	"""With a user of the same name, who may log in from anywhere this server listens."""
	connection = _mariadb_connection(root)
	with connection, connection.cursor() as cursor:
		cursor.execute(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")
		for host in ("%", "localhost"):
			cursor.execute(f"CREATE USER '{name}'@'{host}' IDENTIFIED BY '{password}'")
			cursor.execute(f"GRANT ALL PRIVILEGES ON `{name}`.* TO '{name}'@'{host}'")


def _fernet_key() -> str:
	from cryptography.fernet import Fernet

	return Fernet.generate_key().decode()


def copy_site(name: str, target: str, force: bool = True) -> None:
	"""Copy a site under another name, with a database of its own: a second instead of half a minute."""
	if (paths.SITES / target).exists():
		if not force:
			raise SystemExit(f"host: site {target} exists")
		drop_site(target)
	with tempfile.TemporaryDirectory(dir=paths.RUN) as folder:
		dump(name, Path(folder) / "database")
		restore_as(name, target, Path(folder) / "database")


def restore_as(name: str, target: str, database: Path) -> None:
	"""A site like another, under a new name, from a dump of the other's database; on the MariaDB that is in use now."""
	config = _config(name)
	ignored = shutil.ignore_patterns("logs", "locks", "db")
	shutil.copytree(paths.SITES / name, paths.SITES / target, ignore=ignored)
	for folder in ("logs", "locks"):
		(paths.SITES / target / folder).mkdir()
	config.update({"db_name": "_" + secrets.token_hex(8), "bench_id": target})
	if config["db_type"] == "mariadb":
		root = servers.ensure_mariadb()
		config.update({"db_user": config["db_name"], **_address(root)})
		_create_database(root, config["db_name"], config["db_password"])
	(paths.SITES / target / "site_config.json").write_text(json.dumps(config, indent=1, sort_keys=True))
	restore(target, database)
