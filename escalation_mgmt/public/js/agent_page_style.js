// How our part of Helpdesk's agent page looks. Each colour of text and what lies behind it are chosen here, together, for the
// light and the dark theme: Helpdesk's own variables change their names, and half a pair of them is white on white.
export const CSS = `
	.escalation-line, .escalation-dialog { color-scheme: light; --back: #f3f3f3; --card: #fff; --text: #171717; --edge: #8f8f8f;
		--field: #fff; --hover: #e6e6e6; --main: #171717; --on-main: #fff; --main-hover: #3d3d3d; }
	[data-theme=dark] :is(.escalation-line, .escalation-dialog) { color-scheme: dark; --back: #232323; --card: #2b2b2b; --text: #f3f3f3;
		--edge: #7d7d7d; --field: #1c1c1c; --hover: #414141; --main: #f3f3f3; --on-main: #171717; --main-hover: #d0d0d0; }
	.escalation-line { display: flex; flex: none; flex-wrap: wrap; align-items: center; gap: 4px 12px; margin: 0 20px 12px; padding: 6px 12px;
		border-inline-start: 4px solid var(--tone); border-radius: 6px; font-size: 14px; line-height: 1.4;
		overflow-wrap: anywhere; background: var(--back); color: var(--text); --tone: #616161; }
	.escalation-line[data-tone=red] { --tone: #b52a2a; }
	.escalation-line[data-tone=orange] { --tone: #a35200; }
	.escalation-line[data-tone=yellow] { --tone: #816300; }
	.escalation-line[data-tone=green] { --tone: #1b6b38; }
	.escalation-line[data-tone=blue] { --tone: #0a5ea8; }
	.escalation-status { padding: 1px 8px; border-radius: 10px; background: var(--tone); color: #fff; white-space: nowrap; }
	.escalation-next { font-variant-numeric: tabular-nums; font-weight: 600; }
	.escalation-next:empty { display: none; }
	.escalation-line a { color: inherit; text-decoration: underline; }
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
	.escalation-dialog { width: min(420px, 92vw); margin: auto; padding: 20px; border: 1px solid var(--edge); border-radius: 12px;
		background: var(--card); color: var(--text); }
	.escalation-dialog::backdrop { background: rgb(0 0 0 / 50%); }
	.escalation-dialog .escalation-actions { justify-content: flex-end; font-size: 14px; }
	.escalation-dialog h2 { font-size: 18px; font-weight: 600; margin-bottom: 12px; color: inherit; }
	.escalation-dialog label { display: block; font-size: 14px; margin-bottom: 16px; color: inherit; }
	.escalation-dialog :is(textarea, select, input) { display: block; width: 100%; min-height: 34px; margin-top: 4px; padding: 6px 8px;
		border: 1px solid var(--edge); border-radius: 6px; background-color: var(--field); color: var(--text); font-size: 14px; }
	.escalation-dialog :is(textarea, select, input):focus { border-color: var(--text); outline: 2px solid var(--text); outline-offset: -1px; box-shadow: none; }
	.escalation-dialog textarea { min-height: 84px; }
`;
