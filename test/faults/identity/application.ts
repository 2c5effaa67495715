import { defineApplication, defineConfig, type Services } from "gatehouse";
import { UnitOfWork, type Account } from "gatehouse/identity";
import { isDenial } from "gatehouse/kernel";
import { Hono, type Context } from "hono";
import { CALLBACK } from "./door.ts";

const TENANT = "default";
const PERSON = { tenant: TENANT, email: "ada@example.org", verified: true, grants: [], name: "Ada", locale: "en" };
const SCOPE = "openid offline_access profile";

type Identity = NonNullable<Services["identity"]>;

/** The one person of the drills, who is made when she is first needed. */
async function personOf({ store }: Services, { accounts: { directory } }: Identity): Promise<Account> {
  const find = () => store.read((reading) => directory.findByEmail(reading, TENANT, PERSON.email));
  const account =
    (await find()) ?? (await store.write((writing) => directory.create(writing, PERSON))) ?? (await find());
  if (account === undefined) throw new Error("There is no account.");
  return account;
}

/** Stands for the pages on which people sign in: answers the code that a client would be sent. */
async function giveCode(services: Services, identity: Identity, context: Context): Promise<Response> {
  const { store, clock } = services;
  const { artifacts, issuers } = identity;
  await issuers.ready();
  const { engine, codec } = issuers.of(TENANT);
  const { id: accountId } = await personOf(services, identity);
  const read: typeof store.read = (look) => store.read(look);
  const work = new UnitOfWork({ codec, artifacts, read, now: () => clock.now(), grace: 0 });
  const code = await engine.within(work, async () => {
    const { AuthorizationCode, Client, Grant } = engine.provider;
    const client = await Client.find("app");
    if (client === undefined) throw new Error("There is no client.");
    const grant = new Grant({ accountId, clientId: "app" });
    grant.addOIDCScope(SCOPE);
    const grantId = await grant.save();
    return new AuthorizationCode({
      ...{ client, accountId, grantId, redirectUri: CALLBACK, scope: SCOPE, gty: "authorization_code" },
      ...{ codeChallenge: context.req.query("challenge"), codeChallengeMethod: "S256" },
      authTime: Math.floor(clock.now() / 1000),
    }).save();
  });
  await store.write((transaction) => work.commit(transaction));
  return context.json({ code });
}

/** A fresh set of recovery codes. */
async function giveRecoveryCodes(services: Services, identity: Identity, context: Context): Promise<Response> {
  const account = await personOf(services, identity);
  const { recoveryCodes } = identity.accounts;
  const codes = await services.store.write((writing) => recoveryCodes.regenerate(writing, account));
  return context.json({ codes });
}

/** Stands for the page of the second factor: the person has proven a password, and comes with a recovery code. */
async function useRecoveryCode(services: Services, identity: Identity, context: Context): Promise<Response> {
  const { store, clock } = services;
  const { recoveryCodes } = identity.accounts;
  const account = await personOf(services, identity);
  const { code = "", ip = "" } = context.req.query();
  const uses = [{ factor: "password", at: clock.now() }] as const;
  const authentication = { account, changedAt: account.changedAt, uses };
  const read: typeof store.read = (look) => store.read(look);
  const prepared = await recoveryCodes.prepare({ authentication, code, ip, devices: [], read });
  const outcome = isDenial(prepared)
    ? prepared
    : await store.write((writing) => recoveryCodes.commit(writing, prepared));
  return isDenial(outcome) ? context.json({ refused: outcome.problem.code }, 403) : context.json({ refused: null });
}

/** An identity provider whose people sign in without pages. */
export const application = defineApplication({
  open: (services) => {
    const { identity } = services;
    if (identity === undefined) throw new Error("There is no identity provider.");
    const routes = new Hono()
      .get("/drill/code", (context) => giveCode(services, identity, context))
      .get("/drill/recovery-codes", (context) => giveRecoveryCodes(services, identity, context))
      .get("/drill/recover", (context) => useRecoveryCode(services, identity, context));
    return { routes: () => routes };
  },
});

export default defineConfig({ profile: "development", console: { enabled: false } });
