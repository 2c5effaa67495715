import { Delivery, type DeliveryParts } from "../../identity/accounts/delivery.ts";
import type { KeyChange } from "../../identity/keys/key-keeper.ts";
import type { Config } from "../../kernel/config.ts";

/** Writes to the administrators when other keys sign than before, or one was withdrawn. */
export function createKeyNotice(
  { administrators, serviceName }: Config["identity"],
  parts: DeliveryParts,
): (changes: readonly KeyChange[]) => void {
  const delivery = new Delivery(parts);
  return (changes) => {
    const told = changes.filter(concerns);
    if (told.length === 0) return;
    const lost = told.some(({ step }) => step.what === "move" && step.to === "compromised");
    const subject = lost
      ? `${serviceName}: a signing key was withdrawn`
      : `${serviceName}: the signing keys were rotated`;
    const text = [
      lost
        ? "A signing key was withdrawn because somebody else may have it. Tokens it has signed are refused from now on."
        : "Another key signs tokens from now on. The one before stays published until nothing it has signed is valid.",
      changes.map(lineOf).join("\n"),
      "If you do not know why, look at the audit trail for oauth_keys_operated: gatehouse audit list.",
    ].join("\n\n");
    for (const to of administrators) delivery.send({ to, subject, text });
  };
}

/** The first keys of an installation, and keys that are destroyed in time, concern nobody. */
function concerns({ step }: KeyChange): boolean {
  return step.what === "move" && (step.from === "active" || step.to === "active" || step.to === "compromised");
}

function lineOf({ kid, step }: KeyChange): string {
  return step.what === "create" ? `${kid}: new, ${step.state}` : `${kid}: ${step.from}, now ${step.to}`;
}
