import type { AnyOrderType } from "../order-type.ts";

/** Stands where a value stood that is not shown until somebody asks for it. */
const MASKED = { masked: true } as const;

/** Makes values fit to be shown. */
export type Showing = (value: unknown) => unknown;

/** Shows values as they are. */
export const asTheyAre: Showing = (value) => value;

/**
 * How values that agents have sent are shown to whoever has not asked for what is sensitive. What is kept under the key of
 * a subject is masked as a whole; elsewhere members are that are called as sensitive members of what the type changes.
 */
export function maskingOf(type: AnyOrderType | undefined, subject: string | undefined): Showing {
  if (subject !== undefined || type === undefined) return () => MASKED;
  const names = new Set(type.resources.flatMap(({ sensitive = [] }) => sensitive));
  return names.size === 0 ? asTheyAre : (value) => maskMembers(value, names);
}

function maskMembers(value: unknown, names: ReadonlySet<string>): unknown {
  if (Array.isArray(value)) return value.map((member: unknown) => maskMembers(member, names));
  if (typeof value !== "object" || value === null) return value;
  const shown = Object.entries(value).map(([name, member]) => [
    name,
    names.has(name) ? MASKED : maskMembers(member, names),
  ]);
  return Object.fromEntries(shown);
}
