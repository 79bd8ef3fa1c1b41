// Bundles every *.bundle.* below an app's public folder, as `bench build` does: node build.mjs APP PUBLIC OUT NODE_MODULES FRAPPE
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";

const [app, publicFolder, out, nodeModules, frappe] = process.argv.slice(2);
const require = createRequire(path.join(nodeModules, "package.json"));
const esbuild = require("esbuild");
const sass = require("sass");
const vue = require("@vue/compiler-sfc");

const appFolder = path.dirname(path.dirname(publicFolder));
const searched = [nodeModules, frappe, appFolder];

function find(folder) {
	return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
		const full = path.join(folder, entry.name);
		if (entry.isDirectory()) return ["node_modules", "dist"].includes(entry.name) ? [] : find(full);
		return /\.bundle\.(js|ts|css|scss)$/.test(entry.name) ? [full] : [];
	});
}

// A Frappe template: HTML that registers itself under its file name.
const html = {
	name: "html",
	setup(build) {
		build.onLoad({ filter: /\.html$/ }, ({ path: file }) => {
			const name = path.basename(file, ".html");
			// As a template literal, whose reading of backslashes some templates count on.
			const text = fs.readFileSync(file, "utf8").replace(/`/g, "\\`");
			return { contents: `frappe.templates['${name}'] = \`${text}\`;` };
		});
	},
};

const components = {
	name: "vue",
	setup(build) {
		build.onLoad({ filter: /\.vue$/ }, ({ path: file }) => {
			const id = Buffer.from(path.relative(publicFolder, file)).toString("hex").slice(-12);
			const { descriptor, errors } = vue.parse(fs.readFileSync(file, "utf8"), { filename: file });
			if (errors.length) return { errors: errors.map((e) => ({ text: `${file}: ${e.message}` })) };
			const scoped = descriptor.styles.some((style) => style.scoped);
			let code = "const component = {};";
			if (descriptor.script || descriptor.scriptSetup) {
				const script = vue.compileScript(descriptor, { id, inlineTemplate: Boolean(descriptor.scriptSetup) });
				code = vue.rewriteDefault(script.content, "component");
			}
			if (descriptor.template && !descriptor.scriptSetup) {
				const template = vue.compileTemplate({
					source: descriptor.template.content, filename: file, id, scoped,
				});
				code += `\n${template.code}\ncomponent.render = render;`;
			}
			if (scoped) code += `\ncomponent.__scopeId = "data-v-${id}";`;
			const css = descriptor.styles.map((style) => {
				const source = style.lang === "scss"
					? sass.compileString(style.content, { importers: [importer(path.dirname(file))], logger: sass.Logger.silent }).css
					: style.content;
				const inlined = source.replace(/@import "([^"]+\.css)";/g, (line, name) => {
					const file = path.join(nodeModules, name);
					return fs.existsSync(file) ? fs.readFileSync(file, "utf8") : line;
				});
				return vue.compileStyle({ source: inlined, filename: file, id, scoped: style.scoped }).code;
			}).join("\n");
			if (css.trim()) {
				code += `\n{ const tag = document.createElement("style"); tag.textContent = ${JSON.stringify(css)}; document.head.append(tag); }`;
			}
			return {
				contents: `${code}\nexport default component;`,
				loader: descriptor.script?.lang === "ts" || descriptor.scriptSetup?.lang === "ts" ? "ts" : "js",
				resolveDir: path.dirname(file),
			};
		});
	},
};

function importer(folder) {
	// "~package/file", "app/public/file" and plain relative names; plain css is taken in as it is
	return {
		canonicalize(name) {
			const wanted = name.startsWith("file:") ? new URL(name).pathname : name.replace(/^~/, "");
			const bases = path.isAbsolute(wanted) ? [""] : [folder, ...searched];
			for (const base of bases) {
				const full = (base ? path.resolve(base, wanted) : wanted).replace("/public/node_modules/", "/node_modules/");
				for (const place of [full, full.replace(`${frappe}/frappe/node_modules`, nodeModules)]) {
					const { dir, base: last } = path.parse(place);
					for (const candidate of [
						`${place}.scss`, path.join(dir, `_${last}.scss`), `${place}.css`,
						path.join(place, "index.scss"), path.join(place, "_index.scss"), place,
					]) {
						if (fs.existsSync(candidate) && fs.statSync(candidate).isFile()) return new URL(`file://${candidate}`);
					}
				}
			}
			return null;
		},
		load(url) {
			const file = url.pathname;
			return {
				contents: fs.readFileSync(file, "utf8"),
				syntax: file.endsWith(".css") ? "css" : "scss",
				sourceMapUrl: url,
			};
		},
	};
}

const styles = {
	name: "sass",
	setup(build) {
		build.onLoad({ filter: /\.scss$/ }, ({ path: file }) => {
			const result = sass.compile(file, {
				importers: [importer(path.dirname(file))],
				logger: sass.Logger.silent,
			});
			return { contents: result.css, loader: "css", resolveDir: path.dirname(file) };
		});
		build.onResolve({ filter: /\/public\/node_modules\// }, ({ path: name }) => ({
			path: path.join(nodeModules, name.split("/node_modules/")[1]),
		}));
		// Fonts and pictures are fetched by the browser from where they are.
		build.onResolve({ filter: /.*/ }, ({ path: name, kind }) => (kind === "url-token" ? { path: name, external: true } : null));
	},
};

const entryPoints = {};
for (const file of find(publicFolder)) {
	const extension = path.extname(file);
	const kind = [".css", ".scss"].includes(extension) ? "css" : "js";
	entryPoints[path.join(app, "dist", kind, path.basename(file, extension))] = file;
}

const result = await esbuild.build({
	entryPoints,
	entryNames: "[dir]/[name].[hash]",
	outdir: out,
	bundle: true,
	metafile: true,
	minify: true,
	sourcemap: false,
	target: ["es2020"],
	nodePaths: searched,
	logLevel: "error",
	loader: { ".svg": "dataurl", ".png": "dataurl" },
	define: {
		"process.env.NODE_ENV": '"production"',
		__VUE_OPTIONS_API__: "true",
		__VUE_PROD_DEVTOOLS__: "false",
		__VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "false",
	},
	alias: { vue: path.join(nodeModules, "vue/dist/vue.esm-bundler.js") },
	plugins: [html, components, styles],
});

const names = {};
for (const [file, { entryPoint }] of Object.entries(result.metafile.outputs)) {
	if (entryPoint) {
		const name = path.basename(entryPoint.replace(/^[a-z]+:/, "")).replace(/\.(scss|ts)$/, (e) => (e === ".ts" ? ".js" : ".css"));
		names[name] = "/assets/" + path.relative(out, path.resolve(file));
	}
}
fs.writeFileSync(path.join(out, "assets.json"), JSON.stringify(names, null, 1));
