import { html, type Html } from "gatehouse/html";
import { live, reply, type Act, type LiveEffects } from "gatehouse/live";
import { z } from "zod";
import type { Example } from "./example.ts";

const PAGES = { "24": "24 pages", "48": "48 pages", "96": "96 pages" };
const COVERS = { soft: "Soft cover", hard: "Hard cover", linen: "Linen with a title" };
const STEPS = ["The book", "Where it goes", "Check and order", "Ordered"];

const Book = z.object({ pages: z.enum(["24", "48", "96"]), cover: z.enum(["soft", "hard", "linen"]) });
const Address = z.object({
  name: z.string().trim().min(1, "Please tell us your name.").max(60, "A name has at most 60 characters."),
  email: z.email("Please enter an e-mail address, with a domain that has a dot.").max(100, "At most 100 characters."),
});
const State = Book.extend({ step: z.int().min(1).max(4), name: z.string(), email: z.string(), order: z.string() });
type Order = z.infer<typeof State>;

const EMPTY: Order = { step: 1, pages: "48", cover: "hard", name: "", email: "", order: "" };

/** Another step: its heading has the focus, so that it is read out and the next key press is in it. */
function go(state: Order): ReturnType<typeof reply<Order>> {
  const effects: LiveEffects = { focus: `wizard-step-${state.step}` };
  return reply({ state, effects });
}

const wizard = live("playground-wizard", {
  mode: "sealed",
  state: State,
  mount: ({ previous }) => previous ?? EMPTY,
  actions: (action) => ({
    choose: action({ input: Book, authorise: "public" }, ({ state }, book) => go({ ...state, ...book, step: 2 })),
    address: action({ input: Address, authorise: "public" }, ({ state }, address) =>
      go({ ...state, ...address, step: 3 }),
    ),
    order: action({ authorise: "public" }, ({ state, stepKey }) =>
      // What is not filled in is asked for again: nothing says that this came from step three.
      Address.safeParse(state).success
        ? go({ ...state, step: 4, order: stepKey("order").slice(-6).toUpperCase() })
        : go({ ...state, step: 2 }),
    ),
    back: action({ input: z.object({ to: z.int().min(1).max(2) }), authorise: "public" }, ({ state }, { to }) =>
      go({ ...state, step: to }),
    ),
    restart: action({ authorise: "public" }, () => go(EMPTY)),
  }),
  // Every step is there, and one of them shown: what is typed into one stays while another is looked at.
  render: ({ state, act }) => html`
    <ol class="steps" aria-label="Steps">
      ${STEPS.map((title, index) => html`<li aria-current=${index + 1 === state.step ? "step" : null}>${title}</li>`)}
    </ol>
    ${bookStep(state, act.choose)} ${addressStep(state, act)}
    <section ?hidden=${state.step !== 3} aria-labelledby="wizard-step-3">
      <h3 id="wizard-step-3" tabindex="-1">Check and order</h3>
      <dl class="facts-list">
        <dt>Book</dt>
        <dd>${PAGES[state.pages]}, ${COVERS[state.cover]}</dd>
        <dt>For</dt>
        <dd>${state.name}, ${state.email}</dd>
      </dl>
      <div class="actions">
        <button class="button" ${act.order()}>Order</button>
        <button class="button quiet" ${act.back({ to: 2 })}>Back to the address</button>
      </div>
    </section>
    <section ?hidden=${state.step !== 4} aria-labelledby="wizard-step-4">
      <h3 id="wizard-step-4" tabindex="-1">Ordered</h3>
      <p>Thank you! Your order has the number <b>${state.order}</b>. Nothing is printed: this is a playground.</p>
      <button class="button quiet" ${act.restart()}>Order another one</button>
    </section>
  `,
});

type WizardAct = Act<{
  readonly choose: { readonly options: { readonly input: typeof Book } };
  readonly address: { readonly options: { readonly input: typeof Address } };
  readonly back: { readonly options: { readonly input: z.ZodObject<{ to: z.ZodInt }> } };
}>;

function bookStep(state: Order, choose: WizardAct["choose"]): Html {
  const list = (name: "pages" | "cover", options: Readonly<Record<string, string>>): Html =>
    html`<select id="wizard-${name}" ${choose.area(name)}>
        ${Object.entries(options).map(
          ([value, title]) => html`<option value="${value}" ?selected=${value === state[name]}>${title}</option>`,
        )}
      </select>
      ${choose.error(name)}`;
  return html`<form ?hidden=${state.step !== 1} aria-labelledby="wizard-step-1" ${choose.form}>
    ${choose.fields}
    <h3 id="wizard-step-1" tabindex="-1">The book</h3>
    <div class="field"><label for="wizard-pages">How thick</label>${list("pages", PAGES)}</div>
    <div class="field"><label for="wizard-cover">Cover</label>${list("cover", COVERS)}</div>
    <button class="button" type="submit">On to the address</button>
  </form>`;
}

function addressStep(state: Order, { address, back }: WizardAct): Html {
  return html`<form ?hidden=${state.step !== 2} aria-labelledby="wizard-step-2" ${address.form}>
    ${address.fields}
    <h3 id="wizard-step-2" tabindex="-1">Where it goes</h3>
    <div class="field">
      <label for="wizard-name">Your name</label>
      <input
        id="wizard-name"
        autocomplete="name"
        required
        value=${address.value("name") || state.name}
        ${address.area("name")}
      />
      ${address.error("name")}
    </div>
    <div class="field">
      <label for="wizard-email">Your e-mail address</label>
      <input
        id="wizard-email"
        type="email"
        autocomplete="email"
        required
        value=${address.value("email") || state.email}
        ${address.area("email")}
      />
      ${address.error("email")}
    </div>
    <div class="actions">
      <button class="button" type="submit">On to the check</button>
      <button class="button quiet" ${back({ to: 1 })}>Back to the book</button>
    </div>
  </form>`;
}

/** Three steps whose data the page keeps, sealed. */
export const wizardExample: Example = {
  slug: "wizard",
  title: "Wizard",
  summary: "An order in four steps, back and forth, kept in the page alone and still out of reach.",
  shows: ["mode sealed", "validation by step", "focus on the next step", "replays refused"],
  tasks: [
    "Go on, go back, and go on again: nothing you entered is lost.",
    "Enter an address such as “ada@example”, which browsers accept and the schema does not.",
    "Open the page's source: the state is there, sealed. An older one that is sent again is refused.",
    "Without scripts the sealed state travels in the address of the page.",
  ],
  source: import.meta.url,
  open: () => wizard,
};
