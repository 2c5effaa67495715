/**
 * Has visitors act, in a process of its own: so many at the same time, everybody in turn, each after their last answer.
 * Everyone has a connection of their own that stays open. Visitors are there before the measured time begins, and stay
 * for the next rounds.
 */
import { ARRIVALS, type Bytes, type Scenario, type Variant, type Visitor } from "./visitors.ts";

/** Who acts, where, and for how long. */
export interface LoadTask {
  readonly variant: Variant;
  readonly scenario: Scenario;
  readonly port: number;
  readonly visitors: number;
  /** Actions under way at the same time. */
  readonly concurrency: number;
  /** Milliseconds. */
  readonly duration: number;
}

/** What came of it. */
export interface LoadResult {
  readonly answered: number;
  /** Anything but the right answer; the first of them. */
  readonly failure: string | undefined;
  /** Milliseconds from the first action to the last answer. */
  readonly elapsed: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly bytes: Bytes;
}

const crowds = new Map<string, Visitor[]>();

/** The visitors of a server's page, who have come and acted already: what answers first is sent whole. */
async function crowdOf({ variant, scenario, port, visitors }: LoadTask): Promise<Visitor[]> {
  const key = `${port}/${scenario}`;
  const known = crowds.get(key);
  if (known !== undefined) return known;
  const crowd: Visitor[] = [];
  for (let count = 0; count < visitors; count += 1) {
    const visitor = await ARRIVALS[variant](port, scenario);
    for (let warm = 0; warm < 3; warm += 1) await visitor.act();
    crowd.push(visitor);
  }
  crowds.set(key, crowd);
  return crowd;
}

function bytesOf(crowd: readonly Visitor[]): Bytes {
  const sum = (member: keyof Bytes): number => crowd.reduce((total, { bytes }) => total + bytes[member], 0);
  return { sent: sum("sent"), received: sum("received") };
}

async function run(task: LoadTask, crowd: readonly Visitor[]): Promise<LoadResult> {
  const queue = [...crowd];
  const times: number[] = [];
  const before = bytesOf(crowd);
  const began = performance.now();
  const until = began + task.duration;
  let failure: string | undefined;
  const worker = async (): Promise<void> => {
    while (performance.now() < until && failure === undefined) {
      const visitor = queue.shift();
      if (visitor === undefined) throw new Error("There are fewer visitors than actions at the same time.");
      times.push(await visitor.act());
      queue.push(visitor);
    }
  };
  const fail = (error: unknown): void => void (failure ??= String(error));
  await Promise.all(Array.from({ length: task.concurrency }, () => worker().catch(fail)));
  const elapsed = performance.now() - began;
  const after = bytesOf(crowd);
  const sorted = Float64Array.from(times).sort();
  const quantile = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
  const bytes = { sent: after.sent - before.sent, received: after.received - before.received };
  return { answered: times.length, failure, elapsed, p50: quantile(0.5), p99: quantile(0.99), bytes };
}

process.on("message", (message) => {
  // The parent first says who shall be there, then has them act: one kind of message.
  const task = message as LoadTask;
  void crowdOf(task)
    .then((crowd) => run(task, crowd))
    .then((result) => process.send?.(result));
});
process.once("disconnect", () => process.exit());
