import { html, jsonScript, type Html } from "gatehouse/html";
import { live, reply, type AnyLiveComponent } from "gatehouse/live";
import { z } from "zod";

const Texts = z.object({ texts: z.array(z.string()) });
const Picked = z.object({ id: z.string() });

/** Shows a text it is given as a property. */
export const note = live("note", {
  props: z.object({ text: z.string() }),
  state: z.object({ text: z.string() }),
  mount: ({ props, previous }) => previous ?? props,
  actions: (action) => ({
    pick: action({ input: Picked, authorise: "public", rateLimit: 100_000 }, () => undefined),
  }),
  render: ({ state, props, act }) =>
    html`<p title="${props.text}">${state.text}</p>
      <button ${act.pick({ id: props.text })}>${props.text}</button>`,
});

/** Everywhere a live component can show the text of a visitor, and still keep it as it is. */
function entry(text: string, button: Html): Html {
  return html`<li data-key=${text} id=${text} class="entry ${text}">
    <p title="${text}" data-note=${text}>${text}</p>
    <textarea name="${text}" placeholder=${text}>${text}</textarea>
    <input name=${text} value="${text}" ${{ "aria-label": text }} />
    <select>
      <option value=${text}>${text}</option>
    </select>
    <a href="/find?${new URLSearchParams({ text })}">${text}</a>
    <svg><title>${text}</title></svg>
    ${button}${jsonScript(text, text)}
  </li>`;
}

/** What a wall is made of. */
export interface WallOptions {
  /** Default: `wall`. */
  readonly name?: string;
  /** What visitors have written by the time somebody looks. */
  readonly texts: readonly string[];
  /** Whether they show at once, or after the action `show`. Default: at once. */
  readonly later?: boolean;
}

/** Shows the texts of visitors, each with a component for it inside, and one that is loaded later. */
export function wallOf({ name = "wall", texts, later = false }: WallOptions): AnyLiveComponent {
  const written = [...texts];
  return live(name, {
    state: Texts,
    mount: ({ previous }) => previous ?? { texts: later ? [] : written },
    actions: (action) => ({
      show: action({ authorise: "public", rateLimit: 100_000, commutes: true }, () => ({ texts: written })),
      turn: action({ authorise: "public", rateLimit: 100_000, commutes: true }, ({ state }) => ({
        texts: state.texts.toReversed(),
      })),
      look: action({ authorise: "public", rateLimit: 100_000 }, () => undefined),
      pick: action({ input: Picked, authorise: "public", rateLimit: 100_000 }, () => undefined),
      tell: action({ authorise: "public", rateLimit: 100_000, commutes: true }, ({ state }) => {
        const dispatch = [{ name: "told", detail: written }];
        return reply({ state, effects: { announce: written.join("\n"), focus: written[0] ?? "", dispatch } });
      }),
    }),
    render: ({ state, act, child }) =>
      html`<button ${act.show()} id="show">Show</button> <button ${act.turn()} id="turn">Turn</button>
        <button ${act.tell()} id="tell">Tell</button>
        <ul>
          ${state.texts.map((text) => entry(text, html`<button ${act.pick({ id: text })}>${text}</button>`))}
        </ul>
        ${state.texts.map((text, index) => {
          const load = { when: "visible", placeholder: html`<i title="${text}">${text}</i>` } as const;
          return [
            child(note, { instance: `now${index}`, props: { text } }),
            child(note, { instance: `later${index}`, props: { text }, load }),
          ];
        })}`,
  });
}

/** Complaints a letter may be refused with. */
export interface Complaints {
  next: string;
}

/** A form that is always refused. */
export function letterOf(complaints: Complaints): AnyLiveComponent {
  const refused = z.string().refine(() => false, { error: () => complaints.next });
  return live("letter", {
    state: z.object({}),
    mount: () => ({}),
    actions: (action) => ({
      send: action(
        {
          input: z.object({ subject: refused, message: refused, topic: refused }),
          authorise: "public",
          rateLimit: 9999,
        },
        () => undefined,
      ),
    }),
    render: ({ act: { send } }) =>
      html`<form ${send.form}>
        ${send.fields}<input id="subject" ${send.field("subject")} />${send.error("subject")}
        <textarea ${send.area("message")}>${send.value("message")}</textarea>${send.error("message")}
        <select ${send.area("topic")}>
          <option selected value="${send.value("topic")}">${send.value("topic")}</option></select
        >${send.error("topic")}
        <button>Send</button>
      </form>`,
  });
}
