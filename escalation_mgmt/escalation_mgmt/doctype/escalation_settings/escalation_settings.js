// In a block, because Desk evaluates the scripts of all forms in one scope.
{
	const { ask_quietly, call, escaped } = escalation_mgmt;
	const SETTINGS = "Escalation Settings";
	const FIGURES_AGAIN = 10000; // milliseconds

	// Says whether this installation may send (a copy may not), and lets an administrator make it live.
	frappe.ui.form.on(SETTINGS, {
		setup(frm) {
			frm.set_query("reference_doctype", "sources", () => ({ filters: { istable: 0, issingle: 0 } }));
		},

		refresh(frm) {
			const mute = frappe.boot.escalation_mute;
			const text = mute
				? __("This site is a copy: no escalation is run and no message is sent.")
				: __("This installation is live: due steps are run and messages are sent.");
			frm.get_field("live").$wrapper.html(`<div class="form-message ${mute ? "red" : "green"}">${text}</div>`);
			if (mute) frm.add_custom_button(__("Make This Installation Live"), make_live);
		},
	});

	const make_live = () =>
		frappe.confirm(
			__("Everything that is due is then run and sent to real people, from here. Is this site the one that shall do it?"),
			async () => {
				await call("escalation_mgmt.api.settings.make_live");
				window.location.reload();
			}
		);

	// How the engine does: when a dispatcher last looked, what is overdue, how late messages went out. Kept fresh.
	frappe.ui.form.on(SETTINGS, {
		setup(frm) {
			setInterval(() => cur_frm === frm && document.visibilityState === "visible" && frm.events.show_figures(frm), FIGURES_AGAIN);
		},

		refresh: (frm) => frm.events.show_figures(frm),

		async show_figures(frm) {
			const figures = await ask_quietly("escalation_mgmt.api.health.figures");
			const rows = figures
				? figures.map(({ label, value, tone }) => `<tr><td>${escaped(label)}</td><td class="${escaped(tone)}">${escaped(value)}</td></tr>`)
				: [`<tr><td class="red">${__("The server can't be reached.")}</td></tr>`];
			frm.get_field("figures").$wrapper.html(`<table class="escalation-figures">${rows.join("")}</table>`);
		},
	});

	// iPhone Notification: what FCM says to its service account, and new keys for Web Push.
	frappe.ui.form.on(SETTINGS, {
		refresh(frm) {
			const push = __("iPhone Notification");
			frm.add_custom_button(__("Technician's Page"), () => window.open("/escalations"), push);
			frm.add_custom_button(__("Test FCM"), () => test(frm, "escalation_mgmt.api.settings.test_fcm", __("Test FCM"), escaped), push);
			frm.add_custom_button(__("Make New VAPID Keys"), () => make_push_keys(frm), push);
		},
	});

	const make_push_keys = (frm) =>
		frappe.confirm(
			__(
				"Devices that were added so far are reached with the present keys until you make new ones once more. Each takes the new keys when its owner opens the technician's page. Go on?"
			),
			async () => {
				await call("escalation_mgmt.api.settings.make_push_keys");
				frm.reload_doc();
			}
		);

	// Twilio: what it says to our log-in and numbers, and where it has to send what comes in.
	frappe.ui.form.on(SETTINGS, {
		refresh(frm) {
			const twilio = __("Twilio");
			frm.get_field("twilio_incoming").$wrapper.html(incoming_html(frm.doc.public_url || window.location.origin));
			frm.add_custom_button(
				__("Test Connection"),
				() => test(frm, "escalation_mgmt.api.settings.test_twilio", __("Test Connection"), paragraphs),
				twilio
			);
			frm.add_custom_button(
				__("Our Numbers as a Contact"),
				() => window.open("/api/method/escalation_mgmt.api.contacts.vcard"),
				twilio
			);
		},
	});

	const incoming_html = (site) => {
		const address = `${site.replace(/\/+$/, "")}/api/method/escalation_mgmt.inbound.twilio.incoming_sms`;
		const says = __("At Twilio, under each number's messaging configuration, let incoming messages go here by POST:");
		return `<p class="text-muted small">${says}<br><code class="escalation-address">${escaped(address)}</code></p>`;
	};

	// Further providers take no room before somebody wants one.
	frappe.ui.form.on(SETTINGS, {
		refresh(frm) {
			const there = Boolean(frm.doc.providers?.length);
			frm.toggle_display(["providers_section", "providers"], there);
			if (!there) frm.add_custom_button(__("Add a Further Provider"), () => add_provider(frm));
		},
	});

	const add_provider = (frm) => {
		frm.toggle_display(["providers_section", "providers"], true);
		frm.remove_custom_button(__("Add a Further Provider"));
		frm.add_child("providers");
		frm.refresh_field("providers");
		frm.scroll_to_field("providers");
		frm.get_field("providers").grid.grid_rows.at(-1)?.toggle_view(true);
	};

	// What a provider says to the settings as they stand on the screen.
	const test = async (frm, method, title, html_of) => {
		if (frm.is_dirty()) await frm.save();
		const { ok, said } = await call(method, {}, { freeze: true });
		frappe.msgprint({ title, indicator: ok ? "green" : "red", message: html_of(said) });
	};

	const paragraphs = (lines) => lines.map((line) => `<p>${escaped(line)}</p>`).join("");
}
