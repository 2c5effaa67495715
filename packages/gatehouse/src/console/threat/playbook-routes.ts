import { Hono } from "hono";
import { z } from "zod";
import { html, type Html } from "../../html/html.ts";
import type { Inbound } from "../../http/inbound.ts";
import { problems } from "../../kernel/problems.ts";
import type { PageContent } from "../page-content.ts";
import type { PageParts } from "../page-parts.ts";

const PATH = "/console/playbooks";

const Step = z.object({
  text: z.string(),
  measure: z.string().optional(),
  page: z.string().optional(),
  command: z.string().optional(),
});
type Step = z.infer<typeof Step>;
const Playbook = z.object({
  id: z.string(),
  title: z.string(),
  when: z.string(),
  signals: z.array(z.string()),
  owner: z.string(),
  acknowledgeWithin: z.number(),
  resolveWithin: z.number(),
  runbook: z.string().optional(),
  steps: z.array(Step),
});
type Playbook = z.infer<typeof Playbook>;
const Listed = z.object({ playbooks: z.array(Playbook) });

const PAGE = {
  title: "Playbooks",
  lead: "What is done about an incident: who, until when, step by step.",
  path: PATH,
};

/** The pages of playbooks. What a step does goes through the forms of the pages it belongs to. */
export function playbookRoutes(parts: PageParts): Hono {
  const app = new Hono();
  app.get(PATH, (context) => parts.show(context, (inbound) => list(parts, inbound)));
  app.get(`${PATH}/:id`, (context) => parts.show(context, (inbound) => one(parts, inbound, context.req.param("id"))));
  return app;
}

async function list(parts: PageParts, inbound: Inbound): Promise<PageContent> {
  const { playbooks } = Listed.parse(await parts.ask(inbound, { action: "playbooks.list" }));
  return {
    ...PAGE,
    body: html`${playbooks.map(
      ({ id, title, when }) =>
        html`<section class="panel">
          <h2><a href="${PATH}/${id}">${title}</a></h2>
          <p>${when}</p>
        </section>`,
    )}`,
  };
}

async function one(parts: PageParts, inbound: Inbound, id: string): Promise<PageContent> {
  const { playbooks } = Listed.parse(await parts.ask(inbound, { action: "playbooks.list" }));
  const playbook = playbooks.find((candidate) => candidate.id === id);
  if (playbook === undefined) {
    const body = html`<p class="empty">There is no such playbook.</p>`;
    return { ...PAGE, status: problems.NOT_FOUND.status, body };
  }
  const { title, when } = playbook;
  return { title, lead: when, path: PATH, body: playbookBody(playbook, parts.edge.csrfToken(inbound)) };
}

function playbookBody(
  { title, signals, owner, acknowledgeWithin, resolveWithin, runbook, steps }: Playbook,
  token: string,
): Html {
  return html`<dl class="facts panel">
      <div>
        <dt>Whose</dt>
        <dd>${owner}</dd>
      </div>
      <div>
        <dt>Somebody has looked within</dt>
        <dd>${acknowledgeWithin} minutes</dd>
      </div>
      <div>
        <dt>Over, or handed on, within</dt>
        <dd>${resolveWithin / 60} hours</dd>
      </div>
      <div>
        <dt>Signals</dt>
<dd>${signals.map((name) => html`<a class="signal mono" href="/console/events?name=${name}">${name}</a>`)}</dd>
      </div>
      ${
        runbook === undefined
          ? undefined
          : html`<div>
              <dt>Runbook</dt>
              <dd class="mono">docs/runbooks/${runbook}.md</dd>
            </div>`
      }
    </dl>
    <h2>Steps</h2>
    ${steps.map((step, index) => stepPanel(step, { number: index + 1, reason: title, token }))}`;
}

interface StepFrame {
  readonly number: number;
  readonly reason: string;
  readonly token: string;
}

function stepPanel({ text, measure, page, command }: Step, { number, reason, token }: StepFrame): Html {
  return html`<section class="panel" aria-labelledby="step-${number}">
    <h3 id="step-${number}">Step ${number}</h3>
    <p>${text}</p>
    ${page === undefined ? undefined : html`<p><a href="${page}">Do it in the console</a></p>`}
    ${measure === undefined ? undefined : measureForm(measure, { reason, token })}
    ${command === undefined ? undefined : html`<p class="mono">${command}</p>`}
  </section>`;
}

function measureForm(measure: string, { reason, token }: Pick<StepFrame, "reason" | "token">): Html {
  return html`<form method="post" action="/console/emergency/set">
    <input type="hidden" name="_csrf_token" value="${token}" />
    <input type="hidden" name="measure" value="${measure}" />
    <input type="hidden" name="reason" value="Playbook: ${reason}" />
    <input type="hidden" name="minutes" value="60" />
    <button class="button danger" type="submit">Set ${measure} for an hour</button>
  </form>`;
}
