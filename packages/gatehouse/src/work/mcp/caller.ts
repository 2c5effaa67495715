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
