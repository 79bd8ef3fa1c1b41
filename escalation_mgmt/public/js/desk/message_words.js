// What the messages of a line of a rehearsal say, folded away.
import { escaped } from "./html";

// `words`: [{method, to, text}], of which several may say something of their own.
export const words_html = (words) =>
	words.length ? `<details class="escalation-words"><summary>${summary()}</summary>${words.map((each) => text_html(each, words.length > 1)).join("")}</details>` : "";

const summary = () => __("What it says");

const text_html = ({ to, text }, named) =>
	`${named ? `<div class="text-muted" dir="auto">${escaped(to)}</div>` : ""}<div class="escalation-message-text" dir="auto">${escaped(text)}</div>`;
