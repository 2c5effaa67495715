import { createHash } from "node:crypto";
import { canonicalJson } from "../kernel/codec.ts";

/** A component on a page: which one, and which of its instances. */
export interface ComponentId {
  readonly component: string;
  readonly instance: string;
}

/** Names of components: also the first part of the names of their actions. */
export const COMPONENT_NAME = /^[a-z][a-z0-9-]{0,63}$/;
/** Names of actions on the wire. */
export const ACTION_NAME = /^[a-zA-Z_][a-zA-Z0-9_]{0,63}$/;

const COMPONENT_ID = /^([a-z0-9_-]{1,64}):([a-z0-9_.-]{1,128})$/;
const INSTANCE = /^[a-z0-9_.-]{1,100}$/;

/** The parts of `name:instance`, or `undefined` where the text is anything else. */
export function parseComponentId(text: string): ComponentId | undefined {
  const [, component, instance] = COMPONENT_ID.exec(text) ?? [];
  return component === undefined || instance === undefined ? undefined : { component, instance };
}

/** `name:instance`. */
export function formatComponentId({ component, instance }: ComponentId): string {
  return `${component}:${instance}`;
}

/**
 * The instance a page's component has. Other props make another instance, so that two pages can never
 * share the state of components that are about different things.
 * @throws {TypeError} when the name breaks the grammar of instances
 */
export function instanceFor(name: string, props: unknown): string {
  if (!INSTANCE.test(name)) throw new TypeError(`The instance "${name}" is not of the form ${INSTANCE.source}.`);
  if (props === undefined) return name;
  return `${name}.${createHash("sha256").update(canonicalJson(props)).digest("hex").slice(0, 16)}`;
}
