/** What servers tell each other about what browsers follow. Never content: that is asked for by each browser itself. */
export type Tidings =
  /** Something became stale. */
  | { readonly kind: "stale"; readonly key: string }
  /** A session has ended. */
  | { readonly kind: "ended"; readonly session: string }
  /** A server has come. */
  | { readonly kind: "hello" }
  /** A server is there. */
  | { readonly kind: "beat" };

/** What travels on the bus. */
export interface Message {
  /** The server it is from. */
  readonly from: string;
  /** One more than the number of its last message. */
  readonly number: number;
  readonly tidings: Tidings;
}

/** The message in a text; `undefined` where it is none, as another release's may be. */
export function readMessage(text: string): Message | undefined {
  const value = parse(text);
  if (!isRecord(value)) return undefined;
  const { from, number, tidings } = value;
  if (typeof from !== "string" || typeof number !== "number" || !isRecord(tidings)) return undefined;
  const read = readTidings(tidings);
  return read === undefined ? undefined : { from, number, tidings: read };
}

function readTidings({ kind, key, session }: Readonly<Record<string, unknown>>): Tidings | undefined {
  switch (kind) {
    case "stale":
      return typeof key === "string" ? { kind, key } : undefined;
    case "ended":
      return typeof session === "string" ? { kind, session } : undefined;
    case "hello":
    case "beat":
      return { kind };
    default:
      return undefined;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
