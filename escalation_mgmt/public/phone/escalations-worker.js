// Shows what is pushed, and does what is pressed on it. A newer notification of one action item replaces the older.
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => {
	let pushed = {};
	try {
		pushed = event.data.json().notification || {};
	} catch {
		// A push that can't be read is still shown: browsers end a subscription that stays silent.
	}
	event.waitUntil(shown(pushed));
});

async function shown(pushed) {
	const { title, navigate, ...rest } = pushed;
	await self.registration.showNotification(title || "Escalation", {
		...rest,
		icon: "/escalations/icon-192.png",
		badge: "/escalations/badge-96.png",
		actions: (pushed.actions || []).map(({ action, title }) => ({ action, title })),
		data: { link: navigate, ...pushed.data },
	});
	await refreshed();
}

// The page, where it is open, shows the notice as well.
async function refreshed() {
	for (const client of await self.clients.matchAll({ type: "window", includeUncontrolled: true }))
		client.postMessage("changed");
}

self.addEventListener("notificationclick", (event) => {
	const { notification, action } = event;
	notification.close();
	const link = (notification.data && notification.data.link) || "/escalations";
	// A tap opens the page behind the link, which acknowledges nothing by itself; the button is a deliberate press.
	event.waitUntil(action === "acknowledge" ? acknowledged(notification, link) : opened(link));
});

async function opened(link) {
	await self.clients.openWindow(link);
}

async function acknowledged(notification, link) {
	try {
		// The link is for one person and one item: it needs no log-in, and a session would want its token.
		const answer = await fetch(link, {
			method: "POST",
			headers: { Accept: "application/json" },
			credentials: "omit",
		});
		const sheet = await answer.json();
		await self.registration.showNotification(sheet.title, {
			body: [sheet.ticket && `${sheet.ticket} ${sheet.subject}`, sheet.text].filter(Boolean).join("\n"),
			tag: notification.tag,
			icon: "/escalations/icon-192.png",
			badge: "/escalations/badge-96.png",
			data: { link },
		});
		await refreshed();
	} catch {
		await opened(link); // no connection, or an answer that is none: let the person see it
	}
}

// A browser may change its subscription by itself. The page, opened once, adds the new one; here nobody is logged in
// for certain, so it is only tried.
self.addEventListener("pushsubscriptionchange", (event) => {
	event.waitUntil(refreshed());
});
