import { readActionInput } from "../http/action-input.ts";
import type { Edge } from "../http/edge.ts";
import type { Inbound } from "../http/inbound.ts";
import { isDenial, type Outcome } from "../kernel/outcome.ts";
import { textsOf } from "./form-fields.ts";

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
