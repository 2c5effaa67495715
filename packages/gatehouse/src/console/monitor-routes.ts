import { Hono, type Context } from "hono";
import { z } from "zod";
import { html, type Html } from "../html/html.ts";
import type { Inbound } from "../http/inbound.ts";
import { moment } from "./format.ts";
import type { PageContent } from "./page-content.ts";
import type { PageParts } from "./page-parts.ts";
import { takeForm } from "./sent-form.ts";

const PATH = "/console/monitors";

const Run = z.object({
  at: z.number(),
  duration: z.number(),
  steps: z.array(z.object({ name: z.string(), duration: z.number(), skipped: z.string().optional() })),
  failed: z.object({ step: z.string(), reason: z.string() }).optional(),
});
type Run = z.infer<typeof Run>;
const Monitor = z.object({
  name: z.string(),
  title: z.string(),
  every: z.number(),
  state: z.enum(["unknown", "up", "failing", "down"]),
  since: z.number(),
  runs: z.array(Run),
});
type Monitor = z.infer<typeof Monitor>;
const Listed = z.object({ monitors: z.array(Monitor) });

const STATES = {
  unknown: { tone: "", text: "not run yet" },
  up: { tone: "good", text: "up" },
  failing: { tone: "warn", text: "failing" },
  down: { tone: "bad", text: "down" },
} as const;
const MINUTE = 60_000;

/** The page of monitors, and the form that runs one at once. */
export function monitorRoutes(parts: PageParts): Hono {
  const app = new Hono();
  app.get(PATH, (context) => parts.show(context, (inbound) => list(parts, inbound)));
  app.post(`${PATH}/:name/run`, (context) => run(parts, context));
  return app;
}

async function list(parts: PageParts, inbound: Inbound): Promise<PageContent> {
  const { monitors } = Listed.parse(await parts.ask(inbound, { action: "monitors.list" }));
  const csrfToken = parts.edge.csrfToken(inbound);
  return {
    title: "Monitors",
    lead: "What is tried from outside again and again, as visitors do it, and how that went.",
    path: PATH,
    body:
      monitors.length === 0
        ? html`<p class="empty">The application has no monitors.</p>`
        : html`${monitors.map((monitor) => panel(monitor, csrfToken))}`,
  };
}

function panel({ name, title, every, state, since, runs }: Monitor, csrfToken: string): Html {
  const { tone, text } = STATES[state];
  const [last] = runs;
  const good = runs.filter(({ failed }) => failed === undefined).length;
  return html`<section class="panel" aria-labelledby="monitor-${name}">
    <h2 id="monitor-${name}">${title} <span class="tag ${tone}">${text}</span></h2>
    ${
      last === undefined
        ? html`<p class="soft">Runs every ${every / MINUTE} minutes.</p>`
        : html`<p>
              Since ${moment(since)} (UTC). ${good} of the last ${runs.length} runs went well; one every
              ${every / MINUTE} minutes.
            </p>
            ${lastRun(last)}`
    }
    <form method="post" action="${PATH}/${name}/run">
      <input type="hidden" name="_csrf_token" value="${csrfToken}" />
      <button class="button quiet" type="submit">Run now<span class="visually-hidden">: ${title}</span></button>
    </form>
  </section>`;
}

function lastRun({ at, steps, failed }: Run): Html {
  return html`${
    failed === undefined
      ? undefined
      : html`<p class="notice bad">The step <strong>${failed.step}</strong> failed: ${failed.reason}</p>`
  }
    <table class="table">
      <caption>Last run, ${moment(at)} (UTC)</caption>
      <thead>
        <tr>
          <th scope="col">Step</th>
          <th scope="col">Result</th>
          <th scope="col">Took</th>
        </tr>
      </thead>
      <tbody>
        ${steps.map(
          ({ name, duration, skipped }) =>
            html`<tr>
              <td>${name}</td>
              <td>${stepResult(failed?.step === name, skipped)}</td>
              <td>${duration.toFixed(0)} ms</td>
            </tr>`,
        )}
      </tbody>
    </table>`;
}

function stepResult(failed: boolean, skipped: string | undefined): Html {
  if (failed) return html`<span class="tag bad">failed</span>`;
  if (skipped !== undefined) return html`<span class="tag">not tried</span> ${skipped}`;
  return html`<span class="tag good">well</span>`;
}

function run(parts: PageParts, context: Context): Promise<Response> {
  const input = (): object => ({ name: context.req.param("name") });
  return takeForm(parts, context, { action: "monitors.run", input, done: PATH });
}
