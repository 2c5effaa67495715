import { duration, flag, integer, list, text } from "./kind.ts";
import { option } from "./option.ts";

const ANY_NUMBER = Number.MAX_SAFE_INTEGER;

/** Options of work orders: what holds for all types that say nothing else themselves. */
export const workOptions = {
  "work.enabled": option(flag(), {
    doc: "Serves work orders, where the application declares types of them: REST under `/api/work`, MCP at `/mcp`.",
    default: true,
  }),
  "work.mcp": option(flag(), {
    doc: "Serves them over the Model Context Protocol as well; needs the package `@modelcontextprotocol/server`.",
    default: true,
  }),
  "work.reviewClients": option(list(text("the identifier of a client")), {
    doc: "OAuth clients with which people review: their tokens stand for the person. Those of all others stand for an agent, which cannot review.",
    default: [],
  }),
  "work.limits.address.limit": option(integer(1, ANY_NUMBER), {
    doc: "Calls about work from one address per window.",
    default: 60,
  }),
  "work.limits.address.window": option(duration("1s"), { doc: "The window of that limit.", default: "1m" }),
  "work.limits.agent.limit": option(integer(1, ANY_NUMBER), {
    doc: "Calls about work of one agent per window; a program counts for each person whom it works for.",
    default: 100,
  }),
  "work.limits.agent.window": option(duration("1s"), { doc: "The window of that limit.", default: "1m" }),
  "work.items.most": option(integer(1, 100_000), { doc: "Items one order may be divided into.", default: 1000 }),
  "work.items.attempts": option(integer(1, 100), { doc: "Claims of an item before it has failed.", default: 3 }),
  "work.items.retry": option(duration("1s"), {
    doc: "How long an item that failed waits before it is handed out again; it doubles with each attempt.",
    default: "60s",
  }),
  "work.items.retryJitter": option(duration("0ms"), {
    doc: "Up to so much is added to that by chance.",
    default: "20s",
  }),
  "work.items.resultBytes": option(integer(1024, 16_777_216), {
    doc: "Bytes of one result, as JSON. The body of a request that brings one is larger: see `server.bodyLimit`.",
    default: 1_048_576,
  }),
  "work.items.parts": option(integer(1, 10_000), { doc: "Parts of one item.", default: 100 }),
  "work.items.partBytes": option(integer(1024, 16_777_216), { doc: "Bytes of one part, as JSON.", default: 1_048_576 }),
  "work.leases.duration": option(duration("10s"), { doc: "How long a lease lasts without a beat.", default: "10m" }),
  "work.leases.beat": option(duration("1s"), { doc: "How often agents are told to beat.", default: "2m" }),
  "work.leases.hold": option(duration("1m"), {
    doc: "How long an item may be held at all, however often its holder beats.",
    default: "24h",
  }),
  "work.leases.perAgent": option(integer(1, 100_000), { doc: "Leases of one agent at once.", default: 50 }),
  "work.leases.perTenant": option(integer(1, ANY_NUMBER), { doc: "Leases of one tenant at once.", default: 10_000 }),
  "work.review.low.approvals": option(integer(1, 20), { doc: "People who approve an order of low risk.", default: 1 }),
  "work.review.low.stepUp": option(flag(), {
    doc: "Whether each of them has to have signed in anew with a second factor.",
    default: false,
  }),
  "work.review.low.expires": option(duration("1m"), { doc: "How long an approval counts.", default: "7d" }),
  "work.review.medium.approvals": option(integer(1, 20), { doc: "The same for medium risk.", default: 1 }),
  "work.review.medium.stepUp": option(flag(), { doc: "The same for medium risk.", default: false }),
  "work.review.medium.expires": option(duration("1m"), { doc: "The same for medium risk.", default: "3d" }),
  "work.review.high.approvals": option(integer(1, 20), { doc: "The same for high risk.", default: 2 }),
  "work.review.high.stepUp": option(flag(), { doc: "The same for high risk.", default: true }),
  "work.review.high.expires": option(duration("1m"), { doc: "The same for high risk.", default: "24h" }),
  "work.overdueAfter": option(duration("1m"), {
    doc: "How long an order may wait for agents, for reviewers, or for its plan to be carried out, before the event `work_overdue` tells of it.",
    default: "24h",
  }),
  "work.deadLetterAfter": option(duration("1m"), {
    doc: "How long an order that has failed can be put to work again before it becomes a dead letter.",
    default: "48h",
  }),
  "work.history": option(duration("1h"), {
    doc: "How long finished orders stay with those under way before they are put into the history.",
    default: "7d",
  }),
  "work.retention": option(duration("1d"), {
    doc: "How long finished orders are kept at all. What has happened to them stays as long as the audit trail does.",
    default: "365d",
  }),
} as const;
