import { z } from "zod";
import type { Client } from "oidc-provider";
import type { Clock } from "../../../../kernel/clock.ts";
import type { AccountKey } from "../../../../kernel/ports/accounts.ts";
import type { OAuthArtifacts } from "../../../../kernel/ports/oauth-artifacts.ts";
import type { GrantEnding } from "../../../../kernel/ports/oauth-grants.ts";
import type { ReadTransaction, Store, WriteTransaction } from "../../../../kernel/ports/store.ts";
import { ArtifactCodec, type ArtifactCodecParts } from "../../../engine/artifact-codec.ts";
import { UnitOfWork } from "../../../engine/unit-of-work.ts";
import type { Issuers } from "../../../issuers.ts";

/** What sign-ons are found with. */
export interface SignOnsParts extends Pick<ArtifactCodecParts, "keyRing" | "sealer"> {
  readonly issuers: Issuers;
  readonly artifacts: OAuthArtifacts;
  readonly store: Pick<Store, "read">;
  readonly clock: Clock;
  /** Receives failures to tell applications of an end. */
  readonly report: (error: unknown) => void;
}

/** An application that a sign-on has led to. */
export interface SignOnClient {
  readonly client: string;
  /** The issuer's name for the session there. */
  readonly sid: string;
  /** Names the grant, as `Grants` does. */
  readonly family: string | undefined;
  /** Whether its tokens outlive the sign-on. */
  readonly lasts: boolean;
}

/** A sign-on: a browser in which somebody has signed in at the issuer. */
export interface SignOn {
  /** Names it, and opens nothing. */
  readonly id: string;
  /** Epoch milliseconds. */
  readonly signedInAt: number;
  readonly clients: readonly SignOnClient[];
}

const SESSION = "Session";
/** Sign-ons of one person that are looked at at a time. */
const MOST = 200;

const Payload = z.object({
  uid: z.string(),
  accountId: z.string(),
  loginTs: z.number(),
  authorizations: z
    .record(
      z.string(),
      z.object({ sid: z.string(), grantId: z.string().optional(), persistsLogout: z.boolean().optional() }),
    )
    .default({}),
});

interface Found extends SignOn {
  readonly key: string;
}

/** The sign-ons of people at the issuer: to be shown to them, and ended. */
export class SignOns {
  readonly #parts: SignOnsParts;

  constructor(parts: SignOnsParts) {
    this.#parts = parts;
  }

  /** Newest first. */
  async list(reading: ReadTransaction, account: AccountKey): Promise<readonly SignOn[]> {
    return this.#find(reading, account);
  }

  /**
   * Ends those of a person's that are chosen, and the tokens that are not to outlive them; the applications are told
   * once it is durable. Returns those that ended.
   */
  async end(
    writing: WriteTransaction,
    account: AccountKey,
    chosen: (signOn: SignOn) => boolean,
  ): Promise<readonly SignOn[]> {
    const { artifacts } = this.#parts;
    const ending: GrantEnding = { cause: "sign_out", by: `user:${account.id}` };
    const gone: SignOn[] = [];
    // Until none is left: those beyond a page are the ones that whoever has made so many wants to keep.
    for (;;) {
      const page = (await this.#find(writing, account)).filter(chosen);
      if (page.length === 0) break;
      for (const { key, clients } of page) {
        await artifacts.remove(writing, key);
        for (const { family, lasts } of clients) {
          if (family !== undefined && !lasts) {
            await artifacts.revoke(writing, { tenant: account.tenant, grant: family }, ending);
          }
        }
      }
      gone.push(...page);
    }
    this.tell(
      writing,
      account,
      gone.flatMap(({ clients }) => clients),
    );
    return gone;
  }

  /** What applications are called, by their names in the protocol. */
  async namesOf(tenant: string, clients: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const { issuers } = this.#parts;
    await issuers.ready();
    const { engine } = issuers.of(tenant);
    return engine.within(this.#workIn(tenant), async () => {
      const named = [...new Set(clients)].map(async (id) => {
        const client = await engine.provider.Client.find(id);
        return [id, client?.clientName ?? id] as const;
      });
      return new Map(await Promise.all(named));
    });
  }

  /** Tells applications over their back channel, once the transaction is durable, that sessions there are over. */
  tell(writing: WriteTransaction, account: AccountKey, clients: readonly SignOnClient[]): void {
    writing.afterCommit(() => void this.#tell(account, clients).catch(this.#parts.report));
  }

  async #tell({ tenant, id }: AccountKey, clients: readonly SignOnClient[]): Promise<void> {
    const { issuers, report } = this.#parts;
    await issuers.ready();
    const { engine } = issuers.of(tenant);
    await engine.within(this.#workIn(tenant), async () => {
      const told = clients.map(async ({ client: name, sid }) => {
        const client = await engine.provider.Client.find(name);
        if (client?.backchannelLogoutUri === undefined) return;
        // The engine's own step at the end of a session, which its types leave out.
        await (client as Client & LogoutReceiver).backchannelLogout(id, sid);
      });
      for (const settled of await Promise.allSettled(told)) if (settled.status === "rejected") report(settled.reason);
    });
  }

  #workIn(tenant: string): UnitOfWork {
    const { issuers, artifacts, store, clock } = this.#parts;
    const read: Store["read"] = (look) => store.read(look);
    return new UnitOfWork({ codec: issuers.of(tenant).codec, artifacts, read, grace: 0, now: () => clock.now() });
  }

  async #find(reading: ReadTransaction, { tenant, id }: AccountKey): Promise<readonly Found[]> {
    const { keyRing, sealer, artifacts } = this.#parts;
    const codec = new ArtifactCodec({ keyRing, sealer, tenant });
    const rows = await artifacts.listOf(reading, { tenant, account: id, kind: SESSION }, MOST);
    const all = rows.flatMap(({ key, body }) => {
      const payload = Payload.safeParse(codec.open(key, body));
      if (!payload.success || payload.data.accountId !== id) return [];
      const { uid, loginTs, authorizations } = payload.data;
      const clients = Object.entries(authorizations).map(([client, { sid, grantId, persistsLogout = false }]) => ({
        ...{ client, sid, lasts: persistsLogout },
        family: grantId === undefined ? undefined : codec.keyOf("Grant", grantId),
      }));
      return [{ key, id: codec.aliasOf(SESSION, "uid", uid), signedInAt: loginTs * 1000, clients }];
    });
    return all.toSorted((one, other) => other.signedInAt - one.signedInAt);
  }
}

interface LogoutReceiver {
  backchannelLogout(subject: string, sid: string): Promise<void>;
}
