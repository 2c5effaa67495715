import type { Denial } from "../../kernel/outcome.ts";

/** An error of the protocol (JSON-RPC 2.0 section 5.1), as opposed to a refusal that a model can do something about. */
export class McpFault extends Error {
  override readonly name = "McpFault";
  readonly code: number;
  readonly data: unknown;
  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

/** Numbers of JSON-RPC and of the protocol. */
export const INVALID_PARAMETERS = -32602;
export const MISSING_CAPABILITY = -32021;

/** The error object of a denial. */
export function faultOf({ problem, detail, retryAfter }: Denial): {
  readonly code: number;
  readonly message: string;
  readonly data: Readonly<Record<string, unknown>>;
} {
  return {
    code: problem.jsonRpcCode,
    message: detail ?? problem.message,
    data: {
      ...{ code: problem.code, status: problem.status },
      ...(retryAfter === undefined ? {} : { retry_after: retryAfter }),
    },
  };
}
