"""Cutting an SMS: twice the text takes at most three times as long, in every alphabet. No site is needed for it."""

from __future__ import annotations

import random
import time

from benchmarks.measure import Figure
from escalation_mgmt.notifiers.twilio import gsm7
from tests.scripts import ALPHABETS, text_of

CHARACTERS = 30_000
ROUNDS = 15
RATIO = 3.0
_TAIL = "https://helpdesk.example.com/ack/" + "Ab1_-" * 8 + "\nReply 1 to acknowledge."


def measure() -> list[Figure]:
	return [_of(script) for script in sorted(ALPHABETS)]


def _of(script: str) -> Figure:
	text = text_of(random.Random(1), script, 2 * CHARACTERS)
	rounds = [(_seconds(text[:CHARACTERS]), _seconds(text)) for _round in range(ROUNDS)]
	half, whole = (min(times) for times in zip(*rounds, strict=True))
	return Figure(
		name=f"an SMS cut from {2 * CHARACTERS} characters, {script}: time, against half of them",
		value=f"{whole / half:.2f} ({1000 * whole:.1f} ms)",
		goal=f"<= {RATIO:g}",
		met=whole <= RATIO * half,
		ratio=True,
	)


def _seconds(text: str) -> float:
	started = time.perf_counter()
	gsm7.fitted(text, _TAIL)
	return time.perf_counter() - started
