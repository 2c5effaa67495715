import type { Edge } from "../http/edge.ts";
import { readActionInput } from "../http/action-input.ts";
import type { Inbound } from "../http/inbound.ts";
import type { KeyRing } from "../kernel/key-ring.ts";
import { deny, isDenial, type Denial, type Success } from "../kernel/outcome.ts";
import type { FoundJoinToken } from "../kernel/ports/join-tokens.ts";
import type { Store } from "../kernel/ports/store.ts";
import { problems } from "../kernel/problems.ts";
import { markedGuest, markGuest } from "./browser-mark.ts";
import { guestEvents } from "./events.ts";
import { EXCHANGE, type Joined } from "./exchange.ts";
import { joinTokensOf } from "./grants.ts";
import { isLegacyText } from "./legacy.ts";
import type { JoinTokenBook } from "./join-token-book.ts";
import { guestProblems } from "./problems.ts";
import { isTokenText } from "./token-text.ts";
import type { JoinTokenUse, JoinTokenUsage } from "./usage.ts";

/** What guests come in with. */
export interface GuestDoorParts {
  readonly edge: Pick<Edge, "receive" | "refuse" | "sessions">;
  readonly book: JoinTokenBook;
  readonly usage: JoinTokenUsage;
  readonly store: Pick<Store, "read">;
  readonly keyRing: KeyRing;
  /** Whether tokens of an earlier system are let in now; absent: never. */
  readonly legacy?: { isOpen(): boolean } | undefined;
}

/** How coming in went. */
export type Entry = (Success<unknown> & { readonly value: Joined }) | Denial;

/**
 * The way in for guests. A token is looked for before the attempt begins, so that the attempt is known to come with
 * one: whoever guesses at the same address uses up nothing of those who do not have to. That is one look by an index;
 * what costs more waits until the attempt is within its limits.
 */
export class GuestDoor {
  readonly #parts: GuestDoorParts;

  constructor(parts: GuestDoorParts) {
    this.#parts = parts;
  }

  /** Whether a text can be a token at all; what was mistyped costs no look at the store. */
  isPossible(text: string): boolean {
    return isTokenText(text) || (this.#parts.legacy?.isOpen() === true && isLegacyText(text));
  }

  /** Who a browser is that has come in by a token before and still may; asks nothing of the gate. */
  async entered(inbound: Inbound, text: string): Promise<Joined | undefined> {
    if (!this.isPossible(text) || inbound.session === undefined) return undefined;
    const principal = await this.#parts.edge.sessions.principal(inbound);
    const tokens = joinTokensOf(principal);
    if (principal.type !== "guest" || tokens.length === 0) return undefined;
    const found = await this.#find(inbound.tenant, text);
    if (found?.standing !== "good" || !tokens.includes(found.token.id)) return undefined;
    return { token: found.token.id, collection: found.token.collection, guest: principal.id, again: true };
  }

  /** Exchanges a token for the session of a guest, with the body of the request for its security token. */
  async enter(inbound: Inbound, text: string): Promise<Entry> {
    const before = await this.entered(inbound, text);
    if (before !== undefined) return { ok: true, value: before, limits: [] };
    const found = this.isPossible(text) ? await this.#find(inbound.tenant, text) : undefined;
    const outcome = await this.#parts.edge.receive(inbound, {
      action: EXCHANGE,
      invitation: found === undefined ? undefined : countedAs(found),
      read: async () => {
        const carried = await readActionInput(inbound);
        if (isDenial(carried)) return carried;
        const guest = markedGuest(this.#parts.keyRing, inbound);
        return { ...carried, value: { token: text, ...(guest === undefined ? {} : { before: guest }) } };
      },
    });
    if (!outcome.ok) {
      const refused = REFUSALS.get(outcome.problem);
      if (found !== undefined && refused !== undefined) this.#parts.usage.record(found.token.id, { refused });
      return outcome;
    }
    // The action's own answer.
    return { ...outcome, value: outcome.value as Joined };
  }

  /** The refusal of a text that can be no token: it is recorded, and nothing was looked for. */
  refuseMistyped(inbound: Inbound): Denial {
    const denial = deny(guestProblems.JOIN_TOKEN_UNKNOWN, {
      event: guestEvents.guest_join_fail,
      context: { reason: "checksum" },
    });
    this.#parts.edge.refuse(inbound, denial, { action: EXCHANGE });
    return denial;
  }

  /** A field that has the browser of a guest keep who it is. */
  mark(inbound: Inbound, { guest }: Joined): string {
    return markGuest(this.#parts.keyRing, inbound, guest);
  }

  #find(tenant: string, text: string): Promise<FoundJoinToken | undefined> {
    return this.#parts.store.read((reading) => this.#parts.book.findByText(reading, tenant, text));
  }
}

/** Who has a text that has ended uses up nothing of those who come in by the one that took its place. */
function countedAs({ token, standing }: FoundJoinToken): string {
  return standing === "good" ? token.id : `${token.id} ${standing}`;
}

const REFUSALS = new Map<unknown, JoinTokenUse["refused"]>([
  [guestProblems.JOIN_TOKEN_EXPIRED, "expired"],
  [guestProblems.JOIN_TOKEN_REVOKED, "revoked"],
  [guestProblems.JOIN_TOKEN_FULL, "full"],
  [problems.RATE_LIMIT_EXCEEDED, "limited"],
]);
