"""What a person sees: not what a page's boxes and texts say of themselves, but what lies on top."""

from playwright.sync_api import Locator

_COVERED = """(element) => {
	const { left, top, right, bottom, width, height } = element.getBoundingClientRect();
	if (width < 4 || height < 4) return `it is ${width} by ${height} pixels`;
	const [x, y] = [Math.min(width, 8) / 2, Math.min(height, 8) / 2];
	const points = [
		[left + width / 2, top + height / 2],
		[left + x, top + y], [right - x, top + y], [left + x, bottom - y], [right - x, bottom - y],
	];
	const found = points.map(([at, down]) => {
		const over = element.getRootNode().elementFromPoint(at, down);
		if (over && (element.contains(over) || over.contains(element) && getComputedStyle(element).display === "inline")) return "";
		return `at ${Math.round(at)},${Math.round(down)} of ${innerWidth} by ${innerHeight}: ` +
			(over ? `<${over.tagName.toLowerCase()} class="${over.className}">` : "nothing");
	});
	return found.filter(Boolean).join("; ");
}"""


def covered(locator: Locator) -> str:
	"""What lies over an element at its middle or one of its corners (or that it is outside of what the window shows); empty
	where it is in sight as a whole. An inline element may be broken into lines: its line's own background counts as it.
	"""
	return locator.evaluate(_COVERED)


def in_sight(locator: Locator) -> None:
	"""Each of these elements, and there is one at least, is what is on top where it is."""
	found = locator.all()
	assert found, f"there is no {locator}"
	for each in found:
		assert not (over := covered(each)), f"{each.inner_text()!r}: {over}"
