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

// Servers take no longer address than this: gunicorn 4,094 bytes, with the method and all.
const LONGEST = 3000;

// What nobody waits for: null where there is no answer, and not a word about it. By GET, unless it is too long for that.
export async function ask_quietly(method, args = {}) {
	const [path, asked] = [`/api/method/${method}`, new URLSearchParams(args)];
	const posted = { method: "POST", headers: { "X-Frappe-CSRF-Token": frappe.csrf_token }, body: asked };
	const answer = await (`${asked}`.length < LONGEST ? fetch(`${path}?${asked}`) : fetch(path, posted)).catch(() => null);
	return answer?.ok ? (await answer.json()).message : null;
}
