import type { Attempt, Principal } from "../kernel/attempt.ts";
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

/**
 * Why a signature does not count. For events; callers are told `SIGNATURE_INVALID` alone. `missing`, where nothing of
 * the scheme came with the message, is the one that a foreign page can make its visitors' browsers bring about: it is
 * not held against them.
 */
export type SignatureFault = "missing" | "malformed" | "too-old" | "too-new" | "mismatch";

/** What a genuine signature vouches for. Nothing the signature does not cover may be in it. */
export interface Genuine {
  /** Who signed. The attempt is that client's then; without it, it stays a stranger's. */
  readonly sender?: string;
  /** What tells the message apart from others: its idempotency key. Without it, a message sent again counts again. */
  readonly messageId?: string;
}

/** Checks the signatures of one sender, or of several. */
export interface SignatureVerifier {
  /** The scheme, for the inventory: `standard-webhooks`. */
  readonly scheme: string;
  /** What a genuine and fresh signature vouches for, or what is wrong with it. Compares in constant time. */
  verify(message: SignedMessage): Genuine | SignatureFault | Promise<Genuine | SignatureFault>;
}

/** Which verifier checks what. */
export interface SignatureOptions {
  /** Verifier by action name. One that serves several senders can choose by `message.attempt`. */
  readonly verifiers: Readonly<Record<string, SignatureVerifier>>;
}

/**
 * Admits signed messages by the verifier registered for their action. The webhook entrance admits
 * nothing else, apart from the system's own redeliveries.
 *
 * Who sent a message and which one it is are known by its signature alone: an idempotency key in a header
 * that nobody signed would let whoever has recorded a message have it executed again.
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
  passage: Passage,
  verifier: SignatureVerifier | undefined,
): Denial | undefined | Promise<Denial | undefined> {
  const { attempt } = passage;
  const { provenance, entrance } = attempt;
  if (provenance.kind !== "signed") {
    return entrance === "webhook" && provenance.kind !== "internal" ? refusal("missing") : undefined;
  }
  if (verifier === undefined) return refusal("no verifier");
  const verdict = verifier.verify({ headers: provenance.headers, body: provenance.body, attempt });
  if (verdict instanceof Promise) return verdict.then((later) => judge(passage, later, verifier));
  return judge(passage, verdict, verifier);
}

function judge(passage: Passage, verdict: Genuine | SignatureFault, { scheme }: SignatureVerifier): Denial | undefined {
  if (typeof verdict === "string") return refusal(verdict, scheme);
  const { sender, messageId } = verdict;
  passage.idempotencyKey = messageId;
  if (sender !== undefined) passage.principal = clientOf(sender, passage.attempt.tenant);
  return undefined;
}

function clientOf(id: string, tenant: string): Principal {
  return { type: "client", id, tenant, grants: NO_GRANTS };
}

const NO_GRANTS: ReadonlySet<string> = new Set();

function refusal(reason: SignatureFault | "no verifier", scheme?: string): Denial {
  const context = scheme === undefined ? { reason } : { reason, scheme };
  return deny(problems.SIGNATURE_INVALID, { event: events.webhook_signature_fail, context });
}
