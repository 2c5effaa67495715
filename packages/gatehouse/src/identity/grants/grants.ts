import { canonicalAddress, networkOf } from "../../guards/address.ts";
import type { AccountKey } from "../../kernel/ports/accounts.ts";
import type { OAuthArtifacts } from "../../kernel/ports/oauth-artifacts.ts";
import type { GrantEnding, GrantQuery, OAuthGrants, StoredGrant } from "../../kernel/ports/oauth-grants.ts";
import type { ReadTransaction, WriteTransaction } from "../../kernel/ports/store.ts";
import { ArtifactCodec, type ArtifactCodecParts } from "../engine/artifact-codec.ts";
import { openGrantBody } from "./grant-body.ts";
import type { Place } from "./place.ts";

/** What looking after grants needs. */
export interface GrantsParts extends Pick<ArtifactCodecParts, "keyRing" | "sealer"> {
  readonly grants: OAuthGrants;
  readonly artifacts: OAuthArtifacts;
}

/** Which grants. All members narrow; of what a grant was used from, every use counts that is remembered. */
export interface GrantSelection {
  readonly family?: string | undefined;
  readonly account?: string | undefined;
  readonly client?: string | undefined;
  readonly device?: string | undefined;
  /** An address, or a subnet of the configured size in CIDR notation. */
  readonly ip?: string | undefined;
}

/** A grant as people are shown it. */
export interface Grant extends Pick<
  StoredGrant,
  "client" | "account" | "state" | "generation" | "firstSeen" | "lastSeen" | "suspendedAt" | "ending"
> {
  /** Names the grant and all tokens it leads to. */
  readonly family: string;
  /** The browser in which the person consented; absent once it has ended. */
  readonly signIn: Place | undefined;
  /** Who fetched tokens last. */
  readonly last: Place | undefined;
}

/** A page of a list. */
export interface GrantPage {
  readonly grants: readonly Grant[];
  /** Where the next page begins; `undefined` at the end. */
  readonly next: string | undefined;
}

/** How a list of grants is asked for. */
export interface GrantListing extends GrantSelection {
  readonly state?: "lasting" | "ended" | undefined;
  /** The `next` of the page before. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** What a revocation has taken. */
export interface GrantRevocation {
  readonly grants: number;
  /** Codes and tokens, the grants' own rows among them. */
  readonly artifacts: number;
}

/** Grants ended at a time, within one transaction. */
const BATCH = 200;

/** Lists grants and ends them: for operators, and for people their own. */
export class Grants {
  readonly #parts: GrantsParts;

  constructor(parts: GrantsParts) {
    this.#parts = parts;
  }

  async list(reading: ReadTransaction, tenant: string, listing: GrantListing): Promise<GrantPage> {
    const { state, after, limit } = listing;
    const query = { ...this.#queryOf(tenant, listing), state, limit: limit + 1, before: cursorOf(after) };
    const rows = await this.#parts.grants.list(reading, query);
    const shown = rows.slice(0, limit);
    const codec = this.#codecOf(tenant);
    const last = shown.at(-1);
    const next = rows.length > limit && last !== undefined ? `${last.firstSeen}.${last.key}` : undefined;
    return { grants: shown.map((row) => grantOf(codec, row)), next };
  }

  /** What a person has allowed, newest first. */
  async ownedBy(reading: ReadTransaction, { tenant, id }: AccountKey): Promise<readonly Grant[]> {
    return (await this.list(reading, tenant, { account: id, state: "lasting", limit: BATCH })).grants;
  }

  /** Ends one grant of a person's own; `false` where it is not theirs, or has ended. */
  async revokeOwn(writing: WriteTransaction, { tenant, id }: AccountKey, family: string): Promise<boolean> {
    const ending: GrantEnding = { cause: "person", by: `user:${id}` };
    return (await this.revoke(writing, tenant, { selection: { account: id, family }, ending })).grants > 0;
  }

  /** Ends every grant that matches, with all its tokens, in the transaction it is given. */
  async revoke(
    writing: WriteTransaction,
    tenant: string,
    { selection, ending }: { readonly selection: GrantSelection; readonly ending: GrantEnding },
  ): Promise<GrantRevocation> {
    const { grants: record, artifacts: rows } = this.#parts;
    const query: GrantQuery = { ...this.#queryOf(tenant, selection), state: "unended", limit: BATCH };
    let grants = 0;
    let artifacts = 0;
    for (;;) {
      const page = await record.list(writing, query);
      for (const { key } of page) artifacts += await rows.revoke(writing, { tenant, grant: key }, ending);
      grants += page.length;
      if (page.length < BATCH) break;
    }
    const { client, account, family, device, ip } = selection;
    // A client or an account may have tokens that no grant led to, and grants without a token yet.
    if (family === undefined && device === undefined && ip === undefined) {
      const whole = { ...(client === undefined ? {} : { client }), ...(account === undefined ? {} : { account }) };
      artifacts += await rows.revoke(writing, { tenant, ...whole }, ending);
    }
    return { grants, artifacts };
  }

  #codecOf(tenant: string): ArtifactCodec {
    const { keyRing, sealer } = this.#parts;
    return new ArtifactCodec({ keyRing, sealer, tenant });
  }

  #queryOf(tenant: string, { family, account, client, device, ip }: GrantSelection): Omit<GrantQuery, "limit"> {
    const codec = this.#codecOf(tenant);
    const traces = [
      ...(device === undefined ? [] : [codec.traceOf("device", device)]),
      ...(ip === undefined ? [] : [traceOfAddress(codec, ip)]),
    ];
    return { tenant, key: family, account, client, traces };
  }
}

/** The one text of an address or subnet; `undefined` for what is neither. */
export function normalAddress(text: string): string | undefined {
  const [address = "", bits, more] = text.split("/");
  if (more !== undefined) return undefined;
  if (bits === undefined) return canonicalAddress(address);
  const most = address.includes(":") ? 128 : 32;
  return /^\d{1,3}$/.test(bits) && Number(bits) <= most ? networkOf(address, Number(bits)) : undefined;
}

function traceOfAddress(codec: ArtifactCodec, text: string): string {
  const address = normalAddress(text) ?? text;
  return codec.traceOf(address.includes("/") ? "subnet" : "ip", address);
}

function grantOf(codec: ArtifactCodec, row: StoredGrant): Grant {
  const { key: family, client, account, state, generation, firstSeen, lastSeen, suspendedAt, ending } = row;
  const { signIn, last } = openGrantBody(codec, row);
  return { family, client, account, state, generation, firstSeen, lastSeen, suspendedAt, ending, signIn, last };
}

function cursorOf(text: string | undefined): GrantQuery["before"] {
  const { at = "", key = "" } = /^(?<at>\d{1,15})\.(?<key>[\w-]{1,64})$/.exec(text ?? "")?.groups ?? {};
  return key === "" ? undefined : { firstSeen: Number(at), key };
}
