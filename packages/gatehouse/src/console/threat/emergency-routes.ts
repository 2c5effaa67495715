import { Hono } from "hono";
import { z } from "zod";
import { html, type Html } from "../../html/html.ts";
import type { Inbound } from "../../http/inbound.ts";
import { EMERGENCY_EFFECTS, EMERGENCY_MEASURES } from "../../kernel/ports/emergency.ts";
import { moment } from "../format.ts";
import type { PageContent } from "../page-content.ts";
import type { PageParts } from "../page-parts.ts";
import { takeForm } from "../sent-form.ts";

const PATH = "/console/emergency";
const Measures = z.object({
  measures: z.array(z.object({ measure: z.string(), reason: z.string(), expiresAt: z.number() })),
});

/** The page of emergency measures, and the forms that set and lift them. */
export function emergencyRoutes(parts: Omit<PageParts, "isOffered" | "ids">): Hono {
  const app = new Hono();
  app.get(PATH, (context) => parts.show(context, (inbound) => emergency(parts, inbound)));
  app.post(`${PATH}/set`, (context) =>
    takeForm(parts, context, {
      done: PATH,
      action: "emergency.set",
      input: (texts) => {
        const minutes = texts.get("minutes") ?? "";
        return {
          ...{ measure: texts.get("measure"), reason: texts.get("reason") },
          minutes: /^\d{1,6}$/.test(minutes) ? Number(minutes) : minutes,
        };
      },
    }),
  );
  app.post(`${PATH}/lift`, (context) =>
    takeForm(parts, context, {
      done: PATH,
      action: "emergency.lift",
      input: (texts) => ({ measure: texts.get("measure") }),
    }),
  );
  return app;
}

type Parts = Parameters<typeof emergencyRoutes>[0];

async function emergency(parts: Parts, inbound: Inbound): Promise<PageContent> {
  const { measures } = Measures.parse(await parts.ask(inbound, { action: "emergency.list" }));
  const csrfToken = parts.edge.csrfToken(inbound);
  const inForce = new Map(measures.map((one) => [one.measure, one]));
  return {
    title: "Emergency",
    lead: "Measures against an attack. Each ends by itself.",
    path: PATH,
    body: html`${EMERGENCY_MEASURES.map((measure) => {
      const set = inForce.get(measure);
      return html`<section class="panel" aria-labelledby="${measure}">
        <h2 id="${measure}">${measure}</h2>
        <p>${EMERGENCY_EFFECTS[measure]}</p>
        ${
          set === undefined
            ? setForm(measure, csrfToken)
            : html`<p class="notice bad">In force until ${moment(set.expiresAt)} (UTC): ${set.reason}</p>
                <form method="post" action="${PATH}/lift">
                  <input type="hidden" name="_csrf_token" value="${csrfToken}" />
                  <input type="hidden" name="measure" value="${measure}" />
                  <button class="button" type="submit">
                    Lift<span class="visually-hidden"> ${measure}</span>
                  </button>
                </form>`
        }
      </section>`;
    })}`,
  };
}

function setForm(measure: string, csrfToken: string): Html {
  return html`<form class="filters" method="post" action="${PATH}/set" aria-label="Set ${measure}">
    <input type="hidden" name="_csrf_token" value="${csrfToken}" />
    <input type="hidden" name="measure" value="${measure}" />
    <label class="wide">Reason<input name="reason" required maxlength="500" autocomplete="off" /></label>
    <label>Minutes<input name="minutes" value="60" required inputmode="numeric" autocomplete="off" /></label>
    <div class="buttons"><button class="button danger" type="submit">Set</button></div>
  </form>`;
}
