"""Desk in Chromium. For these tests alone: Playwright's loop must be gone before others run theirs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.desk import Desk, chromium
from tests.conftest import missing

HERE = Path(__file__).parent


@pytest.fixture(scope="package")
def desk() -> Iterator[Desk]:
	if not chromium():
		missing("browser", "no Chromium on this machine")
	with Desk() as running:
		yield running


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
	"""A browser on a busy machine loses a click once in some hundred runs, and one lost click must not decide whether a change
	lands. Once more, then; what was run again is listed at the end (-ra), and is looked into.
	"""
	for item in items:
		if item.path.is_relative_to(HERE):
			item.add_marker(pytest.mark.flaky(reruns=1))
