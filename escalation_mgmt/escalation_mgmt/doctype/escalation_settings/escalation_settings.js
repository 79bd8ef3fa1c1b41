// Says whether this installation may send (a copy may not), and lets an administrator make it live.
frappe.ui.form.on("Escalation Settings", {
	refresh(frm) {
		const mute = frappe.boot.escalation_mute;
		const text = mute
			? __("This site is a copy: no escalation is run and no message is sent.")
			: __("This installation is live: due steps are run and messages are sent.");
		frm.get_field("live").$wrapper.html(`<div class="form-message ${mute ? "red" : "green"}">${text}</div>`);
		if (!mute) return;
		frm.add_custom_button(__("Make This Installation Live"), () => {
			frappe.confirm(
				__("Everything that is due is then run and sent to real people, from here. Is this site the one that shall do it?"),
				async () => {
					await frappe.call("escalation_mgmt.api.settings.make_live");
					window.location.reload();
				}
			);
		});
	},
});

// How the engine does: when a dispatcher last looked, what is overdue, how late messages went out. Kept fresh.
frappe.ui.form.on("Escalation Settings", {
	setup(frm) {
		frappe.dom.set_style(".escalation-figures { margin: 12px 0; } .escalation-figures td { padding: 2px 16px 2px 0; vertical-align: top; } .escalation-figures .red { color: var(--red-600); font-weight: 600; } .escalation-figures .green { color: var(--green-700); }");
		setInterval(() => cur_frm === frm && document.visibilityState === "visible" && frm.events.show_figures(frm), 10000);
	},

	refresh: (frm) => frm.events.show_figures(frm),

	async show_figures(frm) {
		const answer = await fetch("/api/method/escalation_mgmt.api.health.figures").catch(() => null);
		const text = (value) => frappe.utils.escape_html(String(value));
		const rows = answer?.ok
			? (await answer.json()).message.map(({ label, value, tone }) => `<tr><td>${text(label)}</td><td class="${text(tone)}">${text(value)}</td></tr>`)
			: [`<tr><td class="red">${__("The server can't be reached.")}</td></tr>`];
		frm.get_field("figures").$wrapper.html(`<table class="escalation-figures">${rows.join("")}</table>`);
	},
});

// iPhone Notification: what FCM says to its service account, and new keys for Web Push.
frappe.ui.form.on("Escalation Settings", {
	refresh(frm) {
		const push = __("iPhone Notification");
		frm.add_custom_button(__("Technician's Page"), () => window.open("/escalations"), push);
		frm.add_custom_button(
			__("Test FCM"),
			async () => {
				if (frm.is_dirty()) await frm.save();
				const { message } = await frappe.call({
					method: "escalation_mgmt.api.settings.test_fcm",
					freeze: true,
				});
				frappe.msgprint({
					title: __("Test FCM"),
					indicator: message.ok ? "green" : "red",
					message: frappe.utils.escape_html(message.said),
				});
			},
			push
		);
		frm.add_custom_button(
			__("Make New VAPID Keys"),
			() =>
				frappe.confirm(
					__(
						"Devices that were added so far are reached with the present keys until you make new ones once more. Each takes the new keys when its owner opens the technician's page. Go on?"
					),
					async () => {
						await frappe.call("escalation_mgmt.api.settings.make_push_keys");
						frm.reload_doc();
					}
				),
			push
		);
	},
});

// Twilio: what it says to our log-in and numbers, and where it has to send what comes in.
frappe.ui.form.on("Escalation Settings", {
	refresh(frm) {
		const twilio = __("Twilio");
		const address = (frm.doc.public_url || window.location.origin).replace(/\/+$/, "");
		const incoming = `${address}/api/method/escalation_mgmt.inbound.twilio.incoming_sms`;
		const says = __("At Twilio, under each number's messaging configuration, let incoming messages go here by POST:");
		frm.get_field("twilio_incoming").$wrapper.html(
			`<p class="text-muted small">${says}<br><code>${frappe.utils.escape_html(incoming)}</code></p>`
		);
		frm.add_custom_button(
			__("Test Connection"),
			async () => {
				if (frm.is_dirty()) await frm.save();
				const { message } = await frappe.call({
					method: "escalation_mgmt.api.settings.test_twilio",
					freeze: true,
				});
				frappe.msgprint({
					title: __("Test Connection"),
					indicator: message.ok ? "green" : "red",
					message: message.said.map((line) => `<p>${frappe.utils.escape_html(line)}</p>`).join(""),
				});
			},
			twilio
		);
		frm.add_custom_button(
			__("Our Numbers as a Contact"),
			() => window.open("/api/method/escalation_mgmt.api.contacts.vcard"),
			twilio
		);
	},
});
