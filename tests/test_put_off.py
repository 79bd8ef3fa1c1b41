"""What is put off while much falls due: handed over in parts, each name a single time."""

from collections.abc import Collection

import pytest

from escalation_mgmt.utils import after_commit
from escalation_mgmt.utils.after_commit import SOME, putting_off


def test_what_is_put_off_is_handed_over_in_parts_and_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
	done: list[list] = []

	def do(names: Collection) -> None:
		done.append(list(names))

	names = {f"{number:04}" for number in range(2 * SOME + 50)}
	now = 100.0
	monkeypatch.setattr(after_commit.time, "monotonic", lambda: now)
	with putting_off() as put_off, putting_off() as inner:
		assert inner is put_off, "the outer block decides"
		put_off.add(do, set(names))
		put_off.soon()
		assert not done and put_off
		now += after_commit.PUT_OFF + 1
		put_off.soon()
		put_off.add(do, {"0000"})  # known again meanwhile: it is written once more
		put_off.some()
		assert [len(part) for part in done] == [SOME, SOME] and put_off
	assert not put_off
	assert sorted(name for part in done for name in part) == sorted([*names, "0000"])
	put_off.some()
	assert len(done) == 3
