import type { Hono } from "hono";
import type { LinkTargets } from "../console/link-operations.ts";
import type { Authenticators } from "../guards/authenticate.ts";
import type { SignatureVerifier } from "../guards/signature.ts";
import type { TrustedProxies } from "../guards/address.ts";
import type { Edge } from "../http/edge.ts";
import type { TenantResolver } from "../http/inbound.ts";
import type { ProblemPages } from "../http/problem-page.ts";
import type { OneTimeLinks } from "../http/one-time-links.ts";
import type { AnyAction } from "../kernel/action.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Config } from "../kernel/config.ts";
import type { EventStream } from "../kernel/event-stream.ts";
import type { Gate } from "../kernel/gate.ts";
import type { Ids } from "../kernel/ids.ts";
import type { KeyRing } from "../kernel/key-ring.ts";
import type { ThemeOptions } from "../identity/screens/theme.ts";
import type { AuditTrail } from "../kernel/ports/audit.ts";
import type { Bans } from "../kernel/ports/bans.ts";
import type { Bus } from "../kernel/ports/bus.ts";
import type { Counters } from "../kernel/ports/counters.ts";
import type { Documents } from "../kernel/ports/documents.ts";
import type { EmergencySwitches } from "../kernel/ports/emergency.ts";
import type { Jobs } from "../kernel/ports/jobs.ts";
import type { Leases } from "../kernel/ports/leases.ts";
import type { MediaGrants } from "../kernel/ports/media-grants.ts";
import type { MediaIntake } from "../kernel/ports/media-intake.ts";
import type { GuardedTables, Migration, ReadTransaction, Store } from "../kernel/ports/store.ts";
import type { UploadPorts } from "../kernel/ports/uploads.ts";
import type { Random } from "../kernel/random.ts";
import type { Sealer } from "../kernel/seal.ts";
import type { AnyLiveComponent } from "../live/component.ts";
import type { Live, RefusedFrame } from "../live/live.ts";
import type { Monitor } from "../monitor/monitor.ts";
import type { BackChannel } from "./back-channel.ts";
import type { GuestServices } from "./guests/guest-services.ts";
import type { IdentityServices } from "./identity/identity-services.ts";
import type { MediaServices } from "./media/media-services.ts";
import type { ApplicationRealtime } from "./realtime/application-realtime.ts";
import type { RealtimeServices } from "./realtime/realtime-services.ts";
import type { ApplicationWork } from "./work/application-work.ts";
import type { WorkServices } from "./work/work-services.ts";

/** What an application is given to build itself from: every port, opened and wired. */
export interface Services {
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  readonly ids: Ids;
  readonly events: EventStream;
  readonly keyRing: KeyRing;
  readonly sealer: Sealer;
  readonly store: Store;
  readonly documents: Documents;
  /** Uploaded files: `uploads.sink.open(id)` reads what an action has taken. */
  readonly uploads: UploadPorts;
  readonly trail: AuditTrail;
  readonly leases: Leases;
  /** Work to be done later, once; `startJobWorkers` does it. */
  readonly jobs: Jobs;
  readonly counters: Counters;
  readonly bus: Bus;
  readonly bans: Bans;
  readonly emergency: EmergencySwitches;
  readonly proxies: TrustedProxies;
  readonly oneTimeLinks: OneTimeLinks;
  readonly edge: Edge;
  readonly gate: () => Gate;
  /** Where browsers reach the server: the public address, or where it listens, once it does. */
  readonly origin: () => string;
  /** Asks the server itself, as a relying party in its process asks its issuer. */
  readonly backChannel: BackChannel;
  /** Accounts and issuers; `undefined` where `identity.enabled` is false. */
  readonly identity: IdentityServices | undefined;
  /** Join tokens, and the guests who come in by them. */
  readonly guests: GuestServices;
  /** Files that people bring: their record, and where they are. */
  readonly media: MediaServices;
  /** Actors, once the application has said which there are. */
  readonly realtime: RealtimeServices;
  /** Work orders, once the application has said which types there are; to be asked for no sooner. */
  readonly work: () => WorkServices;
}

/** The ports themselves, which modules are opened with. */
export type Ports = Omit<Services, "identity" | "guests" | "media" | "realtime" | "work">;

/** What an application says about files that people bring. */
export interface ApplicationMedia {
  /** Who may do what in the application's collections; asked besides the join tokens. */
  readonly grants: MediaGrants;
  /** What takes over files that have arrived, instead of the pipeline. */
  readonly intake?: MediaIntake;
  /** Whether files of a collection wait for somebody's word before others see them. Default: none do. */
  readonly moderates?: (
    transaction: ReadTransaction,
    collection: { readonly tenant: string; readonly collection: string },
  ) => Promise<boolean>;
  /** Whether monitors try a collection out. Malware is expected there: it is blocked as anywhere, and alarms nobody. */
  readonly rehearses?: (collection: { readonly tenant: string; readonly collection: string }) => boolean;
}

/** What an application adds. */
export interface ApplicationParts {
  readonly actions?: readonly AnyAction[];
  readonly components?: readonly AnyLiveComponent[];
  /** Verifiers of signed messages by action name. */
  readonly signatures?: Readonly<Record<string, SignatureVerifier>>;
  /** Who presents a bearer token or a client's credentials. Without them such requests are refused. */
  readonly authenticators?: Omit<Authenticators, "session">;
  /** Frames the page that shows a refused form of its components to browsers without scripts. */
  readonly frame?: RefusedFrame;
  /** Its routes; called once the live components are wired. */
  readonly routes?: (live: Live) => Hono | Promise<Hono>;
  /** What is tried from outside again and again to see that it works. */
  readonly monitors?: readonly Monitor[];
  /** Actors, and who may connect to them. */
  readonly realtime?: ApplicationRealtime;
  /** Has photos and videos uploaded to collections, looked at and published. */
  readonly media?: ApplicationMedia;
  /** Types of work orders that agents may propose and work on, and who reviews them. */
  readonly work?: ApplicationWork;
  /** Fills an empty development store with something to look at. */
  readonly seed?: () => Promise<void>;
}

/** An application served by Gatehouse. */
export interface Application {
  readonly migrations?: readonly Migration[];
  /** Its tables on which roles of PostgreSQL are to have less than their usual rights. */
  readonly guardedTables?: GuardedTables;
  /** One-time links it answers to, by purpose; `console` is taken. */
  readonly linkTargets?: LinkTargets;
  /** Whose request it is, by its host or path. Sessions and principals of one tenant mean nothing to another. Default: one tenant. */
  readonly tenant?: TenantResolver;
  /**
   * The origin of a tenant's issuer, at which the server answers for it. Default: `identity.origin`, and without it the
   * server's own for all tenants.
   */
  readonly issuer?: (tenant: string) => string;
  /** The look of a tenant's pages for signing in. Default: `identity.theme`, for all tenants. */
  readonly theme?: (tenant: string) => ThemeOptions;
  /** Makes the pages of refusals, in the look and the languages of the application. Default: plain ones, in English. */
  readonly problems?: ProblemPages;
  readonly open?: (services: Services) => ApplicationParts;
}

/** Types an application: `export const application = defineApplication({ ... })`. */
export function defineApplication(application: Application): Application {
  return application;
}
