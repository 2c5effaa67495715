import assert from "node:assert/strict";
import {
  createAccountServices,
  type AccountServices,
  type AccountServicesParts,
} from "../identity/accounts/accounts.ts";
import type { Authentication } from "../identity/accounts/authentication.ts";
import { DevelopmentMailbox } from "../identity/accounts/development-mailbox.ts";
import type { Account } from "../identity/accounts/directory.ts";
import { PasswordHasher } from "../identity/accounts/passwords/hasher.ts";
import { createIds } from "../kernel/ids.ts";
import { generateKeyMaterial, type KeyMaterial } from "../kernel/key-material.ts";
import { createReplaceableKeyRing, type ReplaceableKeyRing } from "../kernel/key-ring.ts";
import { isDenial, type Denial } from "../kernel/outcome.ts";
import type { Store, WriteTransaction } from "../kernel/ports/store.ts";
import { createSealer } from "../kernel/seal.ts";
import { createMemoryCounters } from "../store/memory/memory-counters.ts";
import { coreMigrations } from "../store/migrations/core-migrations.ts";
import { createAccounts } from "../store/sql/identity/accounts.ts";
import { createDocuments } from "../store/sql/documents.ts";
import { createFactors } from "../store/sql/identity/factors.ts";
import { createOAuthArtifacts } from "../store/sql/identity/oauth-artifacts.ts";
import { createSessions } from "../store/sql/sessions.ts";
import { openSqliteStore } from "../store/sqlite/sqlite-store.ts";
import { createDeterministicRandom } from "./deterministic-random.ts";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";

/** Where a sign-in comes from. */
export interface KitSource {
  readonly ip?: string;
  readonly devices?: readonly string[];
}

/** Accounts on a store in memory, with a clock that stands still and passwords that are cheap to hash. */
export interface AccountKit extends AsyncDisposable {
  readonly services: AccountServices;
  readonly parts: AccountServicesParts;
  readonly store: Store;
  readonly clock: FakeClock;
  /** The keys the kit began with. */
  readonly keys: KeyMaterial;
  readonly keyRing: ReplaceableKeyRing;
  readonly mailbox: DevelopmentMailbox;
  /** An account with a password that passes for right. */
  join(email: string, password?: string): Promise<Account>;
  /** Both steps of signing in with a password. */
  signIn(email: string, password: string, source?: KitSource): Promise<Authentication | Denial>;
  /** The same where it must succeed. */
  signedIn(email: string, password?: string, source?: KitSource): Promise<Authentication>;
  write<Result>(work: (writing: WriteTransaction) => Promise<Result>): Promise<Result>;
  /** The token of the newest letter to somebody. */
  tokenFor(email: string): string;
}

/** What differs from the plain kit. */
export interface AccountKitOptions extends Partial<
  Pick<AccountServicesParts, "registration" | "hasher" | "blocklists" | "mailer">
> {
  /** Default: an embedded store in memory, which the kit closes. A store given is the caller's to close. */
  readonly store?: Store;
  /** Epoch milliseconds at which the clock stands. */
  readonly start?: number;
}

/** The tenant of a kit. */
export const KIT_TENANT = "acme";
/** The password of accounts that are not given another. */
export const KIT_PASSWORD = "seven lanterns cross the pond";
/** Where sign-ins come from that say nothing else. */
export const KIT_IP = "192.0.2.1";

/** What passes for wrong must not be committed. */
export function admitted<Value>(value: Value | Denial): Value {
  assert.ok(!isDenial(value), isDenial(value) ? value.problem.code : "");
  return value;
}

/** Opens a kit. */
export async function openAccountKit({
  store: given,
  start,
  ...differences
}: AccountKitOptions = {}): Promise<AccountKit> {
  const clock = createFakeClock(start);
  const random = createDeterministicRandom("accounts");
  const keys = generateKeyMaterial(random, clock);
  const keyRing = createReplaceableKeyRing(keys);
  const store = given ?? (await openSqliteStore({ memory: true, clock, migrations: coreMigrations }));
  const counters = createMemoryCounters({ clock });
  const mailbox = new DevelopmentMailbox(clock);
  const parts: AccountServicesParts = {
    ...{ accounts: createAccounts(), factors: createFactors(), documents: createDocuments() },
    ...{ sessions: createSessions(), artifacts: createOAuthArtifacts() },
    ...{ keyRing, random, clock, counters, mailer: mailbox, timers: clock, registration: true },
    sealer: createSealer({ keyRing, random, clock }),
    ids: createIds(clock, random),
    hasher: new PasswordHasher({ random, cost: { memory: 64, passes: 1, parallelism: 1 } }),
    operatorsOnly: ({ principal }) => principal.grants.has("operator"),
    entrances: ["http", "job"],
    serviceName: "Acme",
    linkTo: (_tenant, purpose, token) => `https://id.example/${purpose}/${token}`,
    report: (error) => assert.fail(String(error)),
    ...differences,
  };
  const services = createAccountServices(parts);
  const write: AccountKit["write"] = (work) => store.write(work);

  async function signIn(email: string, password: string, { ip = KIT_IP, devices = [] }: KitSource = {}) {
    const claim = { tenant: KIT_TENANT, email, password, ip, devices };
    const prepared = await services.passwordSignIn.prepare({ ...claim, read: (look) => store.read(look) });
    if (isDenial(prepared)) return prepared;
    return write((writing) => services.passwordSignIn.commit(writing, prepared));
  }

  function tokenFor(email: string): string {
    const letter = mailbox.messages.find(({ to }) => to === email);
    return /https:\/\/id\.example\/[a-z]+\/(\S+)/.exec(letter?.text ?? "")?.[1] ?? "";
  }

  return {
    ...{ services, parts, store, clock, keys, keyRing, mailbox, signIn, tokenFor, write },
    async join(email, password = KIT_PASSWORD) {
      const { membership } = services;
      const person = { tenant: KIT_TENANT, email, name: "Ada", locale: "en", grants: [] };
      await write((writing) => membership.invite(writing, person));
      const claim = { ...person, token: tokenFor(email), password, read: store.read.bind(store) };
      const prepared = admitted(await membership.prepareJoin(claim));
      return admitted(await write((writing) => membership.commitJoin(writing, prepared)));
    },
    signedIn: async (email, password = KIT_PASSWORD, source = {}) => admitted(await signIn(email, password, source)),
    async [Symbol.asyncDispose]() {
      await counters[Symbol.asyncDispose]();
      if (given === undefined) await store[Symbol.asyncDispose]();
    },
  };
}
