"""Desk in Chromium. For these tests alone: Playwright's loop must be gone before others run theirs."""

from collections.abc import Iterator

import pytest

from tests.browser.desk import Desk, chromium
from tests.conftest import missing


@pytest.fixture(scope="package")
def desk() -> Iterator[Desk]:
	if not chromium():
		missing("browser", "no Chromium on this machine")
	with Desk() as running:
		yield running
