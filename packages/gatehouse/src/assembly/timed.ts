import { AsyncLocalStorage } from "node:async_hooks";
import type { MeasuredPart, ServerTimings } from "../http/server-timing.ts";
import type { AnyAction } from "../kernel/action.ts";
import type { Guard, GuardStep } from "../kernel/guard.ts";
import type { SnapshotReads, Store } from "../kernel/ports/store.ts";
import type { Sealer } from "../kernel/seal.ts";

/** Guards whose steps are measured, under their phase and name. */
export function timedGuards(guards: readonly Guard[], timings: ServerTimings): readonly Guard[] {
  return guards.map((guard) => ({
    ...guard,
    compile: (action, entrance) => {
      const step = guard.compile(action, entrance);
      return step === undefined ? undefined : timedStep(step, timings);
    },
  }));
}

/** The pipeline looks at which hooks there are, so that what a step does not have stays away. */
function timedStep(step: GuardStep, timings: ServerTimings): GuardStep {
  const { guard, phase, summary } = step;
  const part = { name: phase, of: guard };
  const timed =
    <Values extends unknown[], Result>(hook: (...values: Values) => Result) =>
    (...values: Values): Result =>
      timings.measure(part, () => hook.apply(step, values));
  return {
    ...{ guard, phase, summary },
    ...(step.enter === undefined ? {} : { enter: timed(step.enter) }),
    ...(step.begin === undefined ? {} : { begin: timed(step.begin) }),
    ...(step.complete === undefined ? {} : { complete: timed(step.complete) }),
    ...(step.fail === undefined ? {} : { fail: timed(step.fail) }),
    ...(step.leave === undefined ? {} : { leave: timed(step.leave) }),
  };
}

/** Actions whose `run` is measured. */
export function timedActions(actions: readonly AnyAction[], timings: ServerTimings): readonly AnyAction[] {
  return actions.map((action) => ({
    ...action,
    run: (context) => timings.measure({ name: "execute", of: action.name }, () => action.run(context)),
  }));
}

/** A store that is measured: what it takes besides the work it is given, such as waiting for its turn and for the disk. */
export function timedStore(store: Store, timings: ServerTimings): Store {
  return {
    dialect: store.dialect,
    // A store begins the work of several callers together; each keeps its own measurements.
    read: (work) => timings.measure({ name: "store", of: "read" }, () => store.read(AsyncLocalStorage.bind(work))),
    write: (work, options) =>
      timings.measure({ name: "store", of: "write" }, () => store.write(AsyncLocalStorage.bind(work), options)),
    health: () => store.health(),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

/** A store that is measured, and reads that are, wherever they are answered. */
export function timedStores(
  store: Store,
  snapshots: SnapshotReads | undefined,
  timings: ServerTimings,
): { readonly store: Store; readonly snapshots: SnapshotReads | undefined } {
  const reads: SnapshotReads | undefined = snapshots && {
    read: (purpose, work) =>
      timings.measure({ name: "store", of: "read" }, () => snapshots.read(purpose, AsyncLocalStorage.bind(work))),
  };
  return { store: timedStore(store, timings), snapshots: reads };
}

/** A sealer that is measured. */
export function timedSealer(sealer: Sealer, timings: ServerTimings): Sealer {
  const part = (of: string): MeasuredPart => ({ name: "seal", of });
  return {
    seal: (plaintext, binding) => timings.measure(part("seal"), () => sealer.seal(plaintext, binding)),
    open: (sealed, binding) => timings.measure(part("open"), () => sealer.open(sealed, binding)),
    openStored: (sealed, binding) => timings.measure(part("open"), () => sealer.openStored(sealed, binding)),
    needsReseal: (sealed) => sealer.needsReseal(sealed),
  };
}
