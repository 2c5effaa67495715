/** The two ways to run: `development` is for one machine and seeded data, `production` refuses unsafe settings. */
export type Profile = "development" | "production";

/** A span of time with its unit: `500ms`, `30s`, `15m`, `8h`, `90d`. */
export type DurationInput = `${number}${keyof typeof DURATION_UNITS}`;

/** An amount of memory: bytes, or a number with a unit such as `512B`, `64KiB`, `1MiB`. */
export type SizeInput = number | `${number}${keyof typeof SIZE_UNITS}`;

/** An instant: epoch milliseconds, or a date or time of ISO 8601 such as `2027-03-01`. */
export type InstantInput = number | `${number}-${number}-${number}${string}`;

/** Reads a value of a configuration file (`unknown`) or a text of the environment or command line. */
export interface Kind<Input, Value> {
  /** What to write, for messages and the reference page. */
  readonly expects: string;
  /** The value, or `undefined` where the input is not of this kind. */
  readonly read: (input: unknown) => Value | undefined;
  /** Whether the command line takes it without a value. */
  readonly flagOnly?: true;
  /** Carries the type that configuration files may use; never set. */
  readonly input?: Input;
}

const DURATION_UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const SIZE_UNITS = { B: 1, KiB: 1024, MiB: 1_048_576, GiB: 1_073_741_824 } as const;

/** Any text but an empty one. */
export function text(expects = "text"): Kind<string, string> {
  return { expects, read: (input) => (typeof input === "string" && input !== "" ? input : undefined) };
}

/** One of a few words. */
export function choice<const Choice extends string>(...choices: readonly Choice[]): Kind<Choice, Choice> {
  return { expects: listWords(choices), read: (input) => choices.find((candidate) => candidate === input) };
}

/** `true` or `false`. */
export function flag(): Kind<boolean, boolean> {
  return {
    expects: "true or false",
    flagOnly: true,
    read(input) {
      if (typeof input === "boolean") return input;
      return input === "true" ? true : input === "false" ? false : undefined;
    },
  };
}

/** A whole number within bounds. */
export function integer(least: number, most: number): Kind<number, number> {
  return {
    expects:
      most === Number.MAX_SAFE_INTEGER ? `a whole number from ${least}` : `a whole number from ${least} to ${most}`,
    read(input) {
      const value = typeof input === "string" && /^\d{1,15}$/.test(input) ? Number(input) : input;
      return typeof value === "number" && Number.isSafeInteger(value) && value >= least && value <= most
        ? value
        : undefined;
    },
  };
}

/** A span of time; the value is in milliseconds. */
export function duration(least: DurationInput = "1ms"): Kind<DurationInput, number> {
  return {
    expects: `a time span such as 500ms, 30s, 15m, 8h or 90d, at least ${least}`,
    read: (input) => readAmount(input, DURATION_UNITS, amountOf(least, DURATION_UNITS)),
  };
}

/** An amount of memory; the value is in bytes. */
export function size(): Kind<SizeInput, number> {
  return {
    expects: "a size such as 64KiB or 1MiB",
    read: (input) => readAmount(typeof input === "number" ? `${input}B` : input, SIZE_UNITS, 1),
  };
}

/** An instant; the value is in epoch milliseconds. */
export function instant(): Kind<InstantInput, number> {
  return {
    expects: "a date or time such as 2027-03-01 or 2027-03-01T12:00:00Z",
    read(input) {
      if (typeof input === "number") return Number.isSafeInteger(input) && input >= 0 ? input : undefined;
      if (typeof input !== "string" || !INSTANT.test(input)) return undefined;
      const value = Date.parse(input);
      return Number.isNaN(value) ? undefined : value;
    },
  };
}

/** A URL of one of the schemes. */
export function url(...schemes: readonly string[]): Kind<string, string> {
  return {
    expects: `a URL starting with ${schemes.map((scheme) => `${scheme}://`).join(" or ")}`,
    read: (input) => (typeof input === "string" && hasScheme(input, schemes) ? input : undefined),
  };
}

/** A web origin exactly as browsers write it: scheme, host, and port where it is not the scheme's own. */
export function origin(): Kind<string, string> {
  return {
    expects: "an origin such as https://www.example.com, without a path",
    read(input) {
      if (typeof input !== "string" || !hasScheme(input, ["https", "http"])) return undefined;
      return URL.parse(input)?.origin === input ? input : undefined;
    },
  };
}

/** An address range. Its meaning is checked where it is used. */
export function cidr(): Kind<string, string> {
  return {
    expects: "an address or range such as 10.0.0.0/8 or 2001:db8::/32",
    read: (input) => (typeof input === "string" && CIDR.test(input) ? input : undefined),
  };
}

/** Several values: a list in a file, separated by commas elsewhere. */
export function list<Input, Value>(kind: Kind<Input, Value>): Kind<readonly Input[], readonly Value[]> {
  return {
    expects: `a list, each ${kind.expects}`,
    read(input) {
      const items: unknown = typeof input === "string" ? splitList(input) : input;
      if (!Array.isArray(items)) return undefined;
      const values = items.map((item: unknown) => kind.read(item));
      return values.includes(undefined) ? undefined : Object.freeze(values.filter((value) => value !== undefined));
    },
  };
}

/** A value, or one fixed word. */
export function either<Input, Value, const Word extends string>(
  word: Word,
  kind: Kind<Input, Value>,
): Kind<Input | Word, Value | Word> {
  return {
    expects: `"${word}" or ${kind.expects}`,
    read: (input) => (input === word ? word : kind.read(input)),
  };
}

type Members = Readonly<Record<string, Kind<unknown, unknown>>>;

type InputsOf<Kinds extends Members> = {
  readonly [Name in keyof Kinds]: Kinds[Name] extends Kind<infer Input, unknown> ? Input : never;
};

type ValuesOf<Kinds extends Members> = {
  readonly [Name in keyof Kinds]: Kinds[Name] extends Kind<unknown, infer Value> ? Value : never;
};

/** An object with members of given kinds, and no others. */
export function object<const Needed extends Members, const Optional extends Members>(
  expects: string,
  { needed, optional }: { readonly needed: Needed; readonly optional: Optional },
): Kind<InputsOf<Needed> & Partial<InputsOf<Optional>>, ValuesOf<Needed> & Partial<ValuesOf<Optional>>> {
  const kinds = new Map<string, Kind<unknown, unknown>>(Object.entries({ ...needed, ...optional }));
  return {
    expects,
    read(input) {
      if (typeof input !== "object" || input === null || Array.isArray(input)) return undefined;
      const values: Record<string, unknown> = {};
      for (const [name, member] of Object.entries(input)) {
        if (member === undefined) continue;
        const value = kinds.get(name)?.read(member);
        if (value === undefined) return undefined;
        values[name] = value;
      }
      if (Object.keys(needed).some((name) => !Object.hasOwn(values, name))) return undefined;
      // Each member was read by the kind of its name.
      return Object.freeze(values) as ValuesOf<Needed> & Partial<ValuesOf<Optional>>;
    },
  };
}

/** Several objects: a list in a file, a JSON array elsewhere. */
export function objects<Input, Value>(kind: Kind<Input, Value>): Kind<readonly Input[], readonly Value[]> {
  const items = list(kind);
  return {
    expects: `a list of ${kind.expects}`,
    read: (input) => items.read(typeof input === "string" ? parseJson(input) : input),
  };
}

/** What a text says in JSON; `undefined` where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `a`, `a or b`, `a, b or c`. */
function listWords(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} or ${last}`;
}

const INSTANT = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/;
const CIDR = /^([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*)(\/[0-9]{1,3})?$/;
const AMOUNT = /^(\d{1,12}(?:\.\d{1,6})?)([A-Za-z]+)$/;

function readAmount(
  input: unknown,
  units: Readonly<Record<string, number>>,
  least: number | undefined,
): number | undefined {
  const value = amountOf(input, units);
  return value !== undefined && Number.isSafeInteger(value) && value >= (least ?? 0) ? value : undefined;
}

function amountOf(input: unknown, units: Readonly<Record<string, number>>): number | undefined {
  const [, amount, unit] = typeof input === "string" ? (AMOUNT.exec(input) ?? []) : [];
  const factor = unit !== undefined && Object.hasOwn(units, unit) ? units[unit] : undefined;
  return factor === undefined ? undefined : Math.round(Number(amount) * factor);
}

function hasScheme(value: string, schemes: readonly string[]): boolean {
  const parsed = URL.parse(value);
  return parsed !== null && schemes.includes(parsed.protocol.slice(0, -1));
}

function splitList(value: string): string[] {
  return value
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}
