/** What a form of the review desk attempts, by the last part of its address. */
export interface DeskStep {
  readonly action: string;
  /** The action's input, but for the order. */
  readonly input: (texts: URLSearchParams) => object;
  /** What is told once it is done. */
  readonly done: string;
}

/** A form that looks behind masks. */
export type RevealStep = Omit<DeskStep, "done">;

/** Everything that can be done about one order, but looking behind masks. */
export const DESK_STEPS: ReadonlyMap<string, DeskStep> = named<DeskStep>({
  approve: {
    ...{ action: "work.approve", done: "Approved." },
    input: (texts) => ({ ...seen(texts), notes: read(texts, "notes") }),
  },
  rework: {
    ...{ action: "work.reject", done: "Sent back. Agents do it again, and are told why." },
    input: (texts) => ({ ...seen(texts), allow_rework: true, ...reworkOf(texts) }),
  },
  reject: {
    ...{ action: "work.reject", done: "Rejected. Nothing was changed." },
    input: (texts) => ({ ...seen(texts), allow_rework: false, errors: said("rejected", read(texts, "why")) }),
  },
  requeue: { action: "work.requeue", done: "Put to work again.", input: () => ({}) },
  cancel: { action: "work.cancel", done: "Cancelled. Nothing was changed.", input: withReason },
  revert: { action: "work.revert", done: "Proposed. Somebody else has to approve it.", input: withReason },
  comment: { action: "work.comment", done: "Said.", input: (texts) => ({ text: read(texts, "text") }) },
});

/** Looking behind masks, likewise. */
export const REVEAL_STEPS: ReadonlyMap<string, RevealStep> = named<RevealStep>({
  reveal: {
    action: "work.reveal",
    input: (texts) => ({
      revision: count(texts, "revision"),
      step: count(texts, "step"),
      reason: read(texts, "reason"),
    }),
  },
  "reveal-payloads": {
    action: "work.reveal-payloads",
    input: (texts) => ({ items_after: count(texts, "items_after"), reason: read(texts, "reason") }),
  },
});

/** Plans that were ticked: each tick names the order, the revision and the digest of what stood above it. */
export function tickedPlans(texts: URLSearchParams): readonly { order: string; revision: number; digest: string }[] {
  return [...texts].flatMap(([name, value]) => {
    const [, order, revision, digest] = /^(\S{1,64}) (\d{1,9}) (\S{1,64})$/.exec(value) ?? [];
    if (!name.startsWith("tick-") || order === undefined || digest === undefined) return [];
    return [{ order, revision: Number(revision), digest }];
  });
}

function seen(texts: URLSearchParams): object {
  return { revision: count(texts, "revision"), digest: texts.get("digest") ?? "" };
}

const TICK = "tick ";
const NOTE = "note ";

/** Items with a note get theirs; those that are ticked, and all where none is named, what is said of all. */
function reworkOf(texts: URLSearchParams): object {
  const notes = read(texts, "notes");
  const ticked = [...texts.keys()].filter((name) => name.startsWith(TICK)).map((name) => name.slice(TICK.length));
  const noted = [...texts].flatMap(([name, value]) =>
    name.startsWith(NOTE) && value.trim() !== ""
      ? [{ key: name.slice(NOTE.length), errors: said("rework", value.trim()) }]
      : [],
  );
  const own = new Set(noted.map(({ key }) => key));
  const items = [...ticked.filter((key) => !own.has(key)), ...noted];
  const errors = said("rework", notes === "" && noted.length > 0 ? "Look at what is said of this item." : notes);
  return { errors, ...(items.length === 0 ? {} : { items }) };
}

function said(code: string, message: string): readonly object[] {
  return message === "" ? [] : [{ code, message }];
}

function withReason(texts: URLSearchParams): object {
  const reason = read(texts, "reason");
  return reason === "" ? {} : { reason };
}

/** A number as it was typed; the text itself where it is none, which no action takes. */
function count(texts: URLSearchParams, name: string): number | string {
  const text = read(texts, name);
  return /^\d{1,9}$/.test(text) ? Number(text) : text;
}

function read(texts: URLSearchParams, name: string): string {
  return (texts.get(name) ?? "").trim();
}

function named<Step>(steps: Readonly<Record<string, Step>>): ReadonlyMap<string, Step> {
  return new Map(Object.entries(steps));
}
