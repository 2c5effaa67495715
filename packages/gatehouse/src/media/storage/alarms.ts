import { z } from "zod";

/** What can be wrong with a target. */
export const CONCERNS = ["availability", "capacity", "latency"] as const;
/** One of these things. */
export type Concern = (typeof CONCERNS)[number];
/** How wrong it is. */
export type Level = "ok" | "warning" | "critical";

/** One thing that can be wrong, with what speaks for another level and how often in a row. */
const Alarm = z.object({
  level: z.enum(["ok", "warning", "critical"]),
  since: z.number(),
  leaning: z.enum(["ok", "warning", "critical"]),
  times: z.number(),
});
/** The alarms of a target, as they are kept. */
export const Alarms = z.object({ availability: Alarm, capacity: Alarm, latency: Alarm });
/** The alarms of a target. */
export type Alarms = z.infer<typeof Alarms>;

/** What a probe found, as far as alarms go by it. */
export interface Sighting {
  readonly at: number;
  readonly failed: boolean;
  /** Share of the target in use, from 0 to 1; `undefined` where that is not known. */
  readonly full: number | undefined;
  /** How many times its usual 95th percentile the latest one is; `undefined` where that is not known. */
  readonly slowness: number | undefined;
}

/** An alarm that changed its level. */
export interface AlarmChange {
  readonly concern: Concern;
  readonly from: Level;
  readonly to: Level;
}

/** Probes in a row that have to agree before an alarm changes: single ones say little. */
const AGREEING = 3;
const WARNING_FULL = 0.8;
const CRITICAL_FULL = 0.9;
/** By how much it has to get better again: a target at the edge would raise and lift its alarm all day. */
const FULL_MARGIN = 0.02;
const CRITICAL_SLOWNESS = 3;
const EASED_SLOWNESS = 2;

/** No alarm. */
export function noAlarms(at: number): Alarms {
  const quiet = { level: "ok", since: at, leaning: "ok", times: 0 } as const;
  return { availability: quiet, capacity: quiet, latency: quiet };
}

/** The alarms after one more probe, and the ones that changed. */
export function nextAlarms(
  alarms: Alarms,
  sighting: Sighting,
): { readonly alarms: Alarms; readonly changes: readonly AlarmChange[] } {
  const levels: Readonly<Record<Concern, Level>> = {
    availability: sighting.failed ? "critical" : "ok",
    capacity: capacityLevel(sighting.full, alarms.capacity.level),
    latency: latencyLevel(sighting.slowness, alarms.latency.level),
  };
  const next = { ...alarms };
  const changes: AlarmChange[] = [];
  for (const concern of CONCERNS) {
    const before = alarms[concern];
    next[concern] = nextAlarm(before, levels[concern], sighting.at);
    const { level } = next[concern];
    if (level !== before.level) changes.push({ concern, from: before.level, to: level });
  }
  return { alarms: next, changes };
}

function nextAlarm(alarm: Alarms[Concern], level: Level, at: number): Alarms[Concern] {
  if (level === alarm.level) return { ...alarm, leaning: level, times: 0 };
  const times = level === alarm.leaning ? alarm.times + 1 : 1;
  return times < AGREEING ? { ...alarm, leaning: level, times } : { level, since: at, leaning: level, times: 0 };
}

function capacityLevel(full: number | undefined, current: Level): Level {
  if (full === undefined) return current;
  const margin = (level: Level): number => (current === level || current === "critical" ? FULL_MARGIN : 0);
  if (full >= CRITICAL_FULL - (current === "critical" ? FULL_MARGIN : 0)) return "critical";
  return full >= WARNING_FULL - margin("warning") ? "warning" : "ok";
}

function latencyLevel(slowness: number | undefined, current: Level): Level {
  if (slowness === undefined) return current;
  return slowness > (current === "ok" ? CRITICAL_SLOWNESS : EASED_SLOWNESS) ? "critical" : "ok";
}
