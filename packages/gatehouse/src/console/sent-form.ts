import type { Context } from "hono";
import { readActionInput } from "../http/action-input.ts";
import type { Edge } from "../http/edge.ts";
import type { Inbound } from "../http/inbound.ts";
import { isDenial, type Denial, type Outcome } from "../kernel/outcome.ts";
import { textsOf } from "./form-fields.ts";
import type { PageContent } from "./page-content.ts";
import type { PageParts } from "./page-parts.ts";

/** What a form of the console attempts. */
export interface FormAttempt {
  readonly action: string;
  /** Makes the action's input of what was typed. */
  readonly input: (texts: URLSearchParams) => unknown;
}

/** Attempts an action with what a form has sent: the outcome, and the texts as they were typed, to be shown again. */
export async function attemptForm(
  edge: Pick<Edge, "receive">,
  inbound: Inbound,
  { action, input }: FormAttempt,
): Promise<{ readonly outcome: Outcome; readonly texts: URLSearchParams }> {
  let texts = new URLSearchParams();
  const outcome = await edge.receive(inbound, {
    action,
    read: async () => {
      const carried = await readActionInput(inbound);
      if (isDenial(carried)) return carried;
      texts = textsOf(carried.value);
      return { ...carried, value: input(texts) };
    },
  });
  return { outcome, texts };
}

/** A form that was refused, with what was typed into it. */
export interface RefusedForm {
  readonly denial: Denial;
  readonly texts: URLSearchParams;
}

type MakePage = (inbound: Inbound) => Promise<PageContent>;

/** What a form attempts, and what follows. */
export interface FormSteps extends FormAttempt {
  /** Where it leads when it was carried out: to an address, or to a page that is shown once. */
  readonly done: string | ((value: unknown) => string | MakePage);
  /** The page with the form as it was sent, where that can be mended in it. */
  readonly mend?: (refused: RefusedForm) => MakePage | undefined;
}

/** Takes a form that was sent, and answers it. */
export async function takeForm(
  { edge, show, refuse }: Pick<PageParts, "edge" | "show" | "refuse">,
  context: Context,
  { done, mend, ...attempt }: FormSteps,
): Promise<Response> {
  const inbound = edge.of(context);
  const { outcome, texts } = await attemptForm(edge, inbound, attempt);
  if (!outcome.ok) {
    const page = inbound.accepts === "html" ? mend?.({ denial: outcome, texts }) : undefined;
    return page === undefined ? refuse(inbound, outcome) : show(context, page);
  }
  const next = typeof done === "string" ? done : done(outcome.value);
  return typeof next === "string" ? edge.redirect(inbound, next) : show(context, next);
}
