// How our part of Helpdesk's agent page looks. Each colour of text and what lies behind it are chosen here, together, for the
// light and the dark theme: Helpdesk's own variables change their names, and half a pair of them is white on white.
export const CSS = `
	.escalation-line, .escalation-dialog { color-scheme: light; --back: #f3f3f3; --card: #fff; --text: #171717; --edge: #8f8f8f;
		--field: #fff; --hover: #e6e6e6; --main: #171717; --on-main: #fff; --main-hover: #3d3d3d;
		--quiet: #525252; --bad: #b52a2a; --doubt: #8a4500; }
	[data-theme=dark] :is(.escalation-line, .escalation-dialog) { color-scheme: dark; --back: #232323; --card: #2b2b2b; --text: #f3f3f3;
		--edge: #7d7d7d; --field: #1c1c1c; --hover: #414141; --main: #f3f3f3; --on-main: #171717; --main-hover: #d0d0d0;
		--quiet: #b8b8b8; --bad: #ff9c9c; --doubt: #ffb366; }
	.escalation-line { display: flex; flex: none; flex-wrap: wrap; align-items: center; gap: 4px 12px; margin: 0 20px 12px; padding: 6px 12px;
		border-inline-start: 4px solid var(--tone); border-radius: 6px; font-size: 14px; line-height: 1.4;
		overflow-wrap: anywhere; background: var(--back); color: var(--text); --tone: #616161; }
	:is(.escalation-line, .escalation-status)[data-tone=red] { --tone: #b52a2a; }
	:is(.escalation-line, .escalation-status)[data-tone=orange] { --tone: #a35200; }
	:is(.escalation-line, .escalation-status)[data-tone=yellow] { --tone: #816300; }
	:is(.escalation-line, .escalation-status)[data-tone=green] { --tone: #1b6b38; }
	:is(.escalation-line, .escalation-status)[data-tone=blue] { --tone: #0a5ea8; }
	.escalation-status { padding: 1px 8px; border-radius: 10px; background: var(--tone); color: #fff; white-space: nowrap; }
	.escalation-stands { flex: 0 1 auto; min-width: 0; }
	.escalation-next { font-variant-numeric: tabular-nums; font-weight: 600; }
	.escalation-next:empty { display: none; }
	.escalation-line a { color: inherit; text-decoration: underline; }
	.escalation-withheld, .escalation-sent, .escalation-earlier { color: var(--quiet); }
	.escalation-withheld:empty, .escalation-actions:empty, .escalation-line [hidden] { display: none; }
	:is(.escalation-item, .escalation-sent, .escalation-earlier) { flex: 0 0 100%; min-width: 0; font-size: 13px; }
	.escalation-item { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 12px; font-size: 14px; }
	.escalation-item { border-top: 1px solid color-mix(in srgb, var(--edge) 45%, transparent); padding-top: 6px; }
	.escalation-clock { font-weight: 600; }
	.escalation-plan { color: var(--quiet); }
	.escalation-sent ul { display: inline; }
	.escalation-sent li { display: inline; }
	.escalation-sent li:not(:last-child)::after { content: "; "; }
	.escalation-sent :is(.escalation-label, b) { font-weight: 600; }
	.escalation-sent .escalation-label { margin-inline-end: 6px; }
	.escalation-sent b { color: var(--text); }
	.escalation-sent time { font-variant-numeric: tabular-nums; white-space: nowrap; }
	.escalation-sent [data-tone=red] { color: var(--bad); font-weight: 600; }
	.escalation-sent [data-tone=orange] { color: var(--doubt); font-weight: 600; }
	.escalation-earlier summary { cursor: pointer; width: fit-content; }
	.escalation-earlier :is(summary, a):focus-visible, .escalation-line a:focus-visible { outline: 2px solid currentColor; outline-offset: 2px; }
	.escalation-earlier ul { list-style: none; margin: 4px 0 0; padding: 0; }
	.escalation-earlier li { padding: 2px 0; }
	.escalation-actions { display: flex; flex-wrap: wrap; gap: 8px; margin-inline-start: auto; }
	:is(.escalation-actions, .escalation-menu) button { padding: 3px 10px; border-radius: 6px; border: 1px solid var(--edge);
		background: var(--card); color: var(--text); text-align: start; }
	:is(.escalation-actions, .escalation-menu) button:hover { background: var(--hover); }
	:is(.escalation-actions, .escalation-menu) button:focus-visible { outline: 2px solid currentColor; outline-offset: 1px; }
	:is(.escalation-actions, .escalation-menu) button:disabled { opacity: .6; }
	.escalation-actions [data-action=more]::after { content: " ▾"; content: " ▾" / ""; }
	.escalation-actions [data-action=acknowledge], .escalation-actions .escalation-send {
		background: var(--main); border-color: transparent; color: var(--on-main); font-weight: 600; }
	.escalation-actions :is([data-action=acknowledge], .escalation-send):hover { background: var(--main-hover); }
	.escalation-menu { position: fixed; inset: auto; margin: 0; min-width: 180px; max-width: calc(100vw - 16px); max-height: 70vh; overflow: auto; padding: 6px;
		border: 1px solid var(--edge); border-radius: 8px; background: var(--card); color: var(--text); box-shadow: 0 6px 20px rgb(0 0 0 / 30%); }
	@media (max-width: 767px) {
		.escalation-line { margin: 8px 12px; }
		:is(.escalation-actions, .escalation-menu) button { min-height: 40px; } }
	.escalation-menu button { display: block; width: 100%; padding: 6px 10px; border-color: transparent; }
	.escalation-dialog { width: min(460px, 92vw); max-height: 90vh; overflow: auto; margin: auto; padding: 20px; border: 1px solid var(--edge); border-radius: 12px;
		background: var(--card); color: var(--text); }
	.escalation-dialog::backdrop { background: rgb(0 0 0 / 50%); }
	.escalation-dialog .escalation-actions { justify-content: flex-end; font-size: 14px; }
	.escalation-dialog h2 { font-size: 18px; font-weight: 600; margin-bottom: 12px; color: inherit; }
	.escalation-dialog label { display: block; font-size: 14px; margin-bottom: 16px; color: inherit; }
	.escalation-dialog :is(textarea, select, input) { display: block; width: 100%; min-height: 34px; margin-top: 4px; padding: 6px 8px;
		border: 1px solid var(--edge); border-radius: 6px; background-color: var(--field); color: var(--text); font-size: 14px; }
	.escalation-dialog :is(textarea, select, input):focus { border-color: var(--text); outline: 2px solid var(--text); outline-offset: -1px; box-shadow: none; }
	.escalation-dialog textarea { min-height: 84px; }
	.escalation-dialog .escalation-label { font-size: 14px; }
	.escalation-people { display: flex; flex-direction: column; gap: 6px; margin: 4px 0 16px; }
	.escalation-people button { display: flex; justify-content: space-between; align-items: center; gap: 8px; padding: 8px 10px; min-height: 40px; border: 1px solid var(--edge); border-radius: 6px; background: var(--card);
		color: var(--text); font-size: 14px; text-align: start; overflow-wrap: anywhere; }
	.escalation-people button::after { content: "›"; content: "›" / ""; color: var(--quiet); font-size: 18px; line-height: 1; }
	.escalation-people button:hover { background: var(--hover); }
	.escalation-people button:focus-visible { outline: 2px solid currentColor; outline-offset: 1px; }
	.escalation-preview { margin-bottom: 16px; font-size: 14px; line-height: 1.45; overflow-wrap: anywhere; }
	.escalation-preview h3 { font-size: 14px; font-weight: 600; margin-bottom: 4px; }
	.escalation-preview ol { list-style: none; margin: 0; padding: 0; }
	.escalation-preview li { display: grid; grid-template-columns: 84px minmax(0, 1fr); gap: 8px; padding: 3px 0 3px 10px;
		border-inline-start: 3px solid var(--edge); }
	.escalation-preview-end { color: var(--quiet); }
	.escalation-preview-missed, .escalation-preview-note, .escalation-refused { color: var(--bad); }
	.escalation-refused:not(:empty) { margin-bottom: 16px; font-size: 14px; overflow-wrap: anywhere; }
	.escalation-said { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
`;
