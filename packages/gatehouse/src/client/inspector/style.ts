/** The inspector's own style. What a page says of its elements, of any kind, ends at the host. */
export const STYLE = `
:host {
  all: initial !important;
  display: contents !important;
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
aside {
  --paper: #fff; --ink: #1b1f24; --soft: #57606a; --line: #d0d7de; --accent: #0b57d0; --bad: #a40e26; --row: #f3f5f8;
  position: fixed; z-index: 2147483646; inset-block-end: 0; inset-inline-end: 0; padding: .5rem;
  display: flex; flex-direction: column-reverse; align-items: flex-end; gap: .5rem;
  max-block-size: 85dvh; pointer-events: none;
  font: 14px/1.45 system-ui, sans-serif; color: var(--ink); text-align: start;
}
aside > * { pointer-events: auto; }
@media (prefers-color-scheme: dark) {
  aside {
    --paper: #16191d; --ink: #e8ebef; --soft: #a5afba; --line: #3a424b; --accent: #8ab4f8; --bad: #ff9aa6; --row: #20252b;
    color-scheme: dark;
  }
}
button {
  font: inherit; color: inherit; background: var(--row); border: 1px solid var(--line); border-radius: .4rem;
  min-block-size: 28px; min-inline-size: 28px; padding: .1rem .6rem; cursor: pointer;
}
a { color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
#toggle { background: var(--paper); border-radius: 2rem; box-shadow: 0 1px 4px #0005; font-size: 12px; }
#toggle[data-refused] { border-color: var(--bad); color: var(--bad); }
#panel {
  inline-size: min(34rem, 100vw - 1rem); min-block-size: 0; overflow: auto; overscroll-behavior: contain;
  padding: 0 1rem 1rem; background: var(--paper); border: 1px solid var(--line); border-radius: .6rem;
  box-shadow: 0 4px 24px #0006;
}
header {
  position: sticky; inset-block-start: 0; z-index: 1; display: flex; align-items: center; gap: .5rem;
  padding-block: .6rem; background: var(--paper); border-block-end: 1px solid var(--line);
}
h2, h3 { margin: 0; font-size: 1rem; flex: 1; }
h3 { margin-block: 1rem .4rem; font-size: .9rem; }
h2:focus { outline: none; }
.head { display: flex; align-items: baseline; gap: .5rem; }
ul, ol { margin: 0; padding: 0; list-style: none; }
li { margin-block: .25rem; }
li[data-depth="1"] { margin-inline-start: 1rem; }
li[data-depth="2"] { margin-inline-start: 2rem; }
li:is([data-depth="3"], [data-depth="4"], [data-depth="5"], [data-depth="6"]) { margin-inline-start: 3rem; }
[data-select] { inline-size: 100%; text-align: start; padding: .3rem .6rem; overflow-wrap: anywhere; }
[data-select][aria-expanded="true"] { border-color: var(--accent); border-end-start-radius: 0; border-end-end-radius: 0; }
.details { padding: .5rem .6rem; border: 1px solid var(--accent); border-block-start: 0; border-radius: 0 0 .4rem .4rem; }
.instance { color: var(--soft); }
.summary { color: var(--soft); font-size: 12px; }
dl { margin: 0; }
dl > div { display: grid; grid-template-columns: 8.5rem 1fr; gap: .5rem; padding-block: .1rem; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
p { margin: .2rem 0; overflow-wrap: anywhere; }
code { font: 12px/1.4 ui-monospace, monospace; }
table { inline-size: 100%; margin-block-start: .5rem; border-collapse: collapse; font-size: 12px; }
caption { text-align: start; font-weight: 600; padding-block: .2rem; }
th { text-align: start; font-weight: 400; }
th, td { padding: .05rem .4rem .05rem 0; vertical-align: baseline; }
td:nth-child(2) { color: var(--soft); overflow-wrap: anywhere; }
.number { text-align: end; white-space: nowrap; font-variant-numeric: tabular-nums; }
.bar { inline-size: 35%; }
svg { display: block; inline-size: 100%; block-size: 8px; background: var(--row); }
rect { fill: var(--accent); }
.refusals > li { padding: .4rem .6rem; border: 1px solid var(--line); border-inline-start: 3px solid var(--bad); border-radius: .4rem; }
.refusals strong { color: var(--bad); }
.outline {
  position: fixed; z-index: 2147483645; inset: 0 auto auto 0; pointer-events: none;
  border: 2px solid #0b57d0; background: #0b57d01f; border-radius: 3px;
}
.outline span {
  position: absolute; inset: auto auto 100% -2px; padding: 0 .4rem; white-space: nowrap;
  font: 12px/1.5 system-ui, sans-serif; color: #fff; background: #0b57d0;
}
.outline[data-inside] span { inset-block: 0 auto; }
.heard { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); }
@media (max-width: 30rem) {
  aside { max-block-size: 75dvh; }
  dl > div { grid-template-columns: 6.5rem 1fr; }
  .bar { inline-size: 25%; }
}
@media (forced-colors: active) {
  rect { fill: CanvasText; }
  svg { forced-color-adjust: none; background: Canvas; }
}
@media print { aside, .outline { display: none; } }
`;
