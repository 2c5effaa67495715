import { setTimeout as pause } from "node:timers/promises";
import type { PhotoViewer } from "./photo-viewer.ts";
import type { Skill } from "./skills/skill.ts";
import { WorkRefusal, type Item, type WorkTools } from "./work-tools.ts";

/** What an agent works with. */
export interface AgentParts {
  readonly tools: WorkTools;
  readonly photos: PhotoViewer;
  readonly skills: readonly Skill[];
  /** Aborted when it is to stop: what it holds goes back. */
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** How long it works. */
export interface Shift {
  /** Whether it waits for more where there is nothing to do, until it is stopped. */
  readonly watch: boolean;
  /** Items that are checked out at once. */
  readonly count: number;
}

const SECOND = 1000;
/** Milliseconds to wait for something to do before it is looked whether to stop: what is asked for is not taken back. */
const WAIT = 5_000;
/** What ends the work on an item without a fault of the agent's: somebody else has it, or nobody wants it. */
const OVER: ReadonlySet<string> = new Set(["LEASE_LOST", "LEASE_EXPIRED", "WORK_ITEM_UNKNOWN", "WORK_PAUSED"]);

/** Works until there is nothing to do; how many items it has handed in. */
export async function work(parts: AgentParts, { watch, count }: Shift): Promise<number> {
  const { skills, signal } = parts;
  const types = skills.map(({ type }) => type);
  let handed = 0;
  while (!signal.aborted) {
    const items = await takeItems(parts, { types, count, wait: watch ? WAIT : 0 });
    if (items.length === 0 && !watch) break;
    handed += await workThrough(parts, items);
  }
  return handed;
}

/** Does items one after the other, and holds on to those that wait; how many were handed in. */
async function workThrough(parts: AgentParts, items: readonly Item[]): Promise<number> {
  const { tools, signal, say } = parts;
  const waiting = new Set(items);
  const done = new AbortController();
  const holding = holdOn(tools, waiting, done.signal);
  let handed = 0;
  for (const item of items) {
    waiting.delete(item);
    if (signal.aborted) await letGo(tools, item, say);
    else if (await workOn(parts, item)) handed += 1;
  }
  done.abort();
  await holding;
  return handed;
}

async function holdOn(tools: WorkTools, waiting: ReadonlySet<Item>, done: AbortSignal): Promise<void> {
  const [first] = waiting;
  const every = (first?.heartbeat_every_seconds ?? 1) * SECOND;
  while (!done.aborted) {
    await pause(every, undefined, { signal: done }).catch(() => undefined);
    // Whether one was lost shows when it is its turn.
    for (const item of waiting) if (!done.aborted) await tools.beat(item, "waiting").catch(() => false);
  }
}

async function takeItems(
  { tools, signal, say }: AgentParts,
  wish: Parameters<WorkTools["checkOut"]>[0],
): Promise<readonly Item[]> {
  try {
    return await tools.checkOut(wish);
  } catch (error) {
    if (signal.aborted) return [];
    if (!(error instanceof WorkRefusal) || error.code !== "WORK_PAUSED") throw error;
    say(`Stopped: ${error.message}`);
    // Somebody has stopped this work, and may let it go on.
    if (wish.wait > 0) await pause(wish.wait, undefined, { signal }).catch(() => undefined);
    return [];
  }
}

/** Does an item while beats go on for it; whether it was handed in. */
async function workOn(parts: AgentParts, item: Item): Promise<boolean> {
  const { tools, photos, skills, signal, say } = parts;
  const skill = skills.find(({ type }) => type === item.type);
  const ended = new AbortController();
  const done = new AbortController();
  const within = AbortSignal.any([signal, ended.signal]);
  const beating = keepBeating(parts, { item, ended, done: done.signal });
  try {
    if (skill === undefined) throw new Error(`Nothing is known of ${item.type}.`);
    const handed = await skill.do(item, { signal: within, look: () => photos.look(item, within) });
    within.throwIfAborted();
    await tools.submit(item, handed);
    say(`${item.type} ${item.key}: handed in, attempt ${item.attempt}`);
    return true;
  } catch (error) {
    await giveUp(parts, { item, error, ended: ended.signal });
    return false;
  } finally {
    done.abort();
    await beating;
  }
}

interface Beating {
  readonly item: Item;
  /** Aborted when the lease is lost or the work is not wanted any more. */
  readonly ended: AbortController;
  readonly done: AbortSignal;
}

async function keepBeating({ tools, say }: AgentParts, { item, ended, done }: Beating): Promise<void> {
  for (;;) {
    try {
      if (await tools.beat(item, "looking")) ended.abort(new Error("Nobody wants it any more."));
    } catch (error) {
      if (error instanceof WorkRefusal && OVER.has(error.code)) ended.abort(error);
      else if (!done.aborted) say(`A beat was not heard: ${String(error)}`);
    }
    await pause(item.heartbeat_every_seconds * SECOND, undefined, { signal: done }).catch(() => undefined);
    if (done.aborted || ended.signal.aborted) return;
  }
}

interface GivenUp {
  readonly item: Item;
  readonly error: unknown;
  readonly ended: AbortSignal;
}

async function giveUp({ tools, signal, say }: AgentParts, { item, error, ended }: GivenUp): Promise<void> {
  if (signal.aborted || (ended.aborted && !(ended.reason instanceof WorkRefusal))) return letGo(tools, item, say);
  const lost = ended.aborted || (error instanceof WorkRefusal && OVER.has(error.code));
  const reason = error instanceof Error ? error.message : String(error);
  say(`${item.type} ${item.key}: ${lost ? "lost" : "failed"}: ${reason}`);
  if (lost) return;
  await tools
    .fail(item, reason.slice(0, 1000))
    .catch((late: unknown) => say(`That could not be said: ${String(late)}`));
}

/** Gives an item back: the attempt does not count. */
async function letGo(tools: WorkTools, item: Item, say: AgentParts["say"]): Promise<void> {
  say(`${item.type} ${item.key}: given back`);
  await tools.release(item, "The agent was stopped, or nobody wants it any more.").catch(() => undefined);
}
