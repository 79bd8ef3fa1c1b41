// Whom a step goes to, in one place: a control of the row that offers people, teams, roles ... while somebody types. What it
// writes are the step's own fields: Whom, and the one that says which.
import { escaped } from "./html";
import { call_or_null } from "./server";

export const WHICH = {
	User: "user",
	Team: "team",
	"Next in Turn": "team",
	"Available Members": "team",
	Role: "role",
	"User Field": "user_field",
	Address: "address",
	Endpoint: "endpoint",
};
export const SECOND = "second_"; // before the fields that say whom it goes to where it reaches nobody
// What an act on the ticket sets stands where others have whom: the fields of a step that say it.
export const ACT_VALUE = { "Raise the Priority": "set_priority", "Set the Team": "set_team", "Set the Status": "set_status" };
export const ACT_TEXT = ["Internal Comment", "Message to the Customer"]; // and these say something
export const acts_alone = ({ method }) => Boolean(ACT_VALUE[method]) || ACT_TEXT.includes(method); // it is for nobody
export const STEP_TARGET = "StepTarget"; // a fieldtype of the form alone; the DocType has a Select

const names = {}; // of users, as far as they are known

// Whether any of them is new.
export function learn_names(found) {
	const news = Object.entries(found || {}).some(([user, name]) => names[user] !== name);
	Object.assign(names, found);
	return news;
}

// The fields of a step that say whom, or what it sets or says, as text; with a prefix: of its second target.
export function whom_in_words(step, prefix = "") {
	if (!prefix && ACT_VALUE[step?.method]) return step[ACT_VALUE[step.method]] || "…";
	if (!prefix && ACT_TEXT.includes(step?.method)) return (step.message || "…").split("\n")[0];
	const whom = step?.[`${prefix}whom`];
	const which = whom && step[prefix + WHICH[whom]];
	if (!which && OF_TICKET[whom]) return OF_TICKET[whom]();
	if (whom === "User" && which) return names[which] || which;
	if (whom === "User Field" && which) return __("Field: {0}", [which]);
	return which && whom !== "Address" ? `${__(whom)}: ${which}` : which || __(whom || "");
}

const OF_TICKET = {
	Team: () => __("The Ticket's Team"),
	"Next in Turn": () => __("Next in Turn of the Ticket's Team"),
	"Available Members": () => __("Available Members of the Ticket's Team"),
};

// All that its row says beside wait and method, in its order: whom, whom else, and when.
export function row_in_words(step) {
	const words = [whom_in_words(step)];
	if (step.second_whom) {
		const second = [whom_in_words(step, SECOND)];
		const if_available = step.whom === "Next in Turn" || step.whom === "Available Members";
		words.push(if_available ? __("if nobody is available: {0}", second) : __("if it reaches nobody: {0}", second));
	}
	if (step.only_if_hours === "In Working Time") words.push(__("only in working time"));
	if (step.only_if_hours === "Outside Working Time") words.push(__("only outside working time"));
	if (step.only_if_priority) words.push(__("only from priority {0} up", [step.only_if_priority]));
	if (step.only_if_condition) words.push(__("only if {0}", [step.only_if_condition]));
	return words.join("; ");
}

export const same_target = (one, other) => one.whom === other.whom && (one[WHICH[one.whom]] || "") === (other[WHICH[other.whom]] || "");

// The values of a target: "User:lead@x.test"; empty: none. What another kind had is emptied.
const fields_of = (value, step, prefix) => {
	const at = value.indexOf(":");
	const [whom, which] = [value.slice(0, at), value.slice(at + 1)];
	if (ACT_VALUE[step.method] === whom) return { [whom]: which };
	const emptied = Object.values(WHICH).filter((field) => step[prefix + field]);
	return {
		...Object.fromEntries(emptied.map((field) => [prefix + field, ""])),
		...(WHICH[whom] ? { [prefix + WHICH[whom]]: which } : {}),
		[`${prefix}whom`]: whom,
	};
};

const AFTER_DESK = 600; // milliseconds: half a second after it has opened a row's form it goes to the first field
const NOBODY = ":"; // no target
const A_SECOND = "Second:"; // offered in the row: its own form asks which

// When a form asks for it: Desk's controls are there then.
export function register_step_target() {
	frappe.ui.form.ControlStepTarget ||= class extends frappe.ui.form.ControlAutocomplete {
		get step() {
			return frappe.get_doc(this.doctype, this.docname) || {};
		}

		get prefix() {
			return this.df.fieldname === `${SECOND}whom` ? SECOND : "";
		}

		// In a row's own form what an act sets and says has fields of its own.
		refresh() {
			super.refresh();
			if (!this.only_input) $(this.wrapper).toggle(!acts_alone(this.step));
		}

		set_options() {} // they come from the server, for what is typed

		format_for_input() {
			return whom_in_words(this.step, this.prefix);
		}

		get_input_value() {
			return this.$input?.val();
		}

		get_awesomplete_settings() {
			const control = this;
			return {
				...super.get_awesomplete_settings(),
				autoFirst: false,
				maxItems: 40,
				filter: ({ label, value }, typed) => !control.typed || `${label} ${value}`.toLowerCase().includes(typed.trim().toLowerCase()),
				item: ({ value }) => option(control.get_data().find((each) => each.value === value)),
			};
		}

		setup_awesomplete() {
			super.setup_awesomplete();
			const draw = this.awesomplete.evaluate.bind(this.awesomplete);
			this.awesomplete.evaluate = () => this.pressed || draw();
			this.$input.on("focus", () => this.begin());
			this.$input.on("blur", () => (this.begun = false));
			this.$input.on("input", () => this.on_typed());
			this.$input.on("awesomplete-open", () => this.place());
			$(this.awesomplete.ul).on("pointerdown", () => this.press());
			this.$input.on("awesomplete-select", (event) => {
				event.preventDefault(); // the value isn't what is shown
				this.awesomplete.close();
				this.take(event.originalEvent.text.value);
			});
		}

		// All are offered, and the first key replaces what stands there. Nothing is highlighted, so that Tab goes on.
		begin() {
			if (this.begun) return; // Desk focuses a cell twice
			this.begun = true;
			this.typed = this.awesomplete.autoFirst = false;
			this.$input.trigger("select");
			this.offer("");
		}

		on_typed() {
			this.typed = this.awesomplete.autoFirst = true;
			this.awesomplete.evaluate();
			this.offer(this.$input.val());
		}

		async offer(text) {
			const number = (this.asked = (this.asked || 0) + 1);
			const args = { doctype: this.frm?.doc.reference_doctype || "", method: this.step.method || "", text };
			const found = await call_or_null("escalation_mgmt.api.plans.step_targets", args, { type: "GET", silent: true });
			if (!found || number !== this.asked || !this.$input.is(":focus")) return;
			this.set_data(this.prefix || this.step.second_whom || ACT_VALUE[this.step.method] ? found : [...found, a_second()]);
		}

		// As the superclass, which draws the list before it has taken the data; a person's name isn't translated.
		set_data(data) {
			this._data = Array.isArray(data) ? data : [];
			if (this.awesomplete) this.awesomplete.list = this._data;
		}

		// A click that begins on one that is offered has to end on it: what comes meanwhile, of ours or of Desk's, is drawn after it.
		press() {
			this.pressed = true;
			const let_go = () =>
				setTimeout(() => {
					this.pressed = false;
					if (this.awesomplete.opened) this.awesomplete.evaluate();
				});
			$(document).one("pointerup", let_go).one("pointercancel", let_go); // the second where the finger scrolls
		}

		// Above the table, which cuts off what sticks out of it.
		place() {
			const box = this.input.getBoundingClientRect();
			const width = Math.min(Math.max(box.width, 260), window.innerWidth - 16);
			const below = window.innerHeight - box.bottom;
			const up = below < 240 && box.top > below;
			Object.assign(this.awesomplete.ul.style, {
				position: "fixed",
				minWidth: "0",
				width: `${width}px`,
				left: `${Math.max(8, Math.min(box.left, window.innerWidth - width - 8))}px`,
				top: up ? "auto" : `${box.bottom + 2}px`,
				bottom: up ? `${window.innerHeight - box.top + 2}px` : "auto",
				maxHeight: `${Math.max(up ? box.top : below, 120) - 12}px`,
				overflowY: "auto",
			});
		}

		// What was typed and not chosen counts if it is the name of one that is offered.
		parse_validate_and_set_in_model(typed) {
			const words = this.format_for_input();
			const said = (typed || "").trim().toLowerCase();
			if (this.prefix && !said) return this.take(NOBODY);
			const found = typed !== words && this.get_data().find(({ label }) => label.toLowerCase() === said);
			if (found) return this.take(found.value);
			this.$input?.val(words);
			return Promise.resolve();
		}

		async take(value) {
			if (value === A_SECOND) return this.ask_for_second();
			const { label } = this.get_data().find((each) => each.value === value) || {};
			if (value.startsWith("User:") && label) learn_names({ [value.slice(5)]: label });
			await frappe.model.set_value(this.doctype, this.docname, fields_of(value, this.step, this.prefix)); // all at once: it may be saved next
			this.$input.val(this.format_for_input());
			this.grid_row?.refresh_field("whom");
		}

		ask_for_second() {
			this.$input.val(this.format_for_input());
			const grid_row = this.frm.get_field("steps").grid.grid_rows_by_docname[this.docname];
			const opens = !grid_row.grid_form?.wrapper.is(":visible");
			if (opens) grid_row.toggle_view(true);
			const asked = grid_row.grid_form.fields_dict.second_whom;
			asked.section?.collapse(false);
			setTimeout(() => asked.$input.trigger("focus"), opens ? AFTER_DESK : 0);
		}
	};
}

const a_second = () => ({
	value: A_SECOND,
	label: __("Somebody else, if it reaches nobody…"),
	description: __("Asks whom, in the step's own form"),
});

const option = ({ value, label, description }) =>
	$("<li></li>")
		.data("item.autocomplete", { value, label })
		.attr({ role: "option", "aria-selected": "false" })
		.html(`<a><p dir="auto"><strong>${escaped(label)}</strong>${description ? `<br><span class="small">${escaped(description)}</span>` : ""}</p></a>`)
		.get(0);
