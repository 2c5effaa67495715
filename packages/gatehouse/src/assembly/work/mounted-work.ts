import { Hono } from "hono";
import type { Metric } from "prom-client";
import { OPERATOR_GRANT } from "../../console/operator.ts";
import type { Authenticator } from "../../guards/authenticate.ts";
import type { AnyAction } from "../../kernel/action.ts";
import { isUuid } from "../../kernel/ids.ts";
import type { Sessions } from "../../kernel/ports/sessions.ts";
import type { WriteTransaction } from "../../kernel/ports/store.ts";
import { systemTimers } from "../../kernel/timers.ts";
import { METADATA_PATH } from "../../oauth/resource/oauth-resource.ts";
import { createResourceServer } from "../../oauth/resource/resource-server.ts";
import { issuerInProcess } from "../../oauth/resource/token-issuer.ts";
import { createWorkHistory } from "../../store/sql/work/history.ts";
import { createWorkLeases } from "../../store/sql/work/leases.ts";
import { createWorkOrders } from "../../store/sql/work/orders.ts";
import { createWorkParts } from "../../store/sql/work/parts.ts";
import { createWorkPauses } from "../../store/sql/work/pauses.ts";
import { createWorkPlans } from "../../store/sql/work/plans.ts";
import { createWorkWatch } from "../../store/sql/work/watch.ts";
import { createWorkSubjectKeys } from "../../store/sql/work/subject-keys.ts";
import { createApplyContext, enforceWorkOrderOnly } from "../../work/apply/apply-context.ts";
import { createCheckoutActions } from "../../work/checkout/actions.ts";
import type { WorkNews } from "../../work/checkout/availability.ts";
import type { CheckoutParts } from "../../work/checkout/checkout-parts.ts";
import { createFindHeldWork } from "../../work/checkout/held-work.ts";
import { startReaper } from "../../work/checkout/reaper.ts";
import { createDeskActions } from "../../work/desk/desk.ts";
import { createOrderTypes } from "../../work/order-types.ts";
import { createPlannerActions } from "../../work/planners/actions.ts";
import { createPlanners } from "../../work/planners/planners.ts";
import type { PlannerParts } from "../../work/planners/propose-found.ts";
import { startPlanners } from "../../work/planners/schedule.ts";
import { createReadingActions } from "../../work/reading/reading.ts";
import { REST_PATH } from "../../work/rest/mounted-operations.ts";
import { createRestRoutes } from "../../work/rest/routes.ts";
import { createWorkEffectHandlers, createWorkJobHandlers, createWorkReviewActions } from "../../work/review/review.ts";
import type { WorkReviewParts } from "../../work/review/review-parts.ts";
import { WORK_ENTRANCES } from "../../work/rules.ts";
import { startWatch } from "../../work/watch/watch.ts";
import { createWatchActions, type WorkWatchParts } from "../../work/watch/watch-actions.ts";
import { createWorkPayloads } from "../../work/subject/payloads.ts";
import { addPreview, WORK_EFFECTS_QUEUE, WORK_QUEUE } from "../../work/work-jobs.ts";
import type { Services } from "../application.ts";
import { startJobWorkers } from "../job-workers.ts";
import type { ApplicationWork } from "./application-work.ts";
import { mountMcp } from "./mounted-mcp.ts";
import { WorkBell } from "./work-bell.ts";
import { createWorkMetrics, type WorkMetrics } from "./work-metrics.ts";
import { createWorkPermits, type WorkPermits } from "./work-permits.ts";
import { MCP_PATH, workResources, type WorkResources } from "./work-resources.ts";
import type { WorkOptions } from "./work-options.ts";
import type { WorkServices } from "./work-services.ts";

/** Work orders with all that is mounted. */
export interface MountedWork extends AsyncDisposable {
  readonly services: WorkServices;
  readonly actions: readonly AnyAction[];
  readonly metrics: readonly Metric[];
  /** REST, MCP and the metadata of both. */
  readonly routes: Hono;
  /** Recognises access tokens for work; those of others are for `otherwise`. */
  bearer(otherwise: Authenticator<"bearer"> | undefined): Authenticator<"bearer">;
  /** Begins to plan and to carry out, once the gate is there. What is started joins `stack` and ends with it. */
  start(stack: AsyncDisposableStack): Promise<void>;
  /** Puts away what has ended, and deletes what is old. */
  prune(transaction: WriteTransaction, limit: number): Promise<number>;
}

/** Opens what an application says about work orders. */
export async function mountWork(options: WorkOptions, application: ApplicationWork): Promise<MountedWork> {
  const { services, originOf } = options;
  const resources = workResources(originOf);
  const permits = createWorkPermits({
    ...resources,
    ...{ config: services.config, authorise: application.authorise, grantsOf: accountGrants(services) },
  });
  const bell = new WorkBell({ bus: services.bus, timers: systemTimers, report: options.report });
  const belled = { ...options, news: bell, available: (tenant: string): void => bell.ring(tenant) };
  const watch = createWorkWatch();
  const measured = createWorkMetrics({ ...services, watch, types: application.types.map(({ type }) => type) });
  const parts = { ...workParts(belled, application, permits), ...measured };
  const working = checkoutParts(belled, parts);
  const watching = { ...parts, watch, patience: services.config.work };
  const planning = plannerParts(services, parts, application);
  const actions = [
    ...[...createReadingActions(parts), ...createCheckoutActions(working), ...createWorkReviewActions(parts)],
    ...[...createDeskActions(parts), ...createWatchActions(watching)],
    ...createPlannerActions(planning),
  ];
  const server = resourceServer(services, { resources, application });
  const mcp = await mountMcp(options, { application, permits, parts, actions });
  const own = [...actions, ...server.actions, ...(mcp?.actions ?? [])];
  const rest = createRestRoutes({
    edge: services.edge,
    actions,
    resourceOf: (tenant) => resources.rest.resourceOf(tenant),
  });
  const routes = new Hono().route("/", server.routes).route("/", rest);
  if (mcp !== undefined) routes.route("/", mcp.routes);
  const { orders, plans, applyContext } = parts;
  const counting = measured.listen(own.map(({ name }) => name));
  return {
    services: {
      ...{ orders, plans, applyContext, held: createFindHeldWork(working) },
      resourceOf: (tenant) => resources.rest.resourceOf(tenant),
      enforceWorkOrderOnly: (rule) => enforceWorkOrderOnly(applyContext, rule),
    },
    ...{ actions: own, metrics: measured.metrics, routes },
    bearer: (otherwise) => chooseBearer(server.authenticators.bearer, { actions: own, otherwise }),
    start: async (stack) => {
      stack.use(await bell.listen());
      await startWorkers(options, { ...watching, workLeases: working.leases, planning }, stack);
    },
    prune: pruneHistory(services),
    async [Symbol.asyncDispose]() {
      counting[Symbol.dispose]();
      await mcp?.[Symbol.asyncDispose]();
    },
  };
}

interface Belled extends WorkOptions {
  readonly news: WorkNews;
  readonly available: (tenant: string) => void;
}

type Parts = WorkReviewParts & Parameters<typeof createReadingActions>[0];

function workParts(
  { services, sessions, available }: Belled,
  application: ApplicationWork,
  permits: WorkPermits,
): Parts {
  const { config, ids, random, sealer } = services;
  const subjectKeys = createWorkSubjectKeys();
  const { most: items, attempts } = config.work.items;
  return {
    ...{ ...services, subjectKeys, rules: permits.rules, entrances: WORK_ENTRANCES },
    orders: createWorkOrders({ ids, available }),
    plans: createWorkPlans(),
    parts: createWorkParts(),
    pauses: createWorkPauses(),
    payloads: createWorkPayloads({ keys: subjectKeys, sealer, random }),
    types: createOrderTypes(application.types),
    applyContext: createApplyContext(services),
    reviewRules: config.work.review,
    limits: { items, attempts },
    authenticationOf: application.authenticationOf ?? knownAuthentication(sessions, services.identity),
  };
}

function plannerParts(services: Services, parts: Parts, { planners = [] }: ApplicationWork) {
  const { retention } = services.config.work;
  return { ...services, ...parts, retention, planners: createPlanners(planners, parts.types) };
}

function checkoutParts(
  { services: { config, random, jobs }, news, available }: Belled,
  parts: Parts & Pick<WorkMetrics, "measures">,
): CheckoutParts {
  const { items, leases } = config.work;
  return {
    ...{ ...parts, random, timers: systemTimers, parts: createWorkParts() },
    leases: createWorkLeases({ ...parts, available }),
    news,
    limits: {
      ...{ resultBytes: items.resultBytes, parts: items.parts, partBytes: items.partBytes },
      ...{ retry: items.retry, retryJitter: items.retryJitter },
      ...{ lease: leases.duration, beat: leases.beat, hold: leases.hold },
      ...{ leasesPerAgent: leases.perAgent, leasesPerTenant: leases.perTenant },
    },
    submitted: (transaction, order) => addPreview(jobs, transaction, order),
  };
}

const DAY = 86_400_000;

/** Puts what has ended into the history, and deletes what is old there; events as long as the audit trail keeps its rows. */
function pruneHistory({ config, clock }: Services): MountedWork["prune"] {
  const rows = createWorkHistory();
  const { history, retention } = config.work;
  return async (transaction, limit) => {
    const now = clock.now();
    const archived = await rows.archive(transaction, now - history, limit);
    const deleted = await rows.prune(transaction, now - retention, limit);
    const events = await rows.pruneEvents(transaction, now - config.audit.retentionDays * DAY, limit);
    return Math.max(archived, deleted, events);
  };
}

/**
 * What a token says, or the issuer of this server about the sign-in that a session began with. Others begin with a proof,
 * such as a link that is good once, and have an operator's grants only where that is as good as two.
 */
function knownAuthentication(sessions: Sessions, identity: Services["identity"]): WorkReviewParts["authenticationOf"] {
  return async (transaction, { principal, attempt }) => {
    if (principal.authentication !== undefined) return principal.authentication;
    const isSession = attempt.credentials.some(({ kind }) => kind === "session");
    const { tenant, session } = principal;
    if (!isSession || session === undefined) return { at: undefined, secondFactor: false };
    const known = await identity?.authenticationOf(transaction, tenant, session);
    if (known !== undefined) return known;
    const row = await sessions.find(transaction, session);
    return { at: row?.createdAt, secondFactor: principal.grants.has(OPERATOR_GRANT) };
  };
}

/** The grants of an account as they are now: a token says nothing of them. */
function accountGrants({ identity, store }: Services): (tenant: string, account: string) => Promise<readonly string[]> {
  return async (tenant, id) => {
    if (identity === undefined || !isUuid(id)) return [];
    const { directory } = identity.accounts;
    const account = await store.read((reading) => directory.find(reading, { tenant, id }));
    return account?.state === "active" ? account.grants : [];
  };
}

interface ServerParts {
  readonly resources: WorkResources;
  readonly application: ApplicationWork;
}

function resourceServer(services: Services, { resources: { rest, mcp }, application }: ServerParts) {
  const { config, identity } = services;
  const people = new Set(config.work.reviewClients);
  const own = identity === undefined ? [] : [issuerInProcess(identity.accessTokens)];
  return createResourceServer({
    ...{ ...services, resources: [rest, mcp], issuers: [...own, ...(application.issuers ?? [])] },
    isAgent: (client) => !people.has(client),
    metadata: { action: "work.resource", paths: [METADATA_PATH + REST_PATH, METADATA_PATH + MCP_PATH] },
  });
}

interface Choice {
  readonly actions: readonly AnyAction[];
  readonly otherwise: Authenticator<"bearer"> | undefined;
}

function chooseBearer(ours: Authenticator<"bearer">, { actions, otherwise }: Choice): Authenticator<"bearer"> {
  const names = new Set(actions.map(({ name }) => name));
  return {
    kind: "bearer",
    authenticate: (credential, attempt, action) =>
      (names.has(action.name) ? ours : (otherwise ?? ours)).authenticate(credential, attempt, action),
  };
}

async function startWorkers(
  { services, report }: WorkOptions,
  parts: Parts & WorkWatchParts & { readonly workLeases: CheckoutParts["leases"]; readonly planning: PlannerParts },
  stack: AsyncDisposableStack,
): Promise<void> {
  const { store, jobs } = services;
  const working = { ...services, ...parts };
  const background = { ...services, timers: systemTimers, report };
  stack.use(startReaper({ store, leases: parts.workLeases, timers: systemTimers, report }));
  stack.use(startWatch({ ...working, ...background }));
  stack.use(startPlanners({ ...parts.planning, ...background }));
  const queues = [
    { queue: WORK_QUEUE, handlers: createWorkJobHandlers(working) },
    { queue: WORK_EFFECTS_QUEUE, handlers: createWorkEffectHandlers(working) },
  ];
  for (const { queue, handlers } of queues) {
    // An embedded store has one process: what another had in hands, it has no more.
    if (store.dialect === "sqlite") await store.write((transaction) => jobs.takeBack(transaction, queue));
    stack.use(await startJobWorkers({ ...background, queue, handlers }));
  }
}
