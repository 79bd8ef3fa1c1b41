// The escalation that the form of an action item shows: of this item, whatever else its ticket has.
import { API, post, TicketEscalation } from "../ticket_escalation";

export class ItemEscalation extends TicketEscalation {
	constructor(doctype, name, hooks, ticket) {
		super(doctype, name, hooks);
		this.of_ticket = ticket;
	}

	get ticket() {
		return this.of_ticket;
	}

	asked() {
		return `${API}timeline?${new URLSearchParams({ action_item: this.name })}`;
	}

	async act(action, values, shown) {
		const body = { action_item: this.name, action, seen: shown.seen, values };
		const said = await post("act_on_item", body, shown.words);
		await this.polling; // what was asked before knows nothing of it
		await this.poll();
		return said;
	}
}
