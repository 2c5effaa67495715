import { OPERATOR_ENTRANCES, operatorsOnly } from "../../console/operator.ts";
import { createJoinTokenAlerts } from "../../guests/alerts.ts";
import { GuestDoor } from "../../guests/door.ts";
import { createExchange } from "../../guests/exchange.ts";
import { GuestGrants } from "../../guests/grants.ts";
import { JoinTokenBook } from "../../guests/join-token-book.ts";
import { adoptToken, tokenOf, type LegacyImportParts, type LegacyLookUp } from "../../guests/legacy.ts";
import { createLegacyOperations } from "../../guests/legacy-operations.ts";
import { guestLimits } from "../../guests/limits.ts";
import { createJoinTokenOperations } from "../../guests/operations.ts";
import type { CardPrinter } from "../../guests/print.ts";
import { RevisionWatch } from "../../guests/revision-watch.ts";
import { JOIN_PATH, joinRoutes } from "../../guests/routes.ts";
import { JoinTokenUsage } from "../../guests/usage.ts";
import type { EdgeSessions } from "../../http/edge-sessions.ts";
import type { AnyAction } from "../../kernel/action.ts";
import type { Config } from "../../kernel/config.ts";
import { BootRefusedError } from "../../kernel/gate.ts";
import type { JoinTokens } from "../../kernel/ports/join-tokens.ts";
import type { LegacyTokens } from "../../kernel/ports/legacy-tokens.ts";
import type { WriteTransaction } from "../../kernel/ports/store.ts";
import { subscribeLastingly } from "../../store/lasting-subscription.ts";
import { createGuestTraces } from "../../store/sql/guests/guest-traces.ts";
import { createJoinTokens } from "../../store/sql/guests/join-tokens.ts";
import { createLegacyTokens, LegacyNameError } from "../../store/sql/guests/legacy-tokens.ts";
import { createResumableUploads } from "../../store/sql/media/resumable-uploads.ts";
import type { Ports } from "../application.ts";
import type { GuestServices } from "./guest-services.ts";

/** Guests with all that is mounted. */
export interface MountedGuests {
  readonly services: GuestServices;
  readonly actions: readonly AnyAction[];
  /** Looks for spikes and for tokens that end too soon. */
  readonly alerts: (signal: AbortSignal) => Promise<void>;
  /** Removes what has ended for long. */
  readonly prune: (transaction: WriteTransaction, limit: number) => Promise<number>;
  /** Tells when join tokens have been revoked, on whichever server: guests may be in no more. */
  onRevoked(receive: () => void): Disposable;
}

/** What guests are opened with. */
export interface GuestsOptions {
  readonly services: Ports;
  readonly report: (error: unknown) => void;
}

const TOPIC = "gatehouse.join-tokens";

/** Opens join tokens. What is opened joins `stack` and closes with it. */
export async function openGuests(options: GuestsOptions, stack: AsyncDisposableStack): Promise<MountedGuests> {
  const { services, report } = options;
  const { config, clock, store, documents, edge, keyRing } = services;
  const settings = config.guests;
  const tokens = createJoinTokens();
  const { lifetime, longest, share, ...caps } = settings.tokens;
  const grants = new GuestGrants({ tokens, store, clock, share });
  const receivers = new Set<() => void>();
  const heard = (): void => {
    grants.forget();
    for (const receive of receivers) receive();
  };
  await watchRevocations({ ...options, tokens, grants, heard }, stack);
  const changed = (): void => {
    grants.forget();
    void services.bus.publish(TOPIC, "changed").catch(report);
  };
  const usage = stack.use(new JoinTokenUsage({ tokens, store, clock, report }));
  const defaults = { lifetime, longest, caps };
  const book = new JoinTokenBook({ ...services, tokens, defaults, changed });
  const importer = { ...services, tokens, defaults };
  const legacy = openLegacy(services, importer);
  const door = new GuestDoor({ edge, book, usage, store, keyRing, legacy });
  const { limits } = settings;
  const originOf = (tenant: string): string =>
    settings.origin === undefined ? services.origin() : settings.origin.replace("{tenant}", tenant);
  const sessions = (): EdgeSessions => edge.sessions;
  const exchange = createExchange({ ...services, book, tokens, usage, sessions, limits, legacy });
  const printer = (): Promise<CardPrinter | undefined> => loadPrinter(settings.cards.font);
  const operations = createJoinTokenOperations({
    ...{ book, tokens, clock, originOf, operatorsOnly },
    entrances: OPERATOR_ENTRANCES,
    printer,
  });
  const { weakLifetime } = settings.legacy;
  const takeover = createLegacyOperations({ importer, openTable: createLegacyTokens, weakLifetime, operatorsOnly });
  const { keep, spikeFloor } = settings.usage;
  return {
    services: {
      ...{ book, tokens, grants, usage, door, printer, limits: guestLimits(limits) },
      traces: createGuestTraces({ uploads: createResumableUploads() }),
      addressOf: (tenant, text) => originOf(tenant) + JOIN_PATH + text,
      routes: (routeOptions) => joinRoutes(edge, door, routeOptions),
    },
    actions: [exchange, ...operations, ...takeover],
    onRevoked(receive) {
      receivers.add(receive);
      return { [Symbol.dispose]: () => void receivers.delete(receive) };
    },
    alerts: createJoinTokenAlerts({ ...services, tokens, documents, spikeFloor }),
    prune: async (writing, limit) => {
      const before = (await writing.now()) - keep;
      return tokens.prune(writing, { ended: before, counted: before }, limit);
    },
  };
}

interface Watching extends GuestsOptions {
  readonly tokens: JoinTokens;
  readonly grants: GuestGrants;
  /** Told once something is known to have been revoked. */
  readonly heard: () => void;
}

/** Other servers hear of a revocation over the bus at once; where the message is lost, they see it within half a second. */
async function watchRevocations(
  { services, report, tokens, grants, heard }: Watching,
  stack: AsyncDisposableStack,
): Promise<void> {
  const { bus, store } = services;
  stack.use(await subscribeLastingly(bus, TOPIC, { heard, report }));
  // An embedded store has one process, which knows what it does.
  if (store.dialect === "sqlite") return;
  const changed = (certainty: "certain" | "possible"): void => (certainty === "certain" ? heard() : grants.forget());
  stack.use(new RevisionWatch({ tokens, store, report, changed }));
}

function openLegacy(
  { config, clock }: GuestsOptions["services"],
  importer: LegacyImportParts,
): LegacyLookUp | undefined {
  const { until, weakLifetime } = config.guests.legacy;
  if (until === undefined) return undefined;
  const table = legacyTable(config);
  return {
    isOpen: () => clock.now() < until,
    async find(reading, tenant, text) {
      const row = await table?.findByText(reading, text);
      const token = row === undefined ? undefined : tokenOf(row, tenant);
      return token?.tenant === tenant ? token : undefined;
    },
    adopt: (writing, token) =>
      adoptToken(importer, writing, { token, policy: { scopes: ["view", "upload"], weakLifetime } }),
  };
}

function legacyTable({ guests }: Config): LegacyTokens | undefined {
  const { table, column, idColumn, collectionColumn, tenantColumn, expiresColumn } = guests.legacy;
  if (table === undefined) return undefined;
  const columns = { id: idColumn, collection: collectionColumn, tenant: tenantColumn, expires: expiresColumn };
  try {
    return createLegacyTokens({ table, column, ...columns });
  } catch (error) {
    if (error instanceof LegacyNameError) throw new BootRefusedError([`guests.legacy: ${error.message}`]);
    throw error;
  }
}

async function loadPrinter(font: string | undefined): Promise<CardPrinter | undefined> {
  try {
    const { createPdfCards } = await import("../../guests/adapters/pdf-cards.ts");
    return createPdfCards({ font });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}
