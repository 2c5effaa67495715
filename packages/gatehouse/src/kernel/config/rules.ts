import { identityRules } from "./identity-rules.ts";
import { mediaRules } from "./media-rules.ts";
import { coversInternet, isLoopback } from "./reach.ts";
import type { Rule } from "./rule.ts";
import type { Config } from "./types.ts";

const DAY = 86_400_000;
const LONGEST_PLAINTEXT_DAYS = 90;

const consistency: readonly Rule[] = [
  {
    paths: ["server.host", "profile"],
    profile: "development",
    refuses: "The development profile must not be reachable from other machines.",
    fix: "Listen on 127.0.0.1, or use the production profile.",
    broken: ({ server }) => !isLoopback(server.host),
  },
  {
    paths: ["server.tls.certificate", "server.tls.key"],
    refuses: "A certificate and its key belong together.",
    fix: "Set both server.tls.certificate and server.tls.key, or neither.",
    broken: ({ server: { tls } }) => (tls.certificate === undefined) !== (tls.key === undefined),
  },
  {
    paths: ["server.tls.development", "server.tls.certificate"],
    refuses: "A certificate made on the spot cannot replace a given one.",
    fix: "Remove server.tls.development.",
    broken: ({ server: { tls } }) => tls.development && tls.certificate !== undefined,
  },
  {
    paths: ["store.postgresUrl", "store.engine"],
    refuses: "The PostgreSQL store needs an address.",
    fix: "Set store.postgresUrl.",
    broken: ({ store }) => store.engine === "postgres" && store.postgresUrl === undefined,
  },
  {
    paths: ["store.postgresMigratorUrl", "store.postgresUrl"],
    refuses: "A server that runs as the owner of the schema may change it.",
    fix: "Name another role in store.postgresUrl, or remove store.postgresMigratorUrl.",
    broken: ({ store }) => {
      const migrator = userOf(store.postgresMigratorUrl);
      return migrator !== undefined && migrator === userOf(store.postgresUrl);
    },
  },
  {
    paths: ["counters.valkeyUrl", "counters.engine"],
    refuses: "Counters in Valkey need an address.",
    fix: "Set counters.valkeyUrl.",
    broken: ({ counters }) => counters.engine === "valkey" && counters.valkeyUrl === undefined,
  },
  {
    paths: ["session.idle", "session.absolute"],
    refuses: "A session cannot rest longer than it may last.",
    fix: "Make session.idle at most session.absolute.",
    broken: ({ session }) => session.idle > session.absolute,
  },
  {
    paths: ["realtime.connection.queueSoft", "realtime.connection.queueHard"],
    refuses: "A slow reader must lose what may be lost before it loses its connection.",
    fix: "Make realtime.connection.queueSoft less than realtime.connection.queueHard.",
    broken: ({ realtime: { connection } }) => connection.queueSoft >= connection.queueHard,
  },
  {
    paths: ["realtime.connection.pong", "realtime.connection.ping"],
    refuses: "A sign of life must be answered before the next one.",
    fix: "Make realtime.connection.pong less than realtime.connection.ping.",
    broken: ({ realtime: { connection } }) => connection.pong >= connection.ping,
  },
  {
    paths: ["realtime.connection.queueHard", "realtime.connection.largestFrame"],
    refuses: "The queue of a connection must hold what one client may tell the others.",
    fix: "Make realtime.connection.queueHard at least four times realtime.connection.largestFrame.",
    broken: ({ realtime: { connection } }) => connection.queueHard < connection.largestFrame * 4,
  },
  {
    paths: ["penalties.hard.threshold", "penalties.soft.threshold"],
    refuses: "The hard ban must need more violations than the soft one.",
    fix: "Raise penalties.hard.threshold above penalties.soft.threshold.",
    broken: ({ penalties }) => penalties.hard.threshold <= penalties.soft.threshold,
  },
  {
    paths: ["cors.origins", "cors.credentials"],
    refuses: "Every site could act with a visitor's cookies; browsers refuse this combination too.",
    fix: "List the origins instead of *, or set cors.credentials to false.",
    broken: ({ cors }) => cors.credentials && cors.origins.includes("*"),
  },
  {
    paths: ["hsts.preload", "hsts.maxAge", "hsts.includeSubDomains"],
    refuses: "The preload lists take only hosts that insist on HTTPS for a year, with their subdomains.",
    fix: "Set hsts.preload to false, or hsts.maxAge to at least 365d with hsts.includeSubDomains.",
    broken: ({ hsts }) => hsts.preload && hsts.maxAge > 0 && (hsts.maxAge < 365 * DAY || !hsts.includeSubDomains),
  },
  {
    paths: ["guests.tokens.lifetime", "guests.tokens.longest"],
    refuses: "A join token cannot last longer than the longest may.",
    fix: "Make guests.tokens.lifetime at most guests.tokens.longest.",
    broken: ({ guests }) => guests.tokens.lifetime > guests.tokens.longest,
  },
  {
    paths: ["keys.environment", "keys.file"],
    refuses: "Keys come from one place.",
    fix: "Set keys.file or keys.environment, not both.",
    broken: ({ keys }) => keys.environment !== undefined && keys.file !== undefined,
  },
];

const storage: readonly Rule[] = [
  {
    paths: ["media.storage.archive.directory", "media.storage.archive.target"],
    refuses: "An archive in a folder needs one.",
    fix: "Set media.storage.archive.directory, to a folder on another disk.",
    broken: ({ media: { storage: own } }) => own.archive.target === "local" && own.archive.directory === undefined,
  },
  {
    paths: ["media.storage.archive.bucket", "media.storage.archive.target"],
    refuses: "An archive in a bucket needs one.",
    fix: "Set media.storage.archive.bucket.",
    broken: ({ media: { storage: own } }) => own.archive.target === "s3" && own.archive.bucket === undefined,
  },
  {
    paths: ["media.storage.archive.accessKeyId", "media.storage.archive.secretAccessKey"],
    refuses: "An access key and its secret belong together.",
    fix: "Set both, or neither for what the AWS SDK finds by itself.",
    broken: ({ media: { storage: own } }) =>
      (own.archive.accessKeyId === undefined) !== (own.archive.secretAccessKey === undefined),
  },
  {
    paths: ["media.storage.archive.endpoint"],
    profile: "production",
    refuses: "Whoever is on the way could read and change what is archived.",
    fix: "Use an https:// endpoint, or one on this machine.",
    broken: ({ media: { storage: own } }) => {
      const { endpoint = "" } = own.archive;
      return isPlain(endpoint) && !isLoopback(new URL(endpoint).hostname);
    },
  },
];

const production: readonly Rule[] = [
  {
    paths: ["server.publicUrl"],
    profile: "production",
    refuses: "Without HTTPS, everybody on the way can read and take over sessions.",
    fix: "Set server.publicUrl to the https:// address that browsers use.",
    broken: ({ server }) => !(server.publicUrl ?? "").startsWith("https://"),
  },
  {
    paths: ["server.host", "server.trustedProxies", "server.tls.certificate"],
    profile: "production",
    refuses: "Plain HTTP must not be offered to other machines.",
    fix: "Set server.tls.certificate and server.tls.key, or name the proxy that encrypts in server.trustedProxies.",
    broken: ({ server }) =>
      !isLoopback(server.host) && server.tls.certificate === undefined && server.trustedProxies.length === 0,
  },
  {
    paths: ["server.trustedProxies", "server.tls.certificate", "server.publicUrl"],
    profile: "production",
    refuses: "If nobody says who encrypts, every visitor seems to come from the proxy, and one ban is a ban for all.",
    fix: "Name the proxy in server.trustedProxies (127.0.0.1/32 for one on this machine), or set server.tls.",
    broken: ({ server }) => isLoopback(server.host) && lacksProxy(server),
  },
  {
    paths: ["server.tls.development"],
    profile: "production",
    refuses: "A certificate made on the spot protects nobody.",
    fix: "Set server.tls.certificate and server.tls.key, or serve through a proxy that encrypts.",
    broken: ({ server }) => server.tls.development,
  },
  {
    paths: ["server.trustedProxies"],
    profile: "production",
    refuses: "If every address is a trusted proxy, callers choose their own address.",
    fix: "List the addresses of the proxies alone.",
    broken: ({ server }) => coversInternet(server.trustedProxies),
  },
  {
    paths: ["limits.trustedCidrs"],
    profile: "production",
    refuses: "If every address is trusted, nobody is limited.",
    fix: "List the trusted ranges alone.",
    broken: ({ limits }) => coversInternet(limits.trustedCidrs),
  },
  {
    paths: ["csrf.trustedOrigins"],
    profile: "production",
    refuses: "Whoever is on the way can write the pages of an http:// origin.",
    fix: "Trust https:// origins alone.",
    broken: ({ csrf }) => csrf.trustedOrigins.some(isPlain),
  },
  {
    paths: ["cors.origins", "cors.credentials"],
    profile: "production",
    refuses: "Whoever is on the way can write the scripts of an http:// origin.",
    fix: "List https:// origins alone, or set cors.credentials to false.",
    broken: ({ cors }) => cors.credentials && cors.origins.some(isPlain),
  },
  {
    paths: ["counters.onFailure"],
    profile: "production",
    refuses: "An outage of the counters would lift every limit.",
    fix: "Set counters.onFailure to local or deny.",
    broken: ({ counters }) => counters.onFailure === "allow",
  },
  {
    paths: ["live.inspector"],
    profile: "production",
    refuses: "The inspector tells every visitor how long each guard takes, and what is guessed from that.",
    fix: "Remove live.inspector, or use the development profile.",
    broken: ({ live }) => live.inspector,
  },
  {
    paths: ["store.postgresUrl", "store.postgresMigratorUrl", "store.postgresReplicaUrl", "store.postgresAdminUrl"],
    profile: "production",
    refuses: "The connection to PostgreSQL must be encrypted and its server verified.",
    fix: "Use sslmode=verify-full in each of these, with store.postgresCa where the authority is your own.",
    broken: ({ store }) =>
      [store.postgresUrl, store.postgresMigratorUrl, store.postgresReplicaUrl, store.postgresAdminUrl].some(
        (address) => address !== undefined && isUnverified(address),
      ),
  },
  {
    paths: ["seal.plaintextUntil"],
    profile: "production",
    refuses: `Accepting unsealed data for more than ${LONGEST_PLAINTEXT_DAYS} days bypasses sealing.`,
    fix: `Choose a date within ${LONGEST_PLAINTEXT_DAYS} days, or remove seal.plaintextUntil.`,
    broken: ({ seal }, now) =>
      seal.plaintextUntil !== undefined && seal.plaintextUntil > now + LONGEST_PLAINTEXT_DAYS * DAY,
  },
];

/** Every refused combination. */
export const rules: readonly Rule[] = [...consistency, ...storage, ...production, ...mediaRules, ...identityRules];

/** Whether browsers are to come over HTTPS, and neither this server nor a known proxy speaks it. */
function lacksProxy({ publicUrl = "", tls, trustedProxies }: Config["server"]): boolean {
  const encrypts = tls.certificate !== undefined || tls.development;
  return publicUrl.startsWith("https://") && !encrypts && trustedProxies.length === 0;
}

function isPlain(origin: string): boolean {
  return origin.startsWith("http://");
}

function userOf(postgresUrl = ""): string | undefined {
  const parsed = URL.parse(postgresUrl);
  return parsed === null ? undefined : parsed.username || (parsed.searchParams.get("user") ?? undefined);
}

const UNVERIFIED_MODES = new Set(["disable", "allow", "prefer", "no-verify", "require"]);

function isUnverified(postgresUrl: string): boolean {
  const parsed = URL.parse(postgresUrl);
  if (parsed === null || isLoopback(parsed.hostname) || parsed.hostname === "") return false;
  return UNVERIFIED_MODES.has(parsed.searchParams.get("sslmode") ?? "");
}
