/** One kind of failure a caller can be told about, the same over every entrance. */
export interface Problem {
  /** Stable machine-readable name, `UPPER_SNAKE`. */
  readonly code: string;
  /** HTTP status. */
  readonly status: number;
  /** Public text: what happened and what to do. */
  readonly message: string;
  /** The `type` of its documents (RFC 9457) where a standard names it; else it is made of the code. */
  readonly type: string | undefined;
  /** Whether the same attempt may succeed later without being changed. */
  readonly retryable: boolean;
  /** `error` value at OAuth endpoints (RFC 6749 section 5.2 and its registry). */
  readonly oauthError: string;
  /** JSON-RPC error number (MCP entrance). */
  readonly jsonRpcCode: number;
  /** WebSocket close code where the problem ends a connection (RFC 6455 section 7.4). */
  readonly closeCode: number;
}

/** What an author of a problem writes; the rest follows from the status. */
export interface ProblemDefinition {
  readonly status: number;
  readonly message: string;
  readonly type?: string;
  readonly retryable?: boolean;
  readonly oauthError?: string;
  readonly jsonRpcCode?: number;
  readonly closeCode?: number;
}

type Upper =
  | "A"
  | "B"
  | "C"
  | "D"
  | "E"
  | "F"
  | "G"
  | "H"
  | "I"
  | "J"
  | "K"
  | "L"
  | "M"
  | "N"
  | "O"
  | "P"
  | "Q"
  | "R"
  | "S"
  | "T"
  | "U"
  | "V"
  | "W"
  | "X"
  | "Y"
  | "Z"
  | "_";
type UpperSnake<Text extends string> = Text extends ""
  ? unknown
  : Text extends `${Upper}${infer Rest}`
    ? UpperSnake<Rest>
    : never;
type OnlyUpperSnake<Definitions> = {
  readonly [Code in keyof Definitions]: Code extends string
    ? unknown extends UpperSnake<Code>
      ? ProblemDefinition
      : "a problem code is written in UPPER_SNAKE"
    : never;
};

/**
 * Declares a set of problems. A code that is not `UPPER_SNAKE` is a compile error.
 * Each module has one set in its `problems.ts`; the reference page is generated from all of them.
 */
export function defineProblems<const Definitions extends Readonly<Record<string, ProblemDefinition>>>(
  definitions: Definitions & OnlyUpperSnake<Definitions>,
): { readonly [Code in keyof Definitions]: Problem } {
  const problems: Record<string, Problem> = {};
  for (const [code, definition] of Object.entries<ProblemDefinition>(definitions satisfies Definitions)) {
    problems[code] = complete(code, definition);
  }
  // The loop above filled exactly the keys of `definitions`.
  return problems as { readonly [Code in keyof Definitions]: Problem };
}

function complete(code: string, definition: ProblemDefinition): Problem {
  const { status } = definition;
  return Object.freeze({
    code,
    status,
    message: definition.message,
    type: definition.type,
    retryable: definition.retryable ?? (status === 429 || status === 503),
    oauthError: definition.oauthError ?? oauthErrorFor(status),
    jsonRpcCode: definition.jsonRpcCode ?? jsonRpcCodeFor(status),
    closeCode: definition.closeCode ?? closeCodeFor(status),
  });
}

function oauthErrorFor(status: number): string {
  if (status === 401) return "invalid_token";
  if (status === 403) return "access_denied";
  if (status === 429) return "rate_limit_exceeded";
  if (status === 503) return "temporarily_unavailable";
  return status >= 500 ? "server_error" : "invalid_request";
}

function jsonRpcCodeFor(status: number): number {
  if (status === 400 || status === 422) return -32602;
  if (status === 404) return -32601;
  if (status >= 500) return -32603;
  return -32000 - (status % 100);
}

function closeCodeFor(status: number): number {
  if (status === 413) return 1009;
  if (status === 503) return 1013;
  return status >= 500 ? 1011 : 1008;
}
