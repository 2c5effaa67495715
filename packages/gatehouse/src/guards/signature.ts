import type { Attempt } from "../kernel/attempt.ts";
import { events } from "../kernel/events.ts";
import type { Guard, Passage } from "../kernel/guard.ts";
import { deny, type Denial } from "../kernel/outcome.ts";
import { problems } from "../kernel/problems.ts";

/** What was signed and how, with the attempt it arrived as. */
export interface SignedMessage {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body as received, byte for byte. */
  readonly body: Uint8Array;
  readonly attempt: Attempt;
}

/** Why a signature does not count. For events; callers are told `SIGNATURE_INVALID` alone. */
export type SignatureFault = "missing" | "malformed" | "too-old" | "too-new" | "mismatch";

/** Checks the signatures of one sender. */
export interface SignatureVerifier {
  /** The scheme, for the inventory: `standard-webhooks`. */
  readonly scheme: string;
  /** What is wrong with the signature, or `undefined` when it is genuine and fresh. Compares in constant time. */
  verify(message: SignedMessage): SignatureFault | undefined | Promise<SignatureFault | undefined>;
}

/** Which verifier checks what. */
export interface SignatureOptions {
  /** Verifier by action name. One that serves several senders can choose by `message.attempt`. */
  readonly verifiers: Readonly<Record<string, SignatureVerifier>>;
}

/**
 * Admits signed messages by the verifier registered for their action. The webhook entrance admits
 * nothing else, apart from the system's own redeliveries.
 */
export function signatureGuard({ verifiers }: SignatureOptions): Guard {
  const registry = new Map(Object.entries(verifiers));
  return {
    name: "signature",
    phase: "provenance",
    modes: ["enforce"],
    compile(action, entrance) {
      const verifier = registry.get(action.name);
      if (entrance !== "webhook" && verifier === undefined) return refuseSigned;
      return {
        guard: "signature",
        phase: "provenance",
        summary: verifier?.scheme ?? "none registered: refuses everything",
        enter: (passage) => check(passage, verifier),
      };
    },
    check(action) {
      if (!action.entrances.includes("webhook") || registry.has(action.name)) return [];
      return [
        `The action ${action.name} takes webhooks, but nothing verifies their signatures; register a verifier for it.`,
      ];
    },
  };
}

/** Elsewhere a signed message would have been meant for a verifier that is not there. */
const refuseSigned = {
  guard: "signature",
  phase: "provenance",
  summary: "no signed messages",
  enter: ({ attempt }: Passage) => (attempt.provenance.kind === "signed" ? refusal("no verifier") : undefined),
} as const;

function check(
  { attempt }: Passage,
  verifier: SignatureVerifier | undefined,
): Denial | undefined | Promise<Denial | undefined> {
  const { provenance, entrance } = attempt;
  if (provenance.kind !== "signed") {
    return entrance === "webhook" && provenance.kind !== "internal" ? refusal("missing") : undefined;
  }
  if (verifier === undefined) return refusal("no verifier");
  const fault = verifier.verify({ headers: provenance.headers, body: provenance.body, attempt });
  return fault instanceof Promise ? fault.then((reason) => judge(reason, verifier)) : judge(fault, verifier);
}

function judge(fault: SignatureFault | undefined, { scheme }: SignatureVerifier): Denial | undefined {
  return fault === undefined ? undefined : refusal(fault, scheme);
}

function refusal(reason: SignatureFault | "no verifier", scheme?: string): Denial {
  const context = scheme === undefined ? { reason } : { reason, scheme };
  return deny(problems.SIGNATURE_INVALID, { event: events.webhook_signature_fail, context });
}
