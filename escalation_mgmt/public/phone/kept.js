// What is kept on this phone: what was last known, and acknowledgements that wait for a network. Each is for the user who was logged
// in then: nobody else is shown it, and nothing of it is sent in anybody else's name.
(() => {
	const app = (window.escalations ||= {});
	const KNOWN = "escalations:known:";
	const WAITING = "escalations:waiting:";

	function read(key) {
		try {
			return JSON.parse(localStorage.getItem(key));
		} catch {
			return null;
		}
	}

	// Whether it is kept: a private window, or a full phone, keeps nothing.
	function write(key, value) {
		try {
			localStorage.setItem(key, JSON.stringify(value));
			return true;
		} catch {
			return false;
		}
	}

	function forget(but = "") {
		for (const key of Object.keys(localStorage)) if (key.startsWith(KNOWN) && key !== KNOWN + but) localStorage.removeItem(key);
	}

	app.kept = {
		known: (user) => read(KNOWN + user),
		forget,
		know(user, shown) {
			forget(user);
			write(KNOWN + user, shown);
		},
		waiting: (user) => read(WAITING + user) || [],
		wait: (user, press) =>
			write(WAITING + user, [...app.kept.waiting(user).filter(({ action_item }) => action_item !== press.action_item), press]),
		over(user, press) {
			const left = app.kept.waiting(user).filter(({ action_item }) => action_item !== press.action_item);
			if (left.length) write(WAITING + user, left);
			else localStorage.removeItem(WAITING + user);
		},
	};
})();
