import { html } from "gatehouse/html";
import { live } from "gatehouse/live";
import { z } from "zod";
import type { Example } from "./example.ts";

const GOAL = 100;
const Step = z.object({ by: z.int().min(-10).max(10) });

const counter = live("playground-counter", {
  state: z.object({ count: z.int(), steps: z.int() }),
  mount: ({ previous }) => previous ?? { count: 0, steps: 0 },
  actions: (action) => ({
    // Meant whatever the count is, and each click is meant: another tab may have counted meanwhile.
    add: action(
      { input: Step, authorise: "public", commutes: true, repeats: true, rateLimit: 200 },
      ({ state: { count, steps } }, { by }) => ({ count: count + by, steps: steps + 1 }),
    ),
    // Meant for the count one sees: from a tab that shows an older one it is refused.
    reset: action({ authorise: "public" }, () => ({ count: 0, steps: 0 })),
  }),
  render: ({ state: { count, steps }, act, instance }) => html`
    <div class="figure" role="group" aria-labelledby="${instance}-label">
      <p id="${instance}-label">Guests through the door</p>
      <output class="figure-number" aria-live="polite">${count}</output>
      <meter class="figure-meter" min="0" max="${GOAL}" value="${count}" aria-label="Of ${GOAL} expected">
        ${count} of ${GOAL}
      </meter>
      <p class="hint">${steps === 1 ? "1 step" : `${steps} steps`} so far, ${GOAL} guests are expected.</p>
    </div>
    <div class="actions">
      <button class="button quiet" ${act.add({ by: -1 })}>One left<span class="visually-hidden"> again</span></button>
      <button class="button" ${act.add({ by: 1 })}>One more</button>
      <button class="button" ${act.add({ by: 10 })}>Ten more</button>
      <button class="button quiet" ${act.reset()}>Start over</button>
    </div>
  `,
});

/** State on the server, changed by buttons. */
export const counterExample: Example = {
  slug: "counter",
  title: "Counter",
  summary: "A number on the server, and buttons that change it.",
  shows: ["state in the store", "actions that commute", "conflicts between tabs", "quick clicks"],
  tasks: [
    "Click “One more” as quickly as you can: every click counts.",
    "Reload the page, or open it in a second tab: the count is kept for your session.",
    "With two tabs open, count in one and press “Start over” in the other. It is refused, and the other tab shows the current count.",
  ],
  source: import.meta.url,
  open: () => counter,
};
