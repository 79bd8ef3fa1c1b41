// Starts the page without a network; shows what is pushed, and does what is pressed on it.
const CACHE = "escalations-1";
const PAGE = "/escalations";
const PATIENCE = 5000; // milliseconds until what was kept is shown in place of a page that doesn't come
const FILES = /^\/escalations(\.webmanifest|\/[\w-]+\.(js|png))$/;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
	const { request } = event;
	const { origin, pathname } = new URL(request.url);
	if (request.method !== "GET" || origin !== self.location.origin) return;
	if (request.mode === "navigate" && pathname === PAGE) event.respondWith(page(request, event));
	else if (FILES.test(pathname)) event.respondWith(file(request));
});

// From the network, where it is also known who is logged in; what was kept where there is none, or none that answers.
async function page(request, event) {
	const fresh = fetch(request);
	event.waitUntil(fresh.then((answer) => keep(answer.clone())).catch(() => {}));
	const late = new Promise((done) => setTimeout(done, PATIENCE));
	const answer = await Promise.race([fresh.catch(() => null), late]);
	if (answer && answer.status < 500) return answer;
	return (await (await caches.open(CACHE)).match(PAGE)) || answer || fresh;
}

// With all that it needs, or not at all; what an older page needed goes.
async function keep(answer) {
	if (!answer.ok || answer.redirected || answer.type !== "basic") return;
	const text = await answer.clone().text();
	const needed = [...text.matchAll(/(?:src|href)="(\/escalations[^"]+)"/g)].map(([, path]) => path);
	if (!needed.some((path) => path.includes(".js"))) return; // a page of somebody else's, as of a network that wants a log-in
	const cache = await caches.open(CACHE);
	for (const path of needed) if (!(await cache.match(path))) await cache.add(path);
	await cache.put(PAGE, answer);
	for (const { url } of await cache.keys()) {
		const { pathname, search } = new URL(url);
		if (pathname !== PAGE && !needed.includes(pathname + search)) await cache.delete(url);
	}
}

async function file(request) {
	return (await (await caches.open(CACHE)).match(request)) || fetch(request);
}

// The page asks for it as soon as there is a worker: the first time it was loaded without one.
self.addEventListener("message", (event) => {
	if (event.data === "keep") event.waitUntil(fetch(PAGE, { credentials: "same-origin" }).then(keep).catch(() => {}));
});

// A newer notification of one escalation replaces the older one.
self.addEventListener("push", (event) => {
	let pushed = {};
	try {
		pushed = event.data.json();
	} catch {
		// A push that can't be read is still shown: browsers end a subscription that stays silent.
	}
	event.waitUntil(shown(pushed.notification || {}, pushed.app_badge));
});

async function shown(pushed, waiting) {
	const { title, navigate, ...rest } = pushed;
	await self.registration.showNotification(title || "Escalation", {
		...rest,
		icon: "/escalations/icon-192.png",
		badge: "/escalations/badge-96.png",
		actions: (pushed.actions || []).map(({ action, title }) => ({ action, title })),
		data: { link: navigate, ...pushed.data },
	});
	await refreshed(waiting);
}

// The page, where it is open, shows the notice as well. The number on the app's icon is what the server counted for
// the push, else that of the notifications, until the page counts.
async function refreshed(waiting) {
	const count = waiting ?? (await self.registration.getNotifications()).length;
	await (count ? navigator.setAppBadge?.(count) : navigator.clearAppBadge?.())?.catch(() => {});
	for (const client of await self.clients.matchAll({ type: "window", includeUncontrolled: true }))
		client.postMessage("changed");
}

self.addEventListener("notificationclick", (event) => {
	const { notification, action } = event;
	notification.close();
	const link = (notification.data && notification.data.link) || PAGE;
	// A tap opens the page behind the link, which changes nothing by itself; a button is a deliberate press.
	event.waitUntil(["acknowledge", "pass_on"].includes(action) ? done(action, notification, link) : opened(link));
});

self.addEventListener("notificationclose", (event) => event.waitUntil(refreshed()));

async function opened(link) {
	await self.clients.openWindow(link);
}

async function done(what, notification, link) {
	// The link is for one person and one item: it needs no log-in, and a session would want its token.
	const answer = await fetch(link, {
		method: "POST",
		headers: { Accept: "application/json" },
		body: new URLSearchParams({ do: what }),
		credentials: "omit",
	}).catch(() => null);
	const unsent = notification.data?.unsent;
	if (!answer) return await (unsent ? again(notification, unsent) : opened(link));
	try {
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
		await opened(link); // an answer that is none: let the person see it
	}
}

// Without a network it stands there once more, with its buttons, and says that nothing was done.
async function again({ title, body, tag, lang, actions, data }, unsent) {
	const said = data.said ?? body;
	await self.registration.showNotification(title, {
		body: `${unsent}\n${said}`,
		tag,
		lang,
		actions: actions.map(({ action, title }) => ({ action, title })),
		renotify: true,
		requireInteraction: true,
		icon: "/escalations/icon-192.png",
		badge: "/escalations/badge-96.png",
		data: { ...data, said },
	});
}

// A browser may change its subscription by itself. The page, opened once, adds the new one; here nobody is logged in
// for certain, so it is only tried.
self.addEventListener("pushsubscriptionchange", (event) => {
	event.waitUntil(refreshed());
});
