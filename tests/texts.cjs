// Finds texts in JavaScript that a person would read and that don't go through __(): `node texts.cjs FILE...` writes a list
// of [file, line, text] in JSON. A text is two words or more, or any word at all in a place that is shown as it is.
const { readFileSync } = require("fs");
const { parse } = require("acorn");

const TRANSLATE = ["__"];
const SHOWN_BY = ["msgprint", "confirm", "throw", "show_alert", "set_headline", "set_headline_alert", "set_intro", "add_custom_button", "add_inner_button", "add_menu_item", "set_title", "text", "html", "append"];
const SHOWN_AS = ["label", "title", "message", "placeholder", "description", "primary_action_label", "secondary_action_label", "textContent", "innerText", "subject"];
const NOT_SHOWN = ["fetch", "querySelector", "querySelectorAll", "find", "closest", "on", "matchMedia", "error", "warn"];
const WORDS = /\p{L}{2,}[,;:]? \p{L}{2,}/u;
const WORD = /\p{L}{2,}/u;

const name_of = (node) => node?.name ?? node?.property?.name ?? node?.key?.name ?? node?.key?.value;

function* walk(node, parents = []) {
	if (!node || typeof node.type !== "string") return;
	yield [node, parents];
	for (const value of Object.values(node)) {
		for (const child of Array.isArray(value) ? value : [value]) yield* walk(child, [node, ...parents]);
	}
}

// What is left for the eye: without tags, but with the attributes that are read out or shown.
function seen(text) {
	const said = [...text.matchAll(/(?:title|alt|placeholder|aria-label)\s*=\s*"([^"]*)"/g)].map((match) => match[1]);
	return [text.replace(/<style[\s\S]*?<\/style>/g, " ").replace(/<[^>]*>/g, " "), ...said].join(" ").replace(/&[a-z]+;/g, " ");
}

function text_of(node) {
	if (node.type === "Literal" && typeof node.value === "string") return node.value;
	// What is put in between is looked at by itself.
	if (node.type === "TemplateLiteral") return node.quasis.map((quasi) => quasi.value.cooked).join(" ∙ ");
	return null;
}

// A text that is put together before it is translated never is.
const is_put_together = ([node]) =>
	node.type === "CallExpression" && TRANSLATE.includes(name_of(node.callee)) &&
	(node.arguments[0]?.type === "BinaryExpression" || node.arguments[0]?.expressions?.length > 0);

function is_read([node, parents]) {
	const text = text_of(node);
	if (!text) return false;
	let shown = /<[a-z]/.test(text);
	let child = node;
	for (const parent of parents) {
		const call = parent.type === "CallExpression" && name_of(parent.callee);
		if (call && TRANSLATE.includes(call)) return false;
		if (call && NOT_SHOWN.includes(call) && parent.arguments.includes(child)) return false;
		if (parent.type === "VariableDeclarator" && parent.id.name === "CSS") return false;
		if (parent.type === "ImportDeclaration" || parent.type === "ImportExpression") return false;
		if ((parent.type === "MemberExpression" || parent.type === "Property") && (parent.property === child || parent.key === child)) return false;
		if (parent.type === "BinaryExpression" && parent.operator.includes("=")) return false; // compared, not shown
		if (parent.type === "SwitchCase" && parent.test === child) return false;
		if (child === node) {
			if (call && SHOWN_BY.includes(call) && parent.arguments[0] === node) shown = true;
			if (parent.type === "Property" && SHOWN_AS.includes(name_of(parent))) shown = true;
			if (parent.type === "AssignmentExpression" && SHOWN_AS.includes(name_of(parent.left))) shown = true;
		}
		if (parent.type.endsWith("Function") || parent.type === "FunctionExpression" || parent.type === "ArrowFunctionExpression") break;
		child = parent;
	}
	return (shown ? WORD : WORDS).test(seen(text).replaceAll("∙", " "));
}

const found = [];
for (const file of process.argv.slice(2)) {
	const tree = parse(readFileSync(file, "utf8"), { ecmaVersion: "latest", sourceType: "module", locations: true, allowAwaitOutsideFunction: true });
	for (const each of walk(tree)) {
		if (is_read(each)) found.push([file, each[0].loc.start.line, text_of(each[0])]);
		if (is_put_together(each)) found.push([file, each[0].loc.start.line, "put together inside of __()"]);
	}
}
console.log(JSON.stringify(found));
