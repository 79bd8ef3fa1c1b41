// What the picture answers to: pointing at a mark or tapping it shows its words, and lights its line in the list; the arrow keys
// go from mark to mark. For every picture on any page, however often it is drawn anew.

const [PICTURED, SCROLLED, MARK, LINE] = [".escalation-pictured", ".escalation-lanes-scroll", ".escalation-lane-mark", "[data-line]"];

// The picture and the list, which belong together.
export const pictured_html = (picture, list) =>
	`<div class="escalation-pictured"><div class="escalation-pictured-columns">
		<div class="escalation-picture-place">${picture}</div><div class="escalation-words-place">${list}</div></div></div>`;

// Draw anew what differs, so that a selection or a press of the button survives a poll; of a picture keep what somebody was
// looking at.
export function redraw($place, html) {
	if ($place.data("escalation-html") === html && $place.children().length) return;
	const focused = document.activeElement?.closest?.(MARK);
	const key = focused && $place[0].contains(focused) ? focused.dataset.key : null;
	const before = $place.find(SCROLLED)[0]?.scrollLeft;
	$place.data("escalation-html", html).html(html);
	const scrolled = $place.find(SCROLLED)[0];
	if (scrolled) before === undefined ? show_now(scrolled) : (scrolled.scrollLeft = before);
	const again = key && [...$place[0].querySelectorAll(MARK)].find((mark) => mark.dataset.key === key);
	if (again) again.focus({ preventScroll: true });
	unfold($place.closest(PICTURED));
}

// Where a picture is wider than its place, it begins with what is going on.
function show_now(scrolled) {
	const now = scrolled.querySelector(".line.now");
	if (!now) return;
	const room = scrolled.getBoundingClientRect();
	scrolled.scrollLeft += now.getBoundingClientRect().left - (room.left + room.width / 2);
}

function light(mark) {
	const $pictured = $(mark).closest(PICTURED);
	$pictured.find(".escalation-lit").removeClass("escalation-lit");
	$(mark).addClass("escalation-lit");
	$pictured.find(".escalation-mark-words").text(mark.getAttribute("aria-label"));
	line_of(mark)?.classList.add("escalation-lit");
}

const line_of = (mark) => $(mark).closest(PICTURED).find(".escalation-words-place").find(LINE).toArray().find((line) => line.dataset.line === mark.dataset.line);

const unfold = ($pictured) => {
	const all = $pictured.is("[data-unfolded]");
	$pictured.find(".escalation-more-lanes").attr("aria-expanded", String(all)).toggle(!all);
};

// Of all marks that are shown one can be reached by Tab; from it the arrows go on.
function go(mark, key) {
	const marks = $(mark).closest(".escalation-picture").find(MARK).filter(":visible").toArray();
	const ahead = getComputedStyle(mark).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
	if (key === "Home" || key === "End") return marks.at(key === "Home" ? 0 : -1);
	if (key === "ArrowLeft" || key === "ArrowRight") return marks[marks.indexOf(mark) + (key === ahead ? 1 : -1)];
	const lanes = [...new Set(marks.map((each) => each.parentElement))];
	const lane = lanes[lanes.indexOf(mark.parentElement) + (key === "ArrowDown" ? 1 : -1)];
	const from = mark.getBoundingClientRect().left;
	const far = (each) => Math.abs(each.getBoundingClientRect().left - from);
	return lane && marks.filter((each) => each.parentElement === lane).sort((a, b) => far(a) - far(b))[0];
}

const KEYS = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"];

$(document)
	.on("mouseenter", MARK, (event) => light(event.currentTarget))
	.on("focusin", MARK, (event) => {
		$(event.currentTarget).closest(".escalation-picture").find(MARK).attr("tabindex", -1);
		event.currentTarget.tabIndex = 0;
		light(event.currentTarget);
	})
	.on("click", MARK, (event) => {
		event.currentTarget.focus();
		line_of(event.currentTarget)?.scrollIntoView({ block: "nearest" });
	})
	.on("keydown", MARK, (event) => {
		const next = KEYS.includes(event.key) && go(event.currentTarget, event.key);
		if (KEYS.includes(event.key)) event.preventDefault();
		if (next) next.focus();
	})
	.on("click", ".escalation-more-lanes", (event) => {
		const $pictured = $(event.currentTarget).closest(PICTURED).attr("data-unfolded", "");
		unfold($pictured);
		$pictured.find(".escalation-lane.later").first().find(MARK).first().trigger("focus");
	});
