import type { WriteTransaction } from "../../kernel/ports/store.ts";

/** Carries a result out of a transaction that is rolled back. */
class Rehearsed<Result> extends Error {
  readonly result: Result;
  constructor(result: Result) {
    super("rehearsed");
    this.result = result;
  }
}

/** Does something and takes it back, whatever it was; what it has resolved to is all that is left. */
export async function rehearse<Result>(
  transaction: WriteTransaction,
  work: (transaction: WriteTransaction) => Promise<Result>,
): Promise<Result> {
  let rehearsed: Rehearsed<Result> | undefined;
  try {
    await transaction.nested(async (inner) => {
      rehearsed = new Rehearsed(await work(inner));
      throw rehearsed;
    });
  } catch (error) {
    if (rehearsed === undefined || error !== rehearsed) throw error;
    return rehearsed.result;
  }
  throw new Error("A rehearsal was not taken back.");
}
