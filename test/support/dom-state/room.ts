import { html } from "gatehouse/html";
import { live } from "gatehouse/live";
import { z } from "zod";

/** Keys of the rows, in their first order. */
export const ROWS = ["ash", "beech", "cedar", "elm"] as const;

/** A component with something of every kind. `n` counts the updates; each changes something around the state. */
export const room = live("room", {
  state: z.object({ n: z.int(), grown: z.int(), rows: z.array(z.string()), folded: z.boolean() }),
  mount: ({ previous }) => previous ?? { n: 0, grown: 0, rows: [...ROWS], folded: false },
  actions: (action) => ({
    update: action({ authorise: "public", commutes: true }, ({ state }) => ({ ...state, n: state.n + 1 })),
    grow: action({ authorise: "public" }, ({ state }) => ({ ...state, n: state.n + 1, grown: state.grown + 5 })),
    rotate: action({ authorise: "public" }, ({ state: { rows, ...state } }) => ({
      ...{ ...state, n: state.n + 1 },
      rows: [...rows.slice(1), ...rows.slice(0, 1)],
    })),
    reverse: action({ authorise: "public" }, ({ state }) => ({
      ...state,
      n: state.n + 1,
      rows: state.rows.toReversed(),
    })),
    shrink: action({ authorise: "public" }, ({ state }) => ({ ...state, n: state.n + 1, rows: state.rows.slice(1) })),
    fold: action({ authorise: "public" }, ({ state }) => ({ ...state, n: state.n + 1, folded: !state.folded })),
  }),
  render: ({ state: { n, grown, rows, folded }, act }) => html`
    <p id="count">${n}</p>
    <div id="above">${Array.from({ length: grown }, (_, index) => html`<p>Line ${index}</p>`)}</div>
    ${n % 2 === 1 ? html`<p>A note that comes and goes.</p>` : undefined}
    <p id="prose">Words that stay, <b id="bold">some of them bold</b>, and <i id="slanted">more of them</i>.</p>
    <p id="changing">Seen ${n} times</p>
    <button id="go" class="n${n}" ${act.update()}>Update</button>
    <button id="plain" type="button" title="After ${n}">Plain</button>
    <form id="form">
      ${n % 2 === 1 ? html`<input name="extra" value="came in between" />` : undefined}
      <input id="text" class="n${n}" value="server" />
      <input name="unnamed" value="server" />
      <textarea id="area" title="After ${n}">server</textarea>
      <input id="check" type="checkbox" title="After ${n}" />
      <input id="small" type="radio" name="size" value="s" />
      <input id="medium" type="radio" name="size" value="m" checked=${n % 2 === 0} />
      <input id="large" type="radio" name="size" value="l" checked=${n % 2 === 1} />
      <select id="one">
        ${n % 2 === 1 ? html`<option>zero</option>` : undefined}
        <option>one</option>
        <option>two</option>
        <option selected=${n % 2 === 1}>three</option>
      </select>
      <select id="many" multiple title="After ${n}">
        ${n % 2 === 1 ? html`<option>zero</option>` : undefined}
        <option>one</option>
        <option selected>two</option>
        <option>three</option>
      </select>
      <input id="file" type="file" title="After ${n}" />
      <input id="range" type="range" value="${10 + n}" />
      <input id="color" type="color" value="#00000${n % 10}" />
      <input id="date" type="date" value="2030-01-0${1 + (n % 9)}" />
      <input id="mail" name="email" autocomplete="email" title="After ${n}" />
    </form>
    <div id="editor" contenteditable="true" title="After ${n}">Write <b>here</b>.</div>
    <div id="scroller">
      <p>${n}</p>
      <pre>${"line\n".repeat(60)}</pre>
    </div>
    <dialog id="modal" class="n${n}"><p>${n}</p><button id="within" type="button">Within</button></dialog>
    <dialog id="pane" class="n${n}"><p>${n}</p></dialog>
    <details id="closed" class="n${n}"><summary>More</summary><p>${n}</p></details>
    <details id="opened" class="n${n}" open><summary>Less</summary><p>${n}</p></details>
    <div id="auto" popover class="n${n}"><p>${n}</p></div>
    <div id="manual" popover="manual" class="n${n}"><p>${n}</p></div>
    <video id="video" muted playsinline class="n${n}"></video>
    <audio id="audio" src="/tone.wav" loop class="n${n}"></audio>
    <canvas id="canvas" width="20" height="20" class="n${n}"></canvas>
    <iframe id="frame" title="After ${n}"></iframe>
    <live-part id="part" label="${n}"></live-part>
    <div id="shadow" title="After ${n}"><p>${n}</p></div>
    <div id="moving" class="still" title="After ${n}">${n}</div>
    <div id="widget" class="empty n${n}" data-live-keep></div>
    <div id="toggled" class="box n${n}" aria-expanded="false">${n}</div>
    <p id="hello">Hello for the time ${n}</p>
    <p id="morning">Good morning <b>to</b> everybody</p>
    <div id="slot" data-live-keep></div>
    <section id="fold" hidden=${folded} inert=${folded}><input id="folded" value="server" /></section>
    <ul id="rows">
      ${rows.map(
        (row) =>
          html`<li data-key=${row} class="n${n}">
            <input value="server" /><live-part></live-part><iframe title=${row}></iframe>
            <details><summary>${row}</summary><p>${n}</p></details>
            <dialog><p>${n}</p></dialog>
            <div class="tall"><pre>${"line\n".repeat(40)}</pre></div>
          </li>`,
      )}
    </ul>
  `,
});

/** A component to be put inside another. */
export const inner = live("inner", {
  state: z.object({ count: z.int() }),
  mount: () => ({ count: 0 }),
  actions: (action) => ({
    add: action({ authorise: "public", commutes: true }, ({ state }) => ({ count: state.count + 1 })),
  }),
  render: ({ state, act }) => html`<p id="inner-count">${state.count}</p>
    <input id="inner-text" /><button id="inner-add" ${act.add()}>Add</button>`,
});

/** What a page's own script would have set up; style sheets made by scripts are within the policy. */
export const SETTING = `
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(\`
    #scroller, .tall { height: 60px; overflow: auto }
    #moving.run { animation: slide 60s linear infinite }
    #toggled { transition: opacity 60s linear; opacity: 1 }
    #toggled.faint { opacity: 0 }
    @keyframes slide { from { translate: 0 } to { translate: 100px } }
  \`);
  document.adoptedStyleSheets = [sheet];
  window.$ = (selector) => document.querySelector(selector);
  window.calls = [];
  customElements.define("live-part", class extends HTMLElement {
    static observedAttributes = ["label"];
    secret = 0;
    connectedCallback() { calls.push(["connected", this.closest("li")?.dataset.key ?? this.id]); }
    disconnectedCallback() { calls.push(["disconnected", this.closest("li")?.dataset.key ?? this.id]); }
    attributeChangedCallback(name, _, value) { if (this.isConnected) calls.push([name, value]); }
  });
  calls.length = 0;
  window.row = (name) => $('#rows > [data-key="' + name + '"]');
  window.keep = (...elements) => { window.kept = elements; };
`;

/** Half a second of a quiet tone: 8 bit, 8 kHz, one channel. */
export function tone(): Buffer<ArrayBuffer> {
  const samples = 4000;
  const file = Buffer.alloc(44 + samples, 0x80);
  file.write("RIFF", 0);
  file.writeUInt32LE(36 + samples, 4);
  file.write("WAVEfmt ", 8);
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(8000, 24);
  file.writeUInt32LE(8000, 28);
  file.writeUInt16LE(1, 32);
  file.writeUInt16LE(8, 34);
  file.write("data", 36);
  file.writeUInt32LE(samples, 40);
  for (let index = 0; index < samples; index += 1) file[44 + index] = 128 + Math.round(8 * Math.sin(index / 3));
  return file;
}
