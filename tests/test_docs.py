"""What the documentation says of the code is true."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted(
	path.relative_to(ROOT).as_posix()
	for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "host/README.md"]
)


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
	text = (ROOT / page).read_text()
	for target in re.findall(r"\]\(([^)\s]+)\)", text):
		path, _hash, heading = target.partition("#")
		if "://" in target:
			continue
		there = (ROOT / page).parent / path if path else ROOT / page
		assert there.exists(), f"{page} links to {target}"
		if heading:
			headings = re.findall(r"^#+ (.*)$", there.read_text(), re.MULTILINE)
			anchors = [re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings]
			assert heading in anchors, f"{page} links to {target}"


def test_every_code_of_twilios_is_explained(site: str) -> None:
	from escalation_mgmt.notifiers.twilio.api import in_words, known_codes

	text = (ROOT / "docs/providers/twilio.md").read_text()
	told = dict(re.findall(r"^\| (\d{5}) \| (.*) \|$", text, re.MULTILINE))
	assert told == {str(code): in_words(code) for code in known_codes()}
