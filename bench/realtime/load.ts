/**
 * Opens connections, has somebody tell all of them something, and closes them, in a process of its own. The same
 * connections stay for all rounds.
 */
import { Listener, type Variant } from "./listener.ts";

/** What is to be done, at which server. */
export type LoadTask = { readonly variant: Variant; readonly port: number } & (
  | { readonly kind: "open"; readonly count: number; readonly atOnce: number }
  /** Says something to everybody, for so many milliseconds; so many sayings may be on their way. */
  | { readonly kind: "say"; readonly duration: number; readonly underWay: number }
  | { readonly kind: "close" }
);

/** What came of it. */
export interface LoadResult {
  readonly failure?: string;
  /** Milliseconds. */
  readonly elapsed: number;
  /** Messages that arrived, of all listeners together. */
  readonly delivered: number;
  /** Milliseconds until all had heard what was said; of sayings one after the other alone. */
  readonly p50: number;
  readonly p99: number;
}

const crowds = new Map<number, Listener[]>();
let opened = 0;

const NOTHING = { delivered: 0, p50: Number.NaN, p99: Number.NaN } as const;

async function open({ variant, port, count, atOnce }: Extract<LoadTask, { kind: "open" }>): Promise<LoadResult> {
  const crowd = crowds.get(port) ?? [];
  crowds.set(port, crowd);
  const began = performance.now();
  let left = count;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      opened += 1;
      crowd.push(await Listener.open(variant, port, opened));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return { ...NOTHING, elapsed: performance.now() - began };
}

async function say({ variant, port, duration, underWay }: Extract<LoadTask, { kind: "say" }>): Promise<LoadResult> {
  const crowd = crowds.get(port) ?? [];
  const [speaker] = crowd;
  if (speaker === undefined) throw new Error("Nobody listens.");
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const times: number[] = [];
  let said = 0;
  let delivered = 0;
  const began = performance.now();
  let saidAt = began;
  const sayNext = (): void => {
    said += 1;
    saidAt = performance.now();
    speaker.say({ by: "u1", x: said % 1000, y: (said * 7) % 1000 });
  };
  // What the speaker hears is mixed with answers.
  const listeners = crowd.slice(1);
  for (const listener of listeners) {
    listener.first = undefined;
    listener.ended = (why) => reject(new Error(`${variant}: ${why}`));
    listener.heard = () => {
      delivered += 1;
      const missing = said * listeners.length - delivered;
      if (missing > (underWay - 1) * listeners.length) return;
      const now = performance.now();
      if (missing === 0 && underWay === 1) times.push(now - saidAt);
      if (now < began + duration) sayNext();
      else if (missing === 0) resolve();
    };
  }
  for (let count = 0; count < underWay; count += 1) sayNext();
  await promise;
  const elapsed = performance.now() - began;
  for (const listener of listeners) {
    const wave = listener.read(listener.first ?? "") as { readonly by?: unknown };
    if (wave.by !== "u1") throw new Error(`Something else was heard: ${listener.first}`);
    listener.heard = () => undefined;
    listener.ended = (why) => (listener.lost ??= why);
  }
  const sorted = Float64Array.from(times).sort();
  const quantile = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
  return { elapsed, delivered, p50: quantile(0.5), p99: quantile(0.99) };
}

function close({ port }: LoadTask): LoadResult {
  const crowd = crowds.get(port) ?? [];
  const lost = crowd.find((listener) => listener.lost !== undefined)?.lost;
  if (lost !== undefined) throw new Error(lost);
  for (const listener of crowd) listener.close();
  crowds.delete(port);
  return { ...NOTHING, elapsed: 0 };
}

async function perform(task: LoadTask): Promise<LoadResult> {
  switch (task.kind) {
    case "open":
      return open(task);
    case "say":
      return say(task);
    case "close":
      return close(task);
  }
}

process.on("message", (message) => {
  // The parent asks for nothing else.
  perform(message as LoadTask).then(
    (result) => process.send?.(result),
    (error: unknown) => process.send?.({ ...NOTHING, elapsed: 0, failure: String(error) }),
  );
});
process.once("disconnect", () => process.exit());
