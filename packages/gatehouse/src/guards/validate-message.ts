/** Stands in for a message that repeats what the caller sent. */
const NEUTRAL = "This value is not valid.";

const LONGEST = 200;
const MOST_LEAVES = 1000;
/** A text at least this long is recognised by its beginning, wherever it stands in a message. */
const TELLING = 4;
const BEGINNING = 8;
/** A text elsewhere in the input must be this long: shorter ones are ordinary words of messages. */
const UNMISTAKABLE = 8;
/** How much of a text is looked at for its beginning. */
const LOOKED_AT = 256;

/** Makes a schema's message fit to be shown, given the value it is about. */
export type PublicMessage = (message: string, value: unknown) => string;

/**
 * Makes messages about an input fit to be shown: never with a value of the input in them. Some libraries
 * quote what they received, and answers are kept in logs, caches and screenshots where it must not be.
 */
export function publicMessagesFor(input: unknown): PublicMessage {
  let elsewhere: readonly string[] | undefined;
  return (message, value) => {
    const text = message.trim();
    if (text === "" || text.length > LONGEST) return NEUTRAL;
    const lower = text.toLowerCase();
    for (const leaf of leaves(value)) if (repeats(lower, leaf)) return NEUTRAL;
    // A rule across members may quote another member than the one it complains about.
    elsewhere ??= unmistakableBeginnings(input);
    return elsewhere.some((beginning) => lower.includes(beginning)) ? NEUTRAL : text;
  };
}

interface Leaf {
  /** Trimmed, in lower case. */
  readonly text: string;
  readonly kind: "string" | "number" | "key";
}

function* leaves(root: unknown): Generator<Leaf> {
  const pending: unknown[] = [root];
  for (let count = 0; pending.length > 0 && count < MOST_LEAVES; count += 1) {
    const value = pending.pop();
    if (typeof value === "string") yield { text: normalised(value), kind: "string" };
    else if (typeof value === "number" || typeof value === "bigint") yield { text: String(value), kind: "number" };
    else if (typeof value === "object" && value !== null) {
      const members: [string, unknown][] = Object.entries(value).slice(0, MOST_LEAVES);
      for (const [key, child] of members) {
        if (!Array.isArray(value)) yield { text: normalised(key), kind: "key" };
        pending.push(child);
      }
    }
  }
}

function normalised(text: string): string {
  return text.slice(0, LOOKED_AT).trim().toLowerCase();
}

function unmistakableBeginnings(input: unknown): string[] {
  const beginnings: string[] = [];
  for (const { text, kind } of leaves(input)) {
    if (kind === "string" && text.length >= UNMISTAKABLE) beginnings.push(text.slice(0, BEGINNING));
  }
  return beginnings;
}

function repeats(message: string, { text, kind }: Leaf): boolean {
  if (text === "") return false;
  if (kind === "number") return message.split(/[^0-9.e+-]+|\.(?!\d)/).includes(text);
  if (kind === "string" && text.length >= TELLING) return message.includes(text.slice(0, BEGINNING));
  return ['"', "'", "`"].some((quote) => message.includes(`${quote}${text}${quote}`));
}
