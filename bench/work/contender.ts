/** A queue of work that is measured: filled, and then emptied by callers that claim and complete. */
export interface Contender extends AsyncDisposable {
  readonly name: string;
  readonly how: "single" | "batched";
  /** Adds so much to do. */
  fill(count: number): Promise<void>;
  /** Claims and completes all of it; how much that was. */
  drain(callers: number): Promise<number>;
}

/** Runs so many callers at once until each has nothing more to do; what they have done together. */
export async function callers(count: number, turn: (caller: number) => Promise<number>): Promise<number> {
  let done = 0;
  await Promise.all(
    Array.from({ length: count }, async (_, caller) => {
      for (;;) {
        const some = await turn(caller);
        if (some === 0) return;
        done += some;
      }
    }),
  );
  return done;
}
