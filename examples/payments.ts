/**
 * What all examples guard: one payment action on an embedded store. It knows nothing of the framework that
 * receives the request.
 */
import { defineApplication, openGatehouse, type Gatehouse } from "gatehouse";
import { defineAction, requireConfig, systemClock, systemRandom } from "gatehouse/kernel";
import { portableMigration } from "gatehouse/store";
import { z } from "zod";

interface Tables {
  payments: { id: string; amount: number };
}

/** At most five a minute, only with an idempotency key, recorded together with its audit row. */
export const pay = defineAction({
  name: "payments.pay",
  entrances: ["http"],
  effects: "store",
  authorise: "public",
  input: z.strictObject({ amount: z.coerce.number().int().min(1).max(100_000) }),
  limits: [{ name: "payments", by: ["session"], rule: { kind: "window", limit: 5, window: 60_000 } }],
  idempotency: { ttl: 86_400, required: true },
  run: async ({ input, attempt, transaction }) => {
    const database = transaction.query<Tables>();
    await database.insertInto("payments").values({ id: attempt.id, amount: input.amount }).execute();
    const { total } = await database
      .selectFrom("payments")
      .select((select) => select.fn.countAll<number>().as("total"))
      .executeTakeFirstOrThrow();
    return { payment: attempt.id, amount: input.amount, total: Number(total) };
  },
});

const application = defineApplication({
  migrations: [
    portableMigration(
      "9001_payments",
      "CREATE TABLE payments (id {id} NOT NULL PRIMARY KEY, amount {integer} NOT NULL)",
    ),
  ],
  open: () => ({ actions: [pay] }),
});

/**
 * Opens the guards and the store, which is in `dataDirectory`: one process at a time can have it open. Other
 * settings come from `GATEHOUSE_...` variables, and `GATEHOUSE_DATA_DIRECTORY` names another directory.
 */
export async function openPayments(dataDirectory: string): Promise<Gatehouse> {
  const file = { profile: "development", dataDirectory, console: { enabled: false } };
  const config = requireConfig({ file, environment: process.env, clock: systemClock });
  return openGatehouse({ config, application, clock: systemClock, random: systemRandom, log: process.stderr });
}

/** Ends a program that cannot start. A port or a directory in use needs a message and no stack. */
export function endWith(error: unknown): never {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}

/** Calls `stop` once: at Ctrl-C, or when whatever runs the program ends it. Asked again, the program ends at once. */
export function onStop(stop: () => void): void {
  const signals = ["SIGINT", "SIGTERM"] as const;
  const once = (): void => {
    for (const signal of signals) process.removeListener(signal, once);
    stop();
  };
  for (const signal of signals) process.on(signal, once);
}

/** The page of all examples: a form that works without scripts. */
export function paymentPage(csrfToken: string, idempotencyKey: string): string {
  return `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>Pay</title><meta name="csrf-token" content="${csrfToken}"></head>
  <body>
    <h1>Pay</h1>
    <form method="post" action="/payments">
      <input type="hidden" name="_csrf_token" value="${csrfToken}">
      <input type="hidden" name="idempotency_key" value="${idempotencyKey}">
      <label>Amount <input name="amount" type="number" min="1" required></label>
      <button>Pay</button>
    </form>
  </body>
</html>`;
}
