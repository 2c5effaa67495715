import { canonicalJson } from "../../kernel/codec.ts";
import type { WorkChange } from "../../kernel/ports/work-plans.ts";

/** Whether what was changed is what was planned. How things are called, and what it was made of, makes no difference. */
export function isSameChanges(planned: readonly WorkChange[], actual: readonly WorkChange[]): boolean {
  return essenceOf(planned) === essenceOf(actual);
}

function essenceOf(changes: readonly WorkChange[]): string {
  return canonicalJson(
    changes.map(({ step, resource: { type, id }, action, before, after }) => ({
      ...{ step, type, id, action },
      ...(before === undefined ? {} : { before }),
      ...(after === undefined ? {} : { after }),
    })),
  );
}

/** What takes changes back, the last one first. Side effects cannot be. */
export function inverseOf(changes: readonly WorkChange[]): readonly WorkChange[] {
  const taken = changes.filter(({ action }) => action !== "invoke").toReversed();
  return taken.map((change, index) => ({
    ...change,
    step: index + 1,
    action: change.before === undefined ? "delete" : change.after === undefined ? "create" : "update",
    before: change.after,
    after: change.before,
  }));
}

/** What stands where a masked value stood, and whether the change changes it. */
export interface Masked {
  readonly masked: true;
  readonly changed: boolean;
}

/** A change as it is shown to whoever has not asked for what is sensitive. */
export function maskChange(change: WorkChange): WorkChange {
  const names = change.sensitive.map(memberOf);
  if (names.length === 0) return change;
  const changed = (name: string): boolean =>
    canonicalJson(memberAt(change.before, name)) !== canonicalJson(memberAt(change.after, name));
  const mask = (value: unknown): unknown => {
    if (!isObject(value)) return value;
    const masks = names
      .filter((name) => Object.hasOwn(value, name))
      .map((name) => [name, { masked: true, changed: changed(name) } satisfies Masked]);
    return { ...value, ...Object.fromEntries(masks) };
  };
  return { ...change, before: mask(change.before), after: mask(change.after) };
}

/** How many things are created, updated, deleted and set off. */
export function countChanges(changes: readonly WorkChange[]): Readonly<Record<WorkChange["action"], number>> {
  const counts = { create: 0, update: 0, delete: 0, invoke: 0 };
  for (const { action } of changes) counts[action] += 1;
  return counts;
}

function memberOf(pointer: string): string {
  return pointer.slice(1).replaceAll("~1", "/").replaceAll("~0", "~");
}

function memberAt(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : null;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
