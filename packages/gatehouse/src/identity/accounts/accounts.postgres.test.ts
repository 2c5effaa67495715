/**
 * Races between servers: whatever may happen once must happen once when several processes share a PostgreSQL server, where
 * no queue of writers keeps transactions apart.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Secret, TOTP } from "otpauth";
import { systemClock } from "../../kernel/clock.ts";
import { isDenial, type Denial } from "../../kernel/outcome.ts";
import type { Store } from "../../kernel/ports/store.ts";
import { coreMigrations } from "../../store/migrations/core-migrations.ts";
import { openPostgresStore } from "../../store/postgres/postgres-store.ts";
import { admitted, KIT_PASSWORD, KIT_TENANT, openAccountKit, type AccountKit } from "../../testing/account-kit.ts";
import { skipWithout, startPostgres, type PostgresService } from "../../testing/services.ts";
import { SoftwareAuthenticator } from "../../testing/software-authenticator.ts";

const AT_ONCE = 12;
const ORIGIN = "https://id.example";
const PLACE = { tenant: KIT_TENANT, session: "session", origin: ORIGIN };
const EMAIL = "raced@example.org";

describe("accounts on PostgreSQL", { skip: await skipWithout("postgres") }, () => {
  let service: PostgresService;
  let store: Store;
  let kit: AccountKit;
  before(async () => {
    service = await startPostgres();
    const { url } = await service.createDatabase();
    // A dozen at once hash passwords for seconds on a busy machine, while their connections are opened.
    const limits = { acquire: 30_000 };
    store = await openPostgresStore({ url, clock: systemClock, migrations: coreMigrations, limits });
    // The database judges expiry by its own clock.
    kit = await openAccountKit({ store, start: systemClock.now() });
  });
  after(async () => {
    await kit[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
    await service[Symbol.asyncDispose]();
  });

  const read: Store["read"] = (look) => store.read(look);

  /** How many of those who do something at once are admitted. */
  async function admittedOf(attempt: (index: number) => Promise<unknown>): Promise<number> {
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => attempt(index)));
    return answers.filter((answer) => !isDenial(answer)).length;
  }

  async function step<Prepared, Result>(
    prepared: Prepared | Denial,
    commit: (prepared: Prepared) => Promise<Result>,
  ): Promise<Result | Denial> {
    return isDenial(prepared) ? prepared : commit(prepared);
  }

  it("follow an invitation once", async () => {
    const { membership } = kit.services;
    const person = { tenant: KIT_TENANT, email: EMAIL, name: "Ada", locale: "en", grants: [] };
    admitted(await kit.write((writing) => membership.invite(writing, person)));
    const claim = { ...person, token: kit.tokenFor(EMAIL), password: KIT_PASSWORD, read };
    const joined = await admittedOf(async () =>
      step(await membership.prepareJoin(claim), (join) => kit.write((writing) => membership.commitJoin(writing, join))),
    );
    assert.equal(joined, 1);
  });

  it("use a one-time code, a recovery code and a passkey once", async () => {
    const { totp, recoveryCodes, passkeyRegistration, passkeySignIn, directory } = kit.services;
    const account = await read((reading) => directory.findByEmail(reading, KIT_TENANT, EMAIL));
    assert.ok(account !== undefined);
    const { secret } = await kit.write((writing) => totp.begin(writing, account, { issuer: "Acme", email: EMAIL }));
    const app = new TOTP({ secret: Secret.fromBase32(secret) });
    const code = (): string => app.generate({ timestamp: kit.clock.now() });
    assert.equal(await kit.write((writing) => totp.confirm(writing, account, code())), undefined);
    await kit.clock.advance(30_000);
    const [recovery = ""] = await kit.write((writing) => recoveryCodes.regenerate(writing, account));
    const authentication = await kit.signedIn(EMAIL);
    const claim = (index: number) => ({ authentication, ip: `198.51.100.${index}`, devices: [], read });

    const codes = await admittedOf(async (index) =>
      step(await totp.prepare({ ...claim(index), code: code() }), (use) =>
        kit.write((writing) => totp.commit(writing, use)),
      ),
    );
    assert.equal(codes, 1);
    const recovered = await admittedOf(async (index) =>
      step(await recoveryCodes.prepare({ ...claim(index), code: recovery }), (use) =>
        kit.write((writing) => recoveryCodes.commit(writing, use)),
      ),
    );
    assert.equal(recovered, 1);

    const device = new SoftwareAuthenticator({ origin: ORIGIN, counts: false });
    const making = await passkeyRegistration.prepareBegin({ place: PLACE, account, email: EMAIL, read });
    const response = device.create(await kit.write((writing) => passkeyRegistration.begin(writing, making)));
    const registered = await admittedOf(async () =>
      step(await passkeyRegistration.prepare({ place: PLACE, response, read }, { account, name: "x" }), (passkey) =>
        kit.write((writing) => passkeyRegistration.commit(writing, passkey)),
      ),
    );
    assert.equal(registered, 1);
    const asking = await passkeySignIn.prepareBegin(PLACE);
    const proof = device.get(await kit.write((writing) => passkeySignIn.begin(writing, asking)));
    const signedIn = await admittedOf(async () =>
      step(await passkeySignIn.prepare({ place: PLACE, response: proof, read }), (use) =>
        kit.write((writing) => passkeySignIn.commit(writing, use)),
      ),
    );
    assert.equal(signedIn, 1);
  });

  it("set a new password by a link once", async () => {
    const { recovery } = kit.services;
    await kit.write((writing) => recovery.requestReset(writing, KIT_TENANT, EMAIL));
    const claim = { tenant: KIT_TENANT, token: kit.tokenFor(EMAIL), password: "eleven herons leave the harbour", read };
    const set = await admittedOf(async () =>
      step(await recovery.prepareReset(claim), (reset) => kit.write((writing) => recovery.commitReset(writing, reset))),
    );
    assert.equal(set, 1);
  });
});
