import type { AnyAction } from "../kernel/action.ts";
import { deny, isDenial, type Denial, type Outcome, type Success } from "../kernel/outcome.ts";
import { problems } from "../kernel/problems.ts";
import { readActionInput, readSignedInput } from "./action-input.ts";
import type { AttemptOptions } from "./attempt-builder.ts";
import type { ExpectedAttempt } from "./attempts.ts";
import type { Inbound } from "./inbound.ts";
import type { RefusedSubject } from "./refusal-recorder.ts";

/** How an action is mounted as a classic route. */
export interface ActionRouteOptions {
  /** Makes the action's input from what the request carries; the query or body as it is by default. */
  readonly input?: (value: unknown, inbound: Inbound, parameters: Readonly<Record<string, string>>) => unknown;
  /** Answers a success; JSON of the action's value by default. */
  readonly render?: (success: Success<unknown>, inbound: Inbound) => Response | Promise<Response>;
  /**
   * Default `http`: people and programs with credentials. `webhook`: signed messages, which the verifier registered
   * for the action checks; cookies, security tokens and idempotency keys in headers count for nothing there.
   */
  readonly entrance?: "http" | "webhook";
}

/** How an action is mounted, and what the route's path said. */
export type ActionAnswerOptions = ActionRouteOptions & { readonly parameters?: Readonly<Record<string, string>> };

/** What running an action needs of the edge. */
interface Performing {
  perform(action: AnyAction, inbound: Inbound, input: unknown, options: AttemptOptions): Promise<Outcome>;
  receive(inbound: Inbound, expected: ExpectedAttempt): Promise<Outcome>;
  respond(inbound: Inbound, outcome: Outcome): Response;
  refuse(inbound: Inbound, denial: Denial, subject: RefusedSubject): Response;
}

/** Runs an action for a request, from its query or its body to its response. */
export async function answerAction(
  edge: Performing,
  { action, inbound }: { readonly action: AnyAction; readonly inbound: Inbound },
  options: ActionAnswerOptions,
): Promise<Response> {
  const { entrance = "http", parameters = {} } = options;
  const inputOf = (value: unknown): unknown =>
    options.input === undefined ? value : options.input(value, inbound, parameters);
  const subject = { action: action.name, entrance };
  const reads = inbound.method === "GET" || inbound.method === "HEAD";
  if (reads && action.effects !== "none") return edge.refuse(inbound, deny(problems.METHOD_NOT_ALLOWED), subject);
  let outcome: Outcome;
  // Nobody signs a query: what a webhook says is its body alone.
  if (reads && entrance !== "webhook") {
    const query = inbound.refusal ?? inbound.query();
    if (isDenial(query)) return edge.refuse(inbound, query, subject);
    outcome = await edge.perform(action, inbound, inputOf(query), { entrance });
  } else {
    const read = entrance === "webhook" ? readSignedInput : readActionInput;
    outcome = await edge.receive(inbound, {
      action,
      entrance,
      read: async () => {
        const carried = await read(inbound);
        return isDenial(carried) ? carried : { ...carried, value: inputOf(carried.value) };
      },
    });
  }
  if (outcome.ok && options.render !== undefined) return options.render(outcome, inbound);
  return edge.respond(inbound, outcome);
}
