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

/** What was sent is not what the method takes, or names what is not there (JSON-RPC 2.0 section 5.1). */
export const INVALID_PARAMETERS = -32602;

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
