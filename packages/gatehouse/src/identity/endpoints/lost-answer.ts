import { z } from "zod";
import type { EngineAnswer } from "../engine/engine-call.ts";

/** What a refresh token was exchanged for, and what was asked then. */
const Kept = z.object({
  at: z.number(),
  scope: z.string().optional(),
  resource: z.string().optional(),
  body: z.looseObject({ expires_in: z.number().optional() }),
});

interface Asked {
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** What to keep of an answer, for whoever asks again because it was lost on the way. */
export function keptAnswer({ body }: EngineAnswer, { parameters, now }: Asked): unknown {
  const document: unknown = JSON.parse(body);
  return Kept.parse({ at: now, ...askedFor(parameters), body: document });
}

/**
 * The answer of the first time: the same tokens, which live as much shorter as it is later. `undefined` where nothing
 * was kept, or something else is asked for.
 */
export function repeatAnswer(kept: unknown, { parameters, now }: Asked): EngineAnswer | undefined {
  if (kept === undefined) return undefined;
  const { at, body, scope, resource } = Kept.parse(kept);
  const asked = askedFor(parameters);
  if (asked.scope !== scope || asked.resource !== resource) return undefined;
  const passed = Math.floor((now - at) / 1000);
  const repeated =
    body.expires_in === undefined ? body : { ...body, expires_in: Math.max(body.expires_in - passed, 0) };
  const headers = new Headers({ "content-type": "application/json; charset=utf-8", "cache-control": "no-store" });
  return { status: 200, headers, body: JSON.stringify(repeated) };
}

function askedFor({ scope, resource }: Asked["parameters"]): { readonly scope?: string; readonly resource?: string } {
  return {
    ...(typeof scope === "string" ? { scope } : {}),
    ...(typeof resource === "string" ? { resource } : {}),
  };
}
