import type { CallingProgram, Peer, Principal } from "../../kernel/attempt.ts";

/** A JSON object as it goes over the wire. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Who calls, as the gate has found out when the request came. */
export interface McpCaller {
  readonly principal: Principal;
  readonly tenant: string;
  readonly peer: Peer;
  readonly program: CallingProgram;
  readonly signal: AbortSignal;
}

/** Who somebody is among the callers of a tenant: a program that works for two people is two of them. */
export function callerParts({
  type,
  id,
  onBehalfOf = "",
}: Principal): readonly [type: string, id: string, whom: string] {
  return [type, id, onBehalfOf];
}
