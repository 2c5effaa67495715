import type { JobHandler, Jobs } from "../../kernel/ports/jobs.ts";
import type { StorageHalt, StorageLog, StorageProbe } from "../../kernel/ports/storage-log.ts";
import type { StorageTarget } from "../../kernel/ports/storage-target.ts";
import type { ReadTransaction, Store, WriteTransaction } from "../../kernel/ports/store.ts";
import type { StorageRole, StoredCondition, StoredFiles } from "../../kernel/ports/stored-files.ts";
import { Alarms, nextAlarms, noAlarms, type AlarmChange, type Level } from "./alarms.ts";
import type { Announce } from "./announcer.ts";
import { storageEvents } from "./events.ts";
import { daysToFull } from "./growth.ts";
import { percentile } from "./latency.ts";
import { probeTarget, type ProbeParts } from "./probe.ts";
import { HEALTH_QUEUE, repeated, type RepeatedJob } from "./repeated-job.ts";

/** A target and its place. */
export interface PlacedTarget {
  readonly place: StorageRole;
  readonly target: StorageTarget;
  /** Bytes it may hold, for targets that cannot tell how full they are. */
  readonly quota: number | undefined;
}

/** What targets are watched with. */
export interface HealthParts extends ProbeParts {
  readonly store: Store;
  readonly jobs: Jobs;
  readonly files: StoredFiles;
  readonly log: StorageLog;
  readonly announce: Announce;
  readonly targets: readonly PlacedTarget[];
}

/** How a target is. */
export interface TargetHealth {
  readonly name: string;
  readonly place: StorageRole;
  /** The worst of its alarms. */
  readonly level: Level;
  readonly alarms: Alarms;
  readonly probedAt: number | undefined;
  /** Of the last probe; empty where it did not fail. */
  readonly failure: string;
  /** Milliseconds, over the last hour. */
  readonly p50: number | undefined;
  readonly p95: number | undefined;
  /** The 95th percentile of the week before. */
  readonly usualP95: number | undefined;
  /** Share of the probes of the last hour that failed. */
  readonly errorRate: number;
  readonly used: number | undefined;
  readonly total: number | undefined;
  readonly daysToFull: number | undefined;
  readonly copies: StoredCondition;
  /** Set while transfers and deletions are stopped. */
  readonly halted: StorageHalt | undefined;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const WEEK = 7 * 24 * HOUR;
const INTERVAL = MINUTE;
const PRUNED_AT_ONCE = 500;
/** Latest probes that are compared with the usual ones. */
const LATEST = 10;
/** Probes it takes to know what is usual. */
const FEWEST_USUAL = 30;

/** Probes every target once a minute, by one server at a time, and raises and lifts alarms. */
export function createHealthCheck(parts: HealthParts): JobHandler & RepeatedJob {
  return repeated(parts.jobs, { queue: HEALTH_QUEUE, kind: "ProbeTargets", every: INTERVAL }, async () => {
    for (const placed of parts.targets) await probeAndRecord(parts, placed);
    const { clock, log } = parts;
    return async (transaction) => void (await log.prune(transaction, clock.now() - WEEK, PRUNED_AT_ONCE));
  });
}

/** Probes a target now and records what was found. */
export async function probeAndRecord(
  parts: HealthParts,
  { target, place, quota }: PlacedTarget,
): Promise<StorageProbe> {
  const { store, files, log, announce } = parts;
  const { bytes: used } = await store.read((transaction) => files.condition(transaction, place));
  const probe = await probeTarget(parts, target, { quota, used });
  await store.write(async (transaction) => {
    await log.addProbe(transaction, target.name, probe);
    const changes = await updateAlarms(parts, transaction, { name: target.name, probe });
    transaction.afterCommit(() => {
      for (const change of changes) announceChange(announce, target.name, { change, probe });
    });
  });
  return probe;
}

async function updateAlarms(
  { log }: HealthParts,
  transaction: WriteTransaction,
  { name, probe }: { readonly name: string; readonly probe: StorageProbe },
): Promise<readonly AlarmChange[]> {
  const { at, failure, used, total } = probe;
  const speed = speedOf(await log.probes(transaction, name, at - WEEK), at);
  const { alarms, changes } = nextAlarms(await alarmsOf(log, transaction, { name, at }), {
    at,
    failed: failure !== "",
    full: used === undefined || total === undefined || total === 0 ? undefined : used / total,
    slowness: failure === "" ? speed.slowness : undefined,
  });
  await log.setNotes(transaction, name, alarms);
  return changes;
}

async function alarmsOf(
  log: StorageLog,
  transaction: ReadTransaction,
  { name, at }: { readonly name: string; readonly at: number },
): Promise<Alarms> {
  const { success, data } = Alarms.safeParse(await log.notes(transaction, name));
  return success ? data : noAlarms(at);
}

interface Speed {
  readonly p50: number | undefined;
  readonly p95: number | undefined;
  readonly usualP95: number | undefined;
  readonly slowness: number | undefined;
}

/** The last hour beside the week before; alarms go by the last ten minutes. */
function speedOf(probes: readonly StorageProbe[], now: number): Speed {
  const answered = probes.flatMap(({ at, latency }) => (latency === undefined ? [] : [{ at, latency }]));
  const latencies = (from: number, to: number): number[] =>
    answered.filter(({ at }) => at > from && at <= to).map(({ latency }) => latency);
  const hour = latencies(now - HOUR, now);
  const usual = latencies(now - WEEK, now - LATEST * MINUTE);
  const usualP95 = usual.length < FEWEST_USUAL ? undefined : percentile(usual, 95);
  const latest = percentile(latencies(now - LATEST * MINUTE, now), 95);
  const slowness = usualP95 === undefined || latest === undefined ? undefined : latest / Math.max(1, usualP95);
  return { p50: percentile(hour, 50), p95: percentile(hour, 95), usualP95, slowness };
}

function announceChange(
  announce: Announce,
  name: string,
  { change: { concern, from, to }, probe }: { readonly change: AlarmChange; readonly probe: StorageProbe },
): void {
  const { failure, used, total } = probe;
  const definition = {
    ok: storageEvents.storage_target_recovered,
    warning: storageEvents.storage_target_warning,
    critical: storageEvents.storage_target_alarm,
  }[to];
  const playbook = concern === "capacity" ? "docs/runbooks/storage-target-full.md" : undefined;
  const context = { concern, from, to, used, total, ...(failure === "" ? {} : { failure }), playbook };
  announce(definition, { action: "storage.probe", target: name, failed: to === "critical", context });
}

/** How every target is, by what is recorded. */
export async function healthOf(parts: HealthParts, transaction: ReadTransaction): Promise<readonly TargetHealth[]> {
  const health: TargetHealth[] = [];
  for (const placed of parts.targets) health.push(await targetHealth(parts, transaction, placed));
  return health;
}

async function targetHealth(
  { log, files, clock }: HealthParts,
  transaction: ReadTransaction,
  { target: { name }, place }: PlacedTarget,
): Promise<TargetHealth> {
  const now = clock.now();
  const probes = await log.probes(transaction, name, now - WEEK);
  const alarms = await alarmsOf(log, transaction, { name, at: now });
  const { p50, p95, usualP95 } = speedOf(probes, now);
  const last = probes.at(-1);
  const latest = probes.filter(({ at }) => at > now - HOUR);
  const failed = latest.filter(({ failure }) => failure !== "").length;
  return {
    ...{ name, place, alarms, level: worstOf(alarms), p50, p95, usualP95 },
    ...{ probedAt: last?.at, failure: last?.failure ?? "", used: last?.used, total: last?.total },
    errorRate: latest.length === 0 ? 0 : failed / latest.length,
    daysToFull: daysToFull(await log.use(transaction, name, now - WEEK)),
    copies: await files.condition(transaction, place),
    halted: await log.halted(transaction, name),
  };
}

function worstOf({ availability, capacity, latency }: Alarms): Level {
  const levels = [availability.level, capacity.level, latency.level];
  if (levels.includes("critical")) return "critical";
  return levels.includes("warning") ? "warning" : "ok";
}
