import type { IncomingMessage, ServerResponse } from "node:http";
import { errors, type Interaction, type InteractionResults } from "oidc-provider";
import { callEngine, type EngineRequest } from "./engine-call.ts";
import type { IssuerEngine } from "./provider.ts";
import type { UnitOfWork } from "./unit-of-work.ts";

/** A request of a person who is signing in or consenting, and what the engine does for it. */
export interface InteractionCall {
  readonly engine: IssuerEngine;
  readonly work: UnitOfWork;
  readonly request: EngineRequest;
}

/** What is being asked of the person whose browser sent the request; `undefined` where nothing is, or not any more. */
export function findInteraction(call: InteractionCall): Promise<Interaction | undefined> {
  return within(call, (request, response) => call.engine.provider.interactionDetails(request, response));
}

/**
 * Hands the engine what a person has done.
 * @returns Where the browser goes on; `undefined` where nothing is asked any more.
 */
export function finishInteraction(call: InteractionCall, result: InteractionResults): Promise<string | undefined> {
  return within(call, (request, response) => call.engine.provider.interactionResult(request, response, result));
}

async function within<Result>(
  { engine, work, request }: InteractionCall,
  look: (request: IncomingMessage, response: ServerResponse) => Promise<Result>,
): Promise<Result | undefined> {
  let found: { readonly result: Result } | undefined;
  let failure: unknown;
  const listener = (message: IncomingMessage, response: ServerResponse): void => {
    look(message, response)
      .then((result) => void (found = { result }))
      .catch((error: unknown) => void (failure = error))
      .finally(() => response.end());
  };
  await engine.within(work, () => callEngine(listener, request));
  if (found !== undefined) return found.result;
  if (failure instanceof errors.SessionNotFound) return undefined;
  throw failure;
}
