import { guestOptions } from "./guest-options.ts";
import { guardSettings } from "./guard-settings.ts";
import { identityOptions } from "./identity-options.ts";
import { choice, cidr, duration, either, flag, instant, integer, list, origin, size, text, url } from "./kind.ts";
import { mediaOptions } from "./media-options.ts";
import { mediaStorageOptions } from "./media-storage-options.ts";
import { option } from "./option.ts";
import { liveOptions } from "./live-options.ts";
import { realtimeOptions } from "./realtime-options.ts";
import { storeOptions } from "./store-options.ts";
import { workOptions } from "./work-options.ts";

const ANY_NUMBER = Number.MAX_SAFE_INTEGER;

/**
 * Every option there is, by path. The configuration's types, its defaults, environment variables, flags,
 * help and reference page all come from this table. Order matters where a default depends on another option.
 */
export const table = {
  profile: option(choice("development", "production"), {
    doc: "What the server is for: `development` listens on this machine alone and shows helpers; `production` refuses unsafe settings.",
    default: "production",
    flag: "profile",
  }),
  configFile: option(text("a path"), {
    doc: "The configuration file. Without it, `gatehouse.config.ts` in the working directory is used when there is one.",
    flag: "config",
  }),
  dataDirectory: option(text("a path"), {
    doc: "Where the embedded store and the key file live. One server process at a time uses it.",
    default: "./data",
    flag: "data",
  }),
  "server.host": option(text("a host name or address"), {
    doc: "The address to listen on. The default is reachable from this machine alone, as behind a proxy on it.",
    default: "127.0.0.1",
    flag: "host",
  }),
  "server.port": option(integer(0, 65_535), {
    doc: "The port to listen on; 0 takes a free one.",
    default: 8080,
    flag: "port",
  }),
  "server.publicUrl": option(origin(), {
    doc: "The origin under which browsers reach the server. Links, cookies and origin checks go by it.",
    flag: "public-url",
  }),
  "server.tls.certificate": option(text("a path"), {
    doc: "PEM file with the certificate chain, to serve HTTPS directly.",
  }),
  "server.tls.key": option(text("a path"), { doc: "PEM file with the certificate's private key." }),
  "server.tls.development": option(flag(), {
    doc: "Serves HTTPS with a certificate made on the spot, which browsers warn about.",
    default: false,
    flag: "tls",
  }),
  "server.trustedProxies": option(list(cidr()), {
    doc: "Proxies whose forwarding header is believed. The client's address is read from right to left through them.",
    default: [],
  }),
  "server.forwardedHeader": option(choice("x-forwarded-for", "forwarded"), {
    doc: "The header in which trusted proxies tell the client's address: the customary one, or the one of RFC 7239.",
    default: "x-forwarded-for",
  }),
  "server.bodyLimit": option(size(), {
    doc: "The largest request body; larger ones are answered with 413.",
    default: "1MiB",
  }),
  "server.requestTimeout": option(duration("1s"), {
    doc: "How long a request may take to arrive completely.",
    default: "30s",
  }),
  "server.shutdownGrace": option(duration("1ms"), {
    doc: "How long running requests may go on once the server was asked to stop.",
    default: "15s",
  }),
  ...storeOptions,
  "counters.engine": option(choice("memory", "valkey", "sql"), {
    doc: "Where limits are counted: in this process, in Valkey or Redis, or in the store. Several processes need a shared one.",
    default: "memory",
  }),
  "counters.valkeyUrl": option(url("redis", "rediss", "valkey", "valkeys"), {
    doc: "Connection URL of the Valkey or Redis server.",
    secret: true,
  }),
  "counters.timeBox": option(duration("1ms"), {
    doc: "How long a decision may wait for the shared counters.",
    default: "50ms",
  }),
  "counters.onFailure": option(choice("local", "deny", "allow"), {
    doc: "What happens while the shared counters do not answer: count strictly in this process, deny, or allow everything.",
    default: "local",
  }),
  "session.preset": option(choice("app", "idp"), {
    doc: "Defaults for sessions: of an application, or of an identity provider that other sites send people to.",
    default: "app",
  }),
  "session.idle": option(duration("1m"), {
    doc: "A session ends after this long without a request.",
    default: { by: "session.preset", values: { app: "1h", idp: "2h" } },
  }),
  "session.absolute": option(duration("1m"), {
    doc: "A session ends this long after it began, used or not.",
    default: { by: "session.preset", values: { app: "12h", idp: "24h" } },
  }),
  "session.sameSite": option(choice("strict", "lax"), {
    doc: "Whether the session cookie accompanies links from other sites (`lax`) or not (`strict`).",
    default: { by: "session.preset", values: { app: "strict", idp: "lax" } },
  }),
  ...liveOptions,
  "uploads.files": option(integer(1, ANY_NUMBER), {
    doc: "How many uploaded files of one session may wait for an action to take them; they wait for an hour.",
    default: 20,
  }),
  "uploads.bytes": option(size(), {
    doc: "How large the waiting files of one session may be together.",
    default: "256MiB",
  }),
  "uploads.total": option(size(), {
    doc: "How large the waiting files of all sessions may be together.",
    default: "4GiB",
  }),
  "media.uploads.largestFile": option(size(), {
    doc: "The largest photo or video that may be uploaded to a collection.",
    default: "2GiB",
  }),
  "media.uploads.largestRequest": option(integer(0, ANY_NUMBER), {
    doc: "The most bytes that one request of an upload may bring, for proxies that accept no larger ones; 0: no bound. Clients are told of it.",
    default: 0,
  }),
  "media.uploads.lifetime": option(duration("1m"), {
    doc: "How long an upload may take from its beginning, all interruptions included. What has not arrived by then is deleted.",
    default: "24h",
  }),
  "media.uploads.minimumRate": option(integer(1, ANY_NUMBER), {
    doc: "Bytes a second below which a request that brings content is ended, by the mean of 20 seconds. Clients go on with the next request.",
    default: 1024,
  }),
  "media.uploads.openPerOwner": option(integer(1, ANY_NUMBER), {
    doc: "How many uploads one guest or user may have begun and not finished.",
    default: 100,
  }),
  "media.uploads.openPerGrant": option(integer(1, ANY_NUMBER), {
    doc: "How many uploads may be begun and not finished under one grant, such as a join token.",
    default: 10_000,
  }),
  "media.uploads.openPerAddress": option(integer(1, ANY_NUMBER), {
    doc: "How many uploads may be begun and not finished from one address. All guests of a venue may share one.",
    default: 5_000,
  }),
  "media.uploads.atOnce": option(integer(1, ANY_NUMBER), {
    doc: "How many requests may bring content at once to one server; each takes up to 2 MiB of memory. When all are taken, the tenant, grant and guest who has most gives one to whoever has less.",
    default: 512,
  }),
  "media.addresses.origin": option(origin(), {
    doc: "The origin that serves photos and videos, best a host of its own that serves nothing else. Default: the server's.",
  }),
  "media.addresses.cache": option(choice("private", "public"), {
    doc: "Who may keep photos and videos until their address ends: browsers alone, or shared caches too.",
    default: "private",
  }),
  "media.addresses.window": option(duration("10s"), {
    doc: "How long addresses of photos and videos are the same for all who see them; they are valid for one to two of it.",
    default: "15m",
  }),
  "media.addresses.originalWindow": option(duration("10s"), {
    doc: "The same for originals, which are downloaded.",
    default: "5m",
  }),
  "media.addresses.shortWindow": option(duration("1s"), {
    doc: "The same for all of them while addresses are shortened, during an incident. Longer ones end at once.",
    default: "1m",
  }),
  "media.addresses.retired": option(list(text("a path such as /storage")), {
    doc: "Paths that files were served from before they had signed addresses. Whatever lies below is answered with 410.",
    default: [],
  }),
  "limits.limit": option(integer(1, ANY_NUMBER), {
    doc: "How often a caller may attempt one action per window, where the action declares no limit of its own.",
    default: 60,
  }),
  "limits.window": option(duration("1s"), { doc: "The window of that limit.", default: "1m" }),
  "limits.perIp.limit": option(integer(1, ANY_NUMBER), {
    doc: "How many attempts of all kinds one address may make per window, before anything else is looked at.",
    default: 300,
  }),
  "limits.perIp.window": option(duration("1s"), { doc: "The window of the limit per address.", default: "1m" }),
  "limits.trustedCidrs": option(list(cidr()), {
    doc: "Callers from these ranges are not limited and not banned.",
    default: [],
  }),
  "penalties.window": option(duration("1s"), {
    doc: "How long a violation counts towards a ban.",
    default: "24h",
  }),
  "penalties.soft.threshold": option(integer(1, 1_000_000), {
    doc: "Violations after which a source is banned from the entrance it used.",
    default: 3,
  }),
  "penalties.soft.duration": option(duration("1s"), { doc: "How long that ban lasts.", default: "60m" }),
  "penalties.hard.threshold": option(integer(1, 1_000_000), {
    doc: "Violations after which a source is banned altogether.",
    default: 10,
  }),
  "penalties.hard.duration": option(duration("1s"), { doc: "How long that ban lasts.", default: "24h" }),
  "csrf.trustedOrigins": option(list(origin()), {
    doc: "Other origins whose pages may act with a visitor's cookies.",
    default: [],
  }),
  "cors.origins": option(list(either("*", origin())), {
    doc: "Origins whose scripts may read answers; `*` for all.",
    default: [],
  }),
  "cors.credentials": option(flag(), {
    doc: "Whether those scripts may send cookies along.",
    default: false,
  }),
  "csp.reportOnly": option(flag(), {
    doc: "Reports violations of the content security policy without blocking anything, for trying a policy out.",
    default: false,
  }),
  "csp.reportUri": option(text("a path or URL"), {
    doc: "Where browsers send reports of violations.",
    default: "/csp/report",
  }),
  "hsts.maxAge": option(duration("0ms"), {
    doc: "How long browsers insist on HTTPS for this host; `0s` withdraws it.",
    default: "365d",
  }),
  "hsts.includeSubDomains": option(flag(), { doc: "Whether that holds for all subdomains.", default: true }),
  "hsts.preload": option(flag(), { doc: "Consents to the lists that browsers ship with.", default: true }),
  "keys.file": option(text("a path"), {
    doc: "The key file. It is made on the first start, readable by its owner alone. Default: `keys.json` in the data directory.",
  }),
  "keys.environment": option(text("the name of a variable"), {
    doc: "The environment variable that holds the text of a key file, instead of a file.",
  }),
  "keys.rotateAfter": option(duration("1d"), {
    doc: "How long a key version is used before the console, `keys list` and an event a day remind of rotating.",
    default: "90d",
  }),
  guards: option(guardSettings(), {
    doc: "Modes of guards: `enforce`, `shadow` (only report what would be denied) or `off` with a reason for the audit trail.",
    default: {},
  }),
  "log.format": option(choice("json", "readable"), {
    doc: "One JSON object a line, or text for people.",
    default: { by: "profile", values: { development: "readable", production: "json" } },
  }),
  "log.level": option(choice("debug", "info", "warn", "error"), {
    doc: "The least important messages that are written.",
    default: "info",
    flag: "log-level",
  }),
  "audit.retentionDays": option(integer(1, 36_500), {
    doc: "Days after which entries of the audit trail are deleted.",
    default: 365,
  }),
  "seal.plaintextUntil": option(instant(), {
    doc: "Until when stored data that is not sealed yet is accepted, for a migration. Every acceptance is recorded.",
  }),
  "console.enabled": option(flag(), { doc: "Serves the operator console under `/console`.", default: true }),
  "monitors.enabled": option(flag(), {
    doc: "Runs the application's monitors again and again. Operators can run them at any time.",
    default: { by: "profile", values: { development: false, production: true } },
  }),
  "metrics.token": option(text("a token"), {
    doc: "The bearer token with which `/metrics` can be read, as by Prometheus. Without it there is no such page.",
    secret: true,
  }),
  ...mediaOptions,
  ...mediaStorageOptions,
  ...identityOptions,
  ...guestOptions,
  ...realtimeOptions,
  ...workOptions,
} as const;
