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
	from escalation_mgmt.notifiers.twilio.errors import in_words, known_codes

	text = (ROOT / "docs/providers/twilio.md").read_text()
	told = dict(re.findall(r"^\| (\d{5}) \| (.*) \|$", text, re.MULTILINE))
	assert told == {str(code): in_words(code) for code in known_codes()}


def test_every_rule_that_code_cites_is_written_down() -> None:
	rules = re.findall(r"^## (\d+)\. ", (ROOT / "docs/rules.md").read_text(), re.MULTILINE)
	assert rules == [str(number) for number in range(1, len(rules) + 1)], "numbers that are cited stay"
	cited = set()
	for path in [*(ROOT / "escalation_mgmt").rglob("*"), *(ROOT / "tests").rglob("*")]:
		if path.suffix in (".py", ".js"):
			for numbers in re.findall(r"\brules?\s+(\d+(?: and \d+)*)", path.read_text(), re.IGNORECASE):
				cited.update(numbers.split(" and "))
	assert cited
	assert sorted(cited - set(rules)) == []


def test_the_map_shows_every_room() -> None:
	text = (ROOT / "docs/architecture.md").read_text()
	app = ROOT / "escalation_mgmt"
	named = set(re.findall(r"`((?:\w+/)+\w+\.py)`", text))
	assert len(named) >= 12 and [path for path in sorted(named) if not (app / path).exists()] == []
	rooms = {path.parent.relative_to(app).as_posix() for path in app.rglob("__init__.py")} - {"."}
	rooms = {room for room in rooms if not room.startswith(("escalation_mgmt/", "patches/"))}
	tree = text[text.index("```") : text.index("```", text.index("```") + 3)]
	assert [room for room in sorted(rooms) if f" {room.rpartition('/')[2]}/" not in tree] == []
