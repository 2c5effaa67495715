import { html, type Html } from "gatehouse/html";
import { deny, problems, type ReadTransaction, type WriteTransaction } from "gatehouse/kernel";
import { live, reply } from "gatehouse/live";
import { portableMigration } from "gatehouse/store";
import { z } from "zod";
import type { Example } from "./example.ts";

const MOST_SHOWN = 5;
const REFUSED_CARD = "4000000000000002";
const Payment = z.object({
  name: z.string().trim().min(1, "Please enter the name on the card.").max(60, "At most 60 characters."),
  amount: z.coerce
    .number("Please enter an amount.")
    .min(1, "At least 1 euro.")
    .max(500, "At most 500 euros.")
    .multipleOf(0.01, "Euros and cents, please."),
  card: z
    .string()
    .transform((text) => text.replaceAll(/[\s-]/g, ""))
    .refine((digits) => /^\d{16}$/.test(digits) && checksum(digits) === 0, "This is not the number of a card."),
});
const Charge = z.object({ id: z.string(), cents: z.int(), card: z.string() });

interface Tables {
  playground_charges: z.infer<typeof Charge> & { tenant: string; owner: string; name: string; at: number };
}

/** Luhn's: what mistyped numbers do not pass. */
function checksum(digits: string): number {
  const values = [...digits].map((digit, index) => Number(digit) * ((digits.length - index) % 2 === 0 ? 2 : 1));
  return values.reduce((sum, value) => sum + (value > 9 ? value - 9 : value), 0) % 10;
}

/**
 * Stands for the house that moves the money. It is asked under a key that is the same for every repetition of one
 * intent, and does nothing twice under it.
 */
async function charge(transaction: WriteTransaction, row: Tables["playground_charges"]): Promise<void> {
  const insert = transaction.query<Tables>().insertInto("playground_charges").values(row);
  await insert.onConflict((conflict) => conflict.column("id").doNothing()).execute();
}

async function chargesOf(transaction: ReadTransaction, tenant: string, owner: string) {
  const charges = transaction.query<Tables>().selectFrom("playground_charges").select(["id", "cents", "card"]);
  const own = charges.where("tenant", "=", tenant).where("owner", "=", owner);
  const rows = await own.orderBy("at", "desc").limit(MOST_SHOWN).execute();
  return rows.map((row) => ({ ...row, cents: Number(row.cents) }));
}

const payment = live("playground-payment", {
  mode: "none",
  state: z.object({ charges: z.array(Charge) }),
  mount: async ({ transaction, tenant, principal }) => ({
    charges: await chargesOf(transaction, tenant, principal.session ?? principal.id),
  }),
  actions: (action) => ({
    pay: action(
      {
        input: Payment,
        authorise: "public",
        commutes: true,
        limitBy: ["session", "action"],
        rateLimit: 5,
        rateLimitWindow: 300,
        idempotencyRequired: true,
        idempotencyTTL: 86_400,
        audit: { context: ({ amount }) => ({ amount }) },
      },
      async ({ transaction, tenant, principal, now, stepKey }, { name, amount, card }) => {
        if (card === REFUSED_CARD) {
          const violations = [{ pointer: "/params/card", message: "The bank has declined this card." }];
          return deny(problems.VALIDATION_ERROR, { violations });
        }
        const cents = Math.round(amount * 100);
        const owner = principal.session ?? principal.id;
        await charge(transaction, {
          ...{ id: stepKey("charge"), tenant, owner, at: now },
          ...{ name, cents, card: card.slice(-4) },
        });
        return reply({ effects: { announce: `Paid ${EUROS.format(cents / 100)}. Thank you!` } });
      },
    ),
  }),
  render: ({ state: { charges }, act: { pay }, instance }) => html`
    <form ${pay.form} aria-label="Payment">
      ${pay.fields}
      <div class="field">
        <label for="${instance}-amount">Amount in euros</label>
        <input id="${instance}-amount" inputmode="decimal" autocomplete="off" required ${pay.field("amount")} />
        ${pay.error("amount")}
      </div>
      <div class="field">
        <label for="${instance}-name">Name on the card</label>
        <input id="${instance}-name" autocomplete="cc-name" maxlength="60" required ${pay.field("name")} />
        ${pay.error("name")}
      </div>
      <div class="field">
        <label for="${instance}-card">Card number</label>
        <input id="${instance}-card" inputmode="numeric" autocomplete="cc-number" required ${pay.area("card")} />
        ${pay.error("card")}
        <p class="hint">For this playground: 4242 4242 4242 4242, or 4000 0000 0000 0002, which the bank declines.</p>
      </div>
      <button class="button" type="submit">Pay</button>
    </form>
    ${chargeList(charges)}
  `,
});

function chargeList(charges: readonly z.infer<typeof Charge>[]): Html {
  return html`<h3>Your payments</h3>
    ${charges.length === 0 && html`<p class="hint">There are none yet.</p>`}
    <ul class="results">
      ${charges.map(
        ({ id, cents, card }) =>
          html`<li data-key=${id}><span>${EUROS.format(cents / 100)}</span> <span>card ending in ${card}</span></li>`,
      )}
    </ul>`;
}

const EUROS = new Intl.NumberFormat("en-GB", { style: "currency", currency: "EUR" });

/** Money moves once for each intent. */
export const paymentExample: Example = {
  slug: "payment",
  title: "Payment form",
  summary: "A charge that happens once, however often its request arrives.",
  shows: ["idempotency for a day", "five attempts in five minutes", "step keys", "messages at fields"],
  tasks: [
    "Double-click “Pay”, or lose the connection while paying: there is one payment.",
    "Mistype the number, or use the card that is declined. What was wrong is said at the field; the number itself is never sent back.",
    "Try a sixth time within five minutes.",
  ],
  source: import.meta.url,
  migrations: [
    portableMigration(
      "9013_playground_charges",
      `CREATE TABLE playground_charges (
        id {id} PRIMARY KEY, tenant {id} NOT NULL, owner {id} NOT NULL,
        name {id} NOT NULL, cents {integer} NOT NULL, card {id} NOT NULL, at {integer} NOT NULL
      )`,
    ),
  ],
  open: () => payment,
};
