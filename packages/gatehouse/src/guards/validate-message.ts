/** Stands in for a message that repeats what the caller sent. */
const NEUTRAL = "This value is not valid.";

const LONGEST = 200;
const MOST_LEAVES = 1000;
/** A text at least this long is recognised by its beginning, wherever it stands in a message. */
const TELLING = 4;
const BEGINNING = 8;
/** A text elsewhere in the input must be this long: shorter ones are ordinary words of messages. */
const UNMISTAKABLE = 8;

/**
 * A schema's message as it may be shown: never with a value of the input in it. Some libraries quote what
 * they received, and answers are kept in logs, caches and screenshots where the value must not be.
 */
export function publicMessage(message: string, { value, input }: { value: unknown; input: unknown }): string {
  const text = message.trim();
  if (text === "" || text.length > LONGEST) return NEUTRAL;
  const lower = text.toLowerCase();
  for (const leaf of leaves(value)) if (repeats(lower, leaf, TELLING)) return NEUTRAL;
  // A rule across members may quote another member than the one it complains about.
  for (const leaf of leaves(input)) {
    if (leaf.kind === "string" && leaf.text.length >= UNMISTAKABLE && repeats(lower, leaf, UNMISTAKABLE))
      return NEUTRAL;
  }
  return text;
}

interface Leaf {
  readonly text: string;
  readonly kind: "string" | "number" | "key";
}

function* leaves(root: unknown): Generator<Leaf> {
  const pending: unknown[] = [root];
  for (let count = 0; pending.length > 0 && count < MOST_LEAVES; count += 1) {
    const value = pending.pop();
    if (typeof value === "string") yield { text: value, kind: "string" };
    else if (typeof value === "number" || typeof value === "bigint") yield { text: String(value), kind: "number" };
    else if (typeof value === "object" && value !== null) {
      for (const [key, child] of Object.entries(value)) {
        if (!Array.isArray(value)) yield { text: key, kind: "key" };
        pending.push(child);
      }
    }
  }
}

function repeats(message: string, { text, kind }: Leaf, telling: number): boolean {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return false;
  if (kind === "number") return message.split(/[^0-9.e+-]+/).includes(wanted);
  if (kind === "string" && wanted.length >= telling) return message.includes(wanted.slice(0, BEGINNING));
  return ['"', "'", "`"].some((quote) => message.includes(`${quote}${wanted}${quote}`));
}
