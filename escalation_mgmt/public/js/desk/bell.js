// Desk's notifications: a line of ours that is renewed has its name already in the list that an open Desk shows. Frappe puts the
// new one on top and leaves the old one; that goes here, so that there is one line for an escalation.
const LIST = ".notifications-list";
const OURS = "[data-name^='esc-']";

let watched = null;
$(document).on("app_ready page-change", () => {
	const list = document.querySelector(LIST);
	if (!list || list === watched) return;
	watched = list;
	new MutationObserver(() => keep_newest(list)).observe(list, { childList: true, subtree: true });
});

function keep_newest(list) {
	const seen = new Set();
	for (const line of list.querySelectorAll(OURS)) {
		if (seen.has(line.dataset.name)) line.remove();
		seen.add(line.dataset.name);
	}
}
