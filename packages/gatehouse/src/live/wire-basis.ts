import { isDenial, type Denial } from "../kernel/outcome.ts";
import { NO_BASIS, type Basis, type OtherComponent } from "./call.ts";
import { parseComponentId, type ComponentId } from "./component-id.ts";
import { malformed, unknownMember } from "./wire-refusal.ts";

/** Members by which a caller says what it knows of a component. */
export const BASIS_MEMBERS = ["component_id", "base_version", "base_tag", "seed", "children"] as const;

const OWN_MEMBERS: ReadonlySet<string> = new Set(BASIS_MEMBERS);
const LONGEST_TAG = 64;
const LONGEST_SEED = 262_144;
const MOST_CHILDREN = 500;

type Members = Readonly<Record<string, unknown>>;

/** The id a caller names, or what is wrong with it. */
export function readComponentId(value: unknown): ComponentId | Denial {
  const id = typeof value === "string" ? parseComponentId(value) : undefined;
  return id ?? malformed("component_id must be of the form name:instance.");
}

/** What a caller says it knows of a component, or what is wrong with it. */
export function readBasis(members: Members): Basis | Denial {
  const { base_version: version, base_tag: tag, seed, children = [] } = members;
  if (!isOptionalText(seed, LONGEST_SEED)) return malformed("seed must be text.");
  if (!isOptionalText(tag, LONGEST_TAG)) return malformed("base_tag must be text.");
  if (!isOptionalCount(version)) return malformed("base_version must be a whole number.");
  if (!Array.isArray(children) || children.length > MOST_CHILDREN)
    return malformed(`children must be a list of at most ${MOST_CHILDREN} ids.`);
  const names: unknown[] = children;
  if (!names.every((name) => typeof name === "string" && parseComponentId(name) !== undefined))
    return malformed("children must be ids of the form name:instance.");
  return { ...NO_BASIS, version, seed, tag, children: new Set(names.map(String)) };
}

/** A list of components a caller has, each with what it knows of it. */
export function readComponents(value: unknown, name: string, most: number): readonly OtherComponent[] | Denial {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length > most) return malformed(`${name} must be a list of at most ${most}.`);
  const components: OtherComponent[] = [];
  const names = new Set<unknown>();
  const entries: unknown[] = value;
  for (const [index, entry] of entries.entries()) {
    const component = readComponent(entry, name, index);
    if (isDenial(component)) return component;
    components.push(component);
    names.add(`${component.id.component}:${component.id.instance}`);
  }
  return names.size === components.length ? components : malformed(`${name} names a component twice.`);
}

function readComponent(value: unknown, name: string, index: number): OtherComponent | Denial {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return malformed(`${name} must be a list of objects.`);
  const unknown = Object.keys(value).find((member) => !OWN_MEMBERS.has(member));
  if (unknown !== undefined) return unknownMember(`/${name}/${index}`, unknown);
  // A JSON object can be read as a record; each member is checked.
  const members = value as Members;
  const id = readComponentId(members["component_id"]);
  if (isDenial(id)) return id;
  const basis = readBasis(members);
  return isDenial(basis) ? basis : { id, basis };
}

/** Whether a member is absent, or text of at most so many characters. */
export function isOptionalText(value: unknown, longest: number): value is string | undefined {
  return value === undefined || (typeof value === "string" && value.length <= longest);
}

/** Whether a member is absent, or a whole number that is not negative. */
export function isOptionalCount(value: unknown): value is number | undefined {
  return value === undefined || (typeof value === "number" && Number.isSafeInteger(value) && value >= 0);
}
