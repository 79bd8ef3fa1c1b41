// Calls of our methods by their dotted paths; each answers with what the method returns.

// Where it is refused, Desk says why, and the promise is rejected.
export async function call(method, args, more = {}) {
	const { message } = await frappe.call({ method, args, ...more });
	return message;
}

// By GET, for what only reads.
export const read = (method, args, more = {}) => call(method, args, { type: "GET", ...more });

// Null where it is refused. Why is shown already, unless `more` says `silent`.
export const call_or_null = (method, args, more) => call(method, args, more).then((message) => message, () => null);

// What nobody waits for: null where there is no answer, and not a word about it.
export async function ask_quietly(method, args = {}) {
	const answer = await fetch(`/api/method/${method}?${new URLSearchParams(args)}`).catch(() => null);
	return answer?.ok ? (await answer.json()).message : null;
}
