import { issuerOrigin } from "./identity-settings.ts";
import { duration, instant, integer, size, text } from "./kind.ts";
import { option } from "./option.ts";

const ANY_NUMBER = Number.MAX_SAFE_INTEGER;

/** Options of guests and join tokens. */
export const guestOptions = {
  "guests.origin": option(issuerOrigin(), {
    doc: "Where the links of join tokens lead. With `{tenant}` in it, those of each tenant have one. Default: `server.publicUrl`, or where the server listens.",
  }),
  "guests.tokens.lifetime": option(duration("1m"), {
    doc: "How long a join token lasts where nobody says otherwise.",
    default: "7d",
  }),
  "guests.tokens.longest": option(duration("1h"), { doc: "How long a join token may last at most.", default: "366d" }),
  "guests.tokens.guests": option(integer(1, ANY_NUMBER), {
    doc: "How many guests come in by one join token where nobody says otherwise.",
    default: 500,
  }),
  "guests.tokens.files": option(integer(1, ANY_NUMBER), {
    doc: "How many files the guests of one join token may bring, where nobody says otherwise.",
    default: 10_000,
  }),
  "guests.tokens.bytes": option(size(), {
    doc: "How large these files may be together, where nobody says otherwise.",
    default: "50GiB",
  }),
  "guests.tokens.share": option(integer(1, 100), {
    doc: "How much of that one guest may bring, in percent; at least what an even division among all would give.",
    default: 10,
  }),
  "guests.limits.failures.limit": option(integer(1, ANY_NUMBER), {
    doc: "How many look-ups of join tokens that are not there one address may make per window.",
    default: 10,
  }),
  "guests.limits.failures.window": option(duration("1s"), { doc: "The window of that limit.", default: "10m" }),
  "guests.limits.session.limit": option(integer(1, ANY_NUMBER), {
    doc: "How often one guest may do something per window.",
    default: 300,
  }),
  "guests.limits.session.window": option(duration("1s"), { doc: "The window of that limit.", default: "1m" }),
  "guests.limits.token.limit": option(integer(1, ANY_NUMBER), {
    doc: "How often all guests of one join token may do something per window.",
    default: 12_000,
  }),
  "guests.limits.token.window": option(duration("1s"), { doc: "The window of that limit.", default: "1m" }),
  "guests.limits.pair.limit": option(integer(1, ANY_NUMBER), {
    doc: "How often all guests of one join token at one address may do something per window.",
    default: 6_000,
  }),
  "guests.limits.pair.window": option(duration("1s"), { doc: "The window of that limit.", default: "1m" }),
  "guests.limits.tenant.limit": option(integer(1, ANY_NUMBER), {
    doc: "How often all guests of a tenant may do something per window.",
    default: 60_000,
  }),
  "guests.limits.tenant.window": option(duration("1s"), { doc: "The window of that limit.", default: "1m" }),
  "guests.usage.keep": option(duration("1d"), {
    doc: "How long what was counted of join tokens is kept, and tokens that have ended.",
    default: "90d",
  }),
  "guests.usage.spikeFloor": option(integer(1, ANY_NUMBER), {
    doc: "Uses of a join token in five minutes below which nothing is a spike.",
    default: 100,
  }),
  "guests.cards.font": option(text("a path"), {
    doc: "Font file of printed cards, for titles in other scripts than Latin. Default: Helvetica.",
  }),
  "guests.legacy.until": option(instant(), {
    doc: "Until when join tokens of an earlier system are let in, whose texts have another form. Default: none are.",
  }),
  "guests.legacy.table": option(text("the name of a table"), {
    doc: "The earlier system's table in the same database: tokens that are still in it are taken over when a guest shows one.",
  }),
  "guests.legacy.column": option(text("the name of a column"), {
    doc: "Its column with the clear texts.",
    default: "token",
  }),
  "guests.legacy.idColumn": option(text("the name of a column"), {
    doc: "Its column that tells rows apart.",
    default: "id",
  }),
  "guests.legacy.collectionColumn": option(text("the name of a column"), {
    doc: "Its column with the event a token is for.",
    default: "event_id",
  }),
  "guests.legacy.tenantColumn": option(text("the name of a column"), {
    doc: "Its column with the tenant. Default: all rows are of the only one.",
  }),
  "guests.legacy.expiresColumn": option(text("the name of a column"), {
    doc: "Its column with the end of a token. Default: it has none.",
  }),
  "guests.legacy.weakLifetime": option(duration("1h"), {
    doc: "How long texts that are short enough to be guessed go on once they were taken over.",
    default: "14d",
  }),
} as const;
