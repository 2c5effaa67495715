import { OPERATOR_ENTRANCES, operatorsOnly } from "../../console/operator.ts";
import { createAccountServices, type AccountServices } from "../../identity/accounts/accounts.ts";
import { BreachFilter } from "../../identity/accounts/passwords/breach-filter.ts";
import { deviceMarksIn } from "../../identity/accounts/device-marks.ts";
import { createFindAccount } from "../../identity/claims.ts";
import { createAccessTokens } from "../../identity/engine/access-tokens.ts";
import type { Lifetimes } from "../../identity/engine/configuration.ts";
import { createGrantOperations } from "../../identity/grants/operations.ts";
import { createRehearsal } from "../../identity/grants/rehearsal-operation.ts";
import { createIdentity } from "../../identity/identity.ts";
import { createTenantOperations } from "../../identity/tenant-operations.ts";
import { KeyUses } from "../../identity/keys/key-uses.ts";
import { createSigningKeyOperations } from "../../identity/keys/operations.ts";
import { createKeyNotice } from "./key-notice.ts";
import { KeyKeeper, type KeyChange } from "../../identity/keys/key-keeper.ts";
import type { RotationPolicy } from "../../identity/keys/rotation.ts";
import { LINK_PATHS } from "../../identity/screens/account/paths.ts";
import type { ThemeOptions } from "../../identity/screens/theme.ts";
import { createMailboxRoutes } from "../../identity/accounts/mailbox-routes.ts";
import type { AnyAction } from "../../kernel/action.ts";
import type { Config } from "../../kernel/config.ts";
import { BootRefusedError } from "../../kernel/gate.ts";
import type { AccountKey } from "../../kernel/ports/accounts.ts";
import type { Bus } from "../../kernel/ports/bus.ts";
import type { Sessions } from "../../kernel/ports/sessions.ts";
import { systemTimers } from "../../kernel/timers.ts";
import { subscribeLastingly } from "../../store/lasting-subscription.ts";
import { createAccounts } from "../../store/sql/identity/accounts.ts";
import { createFactors } from "../../store/sql/identity/factors.ts";
import { createOAuthArtifacts } from "../../store/sql/identity/oauth-artifacts.ts";
import { createOAuthGrants } from "../../store/sql/identity/oauth-grants.ts";
import { createSigningKeys } from "../../store/sql/identity/signing-keys.ts";
import { createTenants } from "../../store/sql/tenants.ts";
import type { Hono } from "hono";
import type { Ports } from "../application.ts";
import { grantPolicies } from "./grant-policies.ts";
import type { IdentityServices } from "./identity-services.ts";
import { openClients } from "./clients.ts";
import { openMailer } from "./mailer.ts";
import { firstParties } from "./first-party.ts";
import { createOwnRelyingParty } from "./own-relying-party.ts";
import { openSelfService } from "./self-service.ts";
import { createThemes } from "./themes.ts";
import { issuedWorkResources } from "../work/work-resources.ts";
import type { ProtectedResource } from "../../identity/engine/configuration.ts";

/** The identity provider with all that is mounted. */
export interface MountedIdentity {
  readonly services: IdentityServices;
  readonly actions: readonly AnyAction[];
  readonly routes: readonly Hono[];
}

/** What an identity provider is opened with. */
export interface IdentityOptions {
  readonly services: Ports;
  readonly sessions: Sessions;
  /** The issuer's address of a tenant. */
  readonly originOf: (tenant: string) => string;
  /** The look of a tenant's pages, where the application says. */
  readonly theme?: ((tenant: string) => ThemeOptions) | undefined;
  readonly keysChanged: (changes: readonly KeyChange[]) => void;
  readonly report: (error: unknown) => void;
}

/** Opens the identity provider that is configured. What is opened joins `stack` and closes with it. */
export async function openIdentity(options: IdentityOptions, stack: AsyncDisposableStack): Promise<MountedIdentity> {
  const { services, originOf } = options;
  const { config, clock, store, edge } = services;
  const { grace, publicClients, proofNonces } = config.identity;
  const artifacts = createOAuthArtifacts();
  const factors = createFactors();
  const { mailer, mailbox } = await openMailer(config, clock, stack);
  const accounts = await openAccounts({ ...options, artifacts, factors, mailer }, stack);
  const ownResources = config.work.enabled ? issuedWorkResources : undefined;
  const clients = openClients(services, { artifacts, resources: clientResources(services) });
  const { keys, keyUses, operations } = await openSigningKeys({ ...options, mailer }, stack);
  const grantRecord = createOAuthGrants();
  const themeOf = createThemes(config, options.theme);
  const policyOf = grantPolicies(config);
  const identity = createIdentity({
    ...{ ...services, artifacts, grants: grantRecord, keys, originOf, publicClients, proofNonces, grace, keyUses },
    themeOf,
    lifetimes: lifetimesOf(config),
    ...{ resources: resourcesOf(config), ownResources },
    clients: clients.source,
    trustedCidrs: config.limits.trustedCidrs,
    findAccount: (tenant) => createFindAccount({ directory: accounts.directory, store }, tenant),
    interactionPath: (uid) => `/sign-in/${uid}`,
    isFirstParty: firstParties(config, clients.own),
    signIn: { accounts, factors, registration: config.identity.registration },
    grantPolicyOf: policyOf,
    recogniseDevice: (headers, account) => accounts.devices.recognise(deviceMarksIn(headers), account),
  });
  const { actions, routes, issuers, grants } = identity;
  const { relyingParty, authenticationOf, ...selfService } = openSelfService({
    ...{ ...options, identity, parts: { accounts, factors, artifacts } },
    relyingParty: (wanted) => createOwnRelyingParty({ services, accounts, clients, issuers }, wanted),
    serviceOf: (tenant) => themeOf(tenant).name,
  });
  const governance = openGovernance(services, { grants, policyOf });
  const isActive = activityOf(services, accounts);
  const accessTokens = createAccessTokens({ issuers, artifacts, store, clock, isActive, keyUses });
  return {
    services: {
      ...{ issuers, accounts, clients, factors, artifacts, grants, grantRecord },
      ...{ keys, mailer, grace, accessTokens, relyingParty, authenticationOf },
    },
    actions: [actions, selfService.actions, accounts.operations, clients.operations, operations, governance].flat(),
    routes: [routes, ...selfService.routes, ...(mailbox === undefined ? [] : [createMailboxRoutes({ edge, mailbox })])],
  };
}

interface Governance {
  readonly grants: Parameters<typeof createGrantOperations>[0]["grants"];
  readonly policyOf: ReturnType<typeof grantPolicies>;
}

/** What operators do about who may use tokens where, and about tenants. */
function openGovernance(
  { config, trail }: Pick<Ports, "config" | "trail">,
  { grants, policyOf }: Governance,
): readonly AnyAction[] {
  const who = { operatorsOnly, entrances: OPERATOR_ENTRANCES };
  const configured = config.identity.clients.flatMap(({ tenant = [] }) => tenant);
  return [
    ...createGrantOperations({ ...who, grants }),
    createRehearsal({ ...who, trail, policyOf }),
    ...createTenantOperations({ ...who, tenants: createTenants(), configured }),
  ];
}

/** Tells whether an account may be used. */
function activityOf(
  { store }: Pick<Ports, "store">,
  { directory }: Pick<AccountServices, "directory">,
): (key: AccountKey) => Promise<boolean> {
  return (key) => store.read(async (reading) => (await directory.find(reading, key))?.state === "active");
}

interface OpenedSigningKeys {
  readonly keys: KeyKeeper;
  readonly keyUses: KeyUses;
  readonly operations: readonly AnyAction[];
}

async function openSigningKeys(
  { services, keysChanged, report, mailer }: IdentityOptions & Pick<IdentityServices, "mailer">,
  stack: AsyncDisposableStack,
): Promise<OpenedSigningKeys> {
  const { config } = services;
  const rows = createSigningKeys();
  const keyUses = stack.use(new KeyUses({ ...services, keys: rows, report }));
  const notify = createKeyNotice(config.identity, { mailer, timers: systemTimers, report });
  const keys = stack.use(
    await KeyKeeper.open({
      ...{ ...services, keys: rows, policy: policyOf(config), report },
      bus: lastingBus(services.bus, report),
      done(changes) {
        keysChanged(changes);
        notify(changes);
      },
    }),
  );
  const who = { operatorsOnly, entrances: OPERATOR_ENTRANCES };
  const operations = createSigningKeyOperations({ ...services, ...who, keeper: keys, keys: rows, uses: keyUses });
  return { keys, keyUses, operations };
}

/** A bus whose subscriptions begin once it is there: the server does not wait for one that is away. */
function lastingBus(bus: Bus, report: (error: unknown) => void): Pick<Bus, "publish" | "subscribe"> {
  return {
    publish: (topic, message) => bus.publish(topic, message),
    subscribe(topic, receive) {
      const subscription = subscribeLastingly(bus, topic, { heard: () => receive(""), report });
      subscription.catch(report);
      const end = async (): Promise<void> => (await subscription)[Symbol.asyncDispose]();
      return Promise.resolve({ [Symbol.asyncDispose]: () => end().catch(() => undefined) });
    },
  };
}

type AccountsOptions = IdentityOptions & Pick<IdentityServices, "artifacts" | "factors" | "mailer">;

async function openAccounts(options: AccountsOptions, stack: AsyncDisposableStack): Promise<AccountServices> {
  const { services, sessions, artifacts, factors, mailer, originOf, report } = options;
  const { registration, serviceName } = services.config.identity;
  const breached = await openBreachFilter(services.config, stack);
  return createAccountServices({
    ...{ ...services, sessions, artifacts, factors, mailer, registration, serviceName, operatorsOnly, report },
    accounts: createAccounts(),
    blocklists: breached === undefined ? [] : [breached],
    timers: systemTimers,
    entrances: OPERATOR_ENTRANCES,
    linkTo: (tenant, purpose, token) => `${originOf(tenant)}${LINK_PATHS[purpose]}/${token}`,
  });
}

async function openBreachFilter({ identity }: Config, stack: AsyncDisposableStack): Promise<BreachFilter | undefined> {
  if (identity.breachFilter === undefined) return undefined;
  try {
    return stack.use(await BreachFilter.open(identity.breachFilter));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new BootRefusedError([`identity.breachFilter: the file cannot be used (${reason}).`]);
  }
}

/** Milliseconds by which clocks may differ, longer than which nothing that was signed is valid. */
const LEEWAY = 60_000;

function policyOf({ identity }: Config): RotationPolicy {
  const { algorithms, keys, lifetimes, resources } = identity;
  const signed = [lifetimes.accessToken, lifetimes.idToken, ...resources.map(({ lifetime = 0 }) => lifetime)];
  const { rotateAfter: activeFor, publishedFor } = keys;
  return { algorithms, activeFor, publishedFor, validFor: Math.max(...signed) + LEEWAY };
}

/** The engine counts in seconds. */
function lifetimesOf({ identity }: Config): Lifetimes {
  const { accessToken, refreshToken, authorizationCode, idToken, deviceCode, interaction, session } =
    identity.lifetimes;
  return {
    accessToken: seconds(accessToken),
    refreshToken: seconds(refreshToken),
    authorizationCode: seconds(authorizationCode),
    idToken: seconds(idToken),
    deviceCode: seconds(deviceCode),
    interaction: seconds(interaction),
    session: seconds(session),
  };
}

/** Where clients that come by themselves may go: what is configured, and the server's own resources at its address. */
function clientResources({ config, origin }: Pick<Ports, "config" | "origin">): readonly ProtectedResource[] {
  const configured = resourcesOf(config);
  if (!config.work.enabled) return configured;
  const own = issuedWorkResources("").map(({ resource: path, ...known }) => ({
    ...known,
    // Where the server listens is known once it does.
    get resource() {
      return origin() + path;
    },
  }));
  return [...configured, ...own];
}

function resourcesOf({ identity }: Config) {
  return identity.resources.map(({ lifetime, ...resource }) =>
    lifetime === undefined ? resource : { ...resource, lifetime: seconds(lifetime) },
  );
}

function seconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}
