// The tone of whatever has a status or has happened: one of the colours of Desk's indicators.

// Of an action item, by its status (views.tones).
export const ITEM_TONES = frappe.boot.escalation_tones || {};

// The status of an action item, as people read it (wording.status).
export const item_status = (status) => (status === "Resolved" ? __("Answered") : __(status));

// Of a message, once it is known what became of it; of somebody who got none.
export const OUTCOME_TONES = {
	Sent: "green",
	Delivered: "green",
	Answered: "green",
	"Not Answered": "orange",
	Failed: "red",
	Unreachable: "red",
	Unknown: "orange",
};

// Of a message, by its status.
export const MESSAGE_TONES = { ...OUTCOME_TONES, Queued: "gray", Sending: "blue", Withdrawn: "gray" };

const STEPS = { "Step Ran": "blue", Acknowledged: "green", Resolved: "green", "Nobody Notified": "red" };

// Of what happened to an action item, by the kind of event.
export const EVENT_TONES = {
	...STEPS,
	Unreachable: "red",
	Exhausted: ITEM_TONES.Exhausted,
	Cancelled: ITEM_TONES.Cancelled,
	Parked: "red",
	"Held after Restore": "orange",
	Failed: "red",
	"Act Done": "blue",
	"Act Failed": "red",
	"Will Be Retried": "orange",
	"Outcome Unknown": "orange",
};

// Of what would happen in a rehearsal.
export const REHEARSAL_TONES = { ...STEPS, Exhausted: ITEM_TONES.Exhausted, Held: "orange", "No Calendar": "orange" };
