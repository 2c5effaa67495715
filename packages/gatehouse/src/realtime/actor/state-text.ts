import type { ActorAddress } from "../../kernel/ports/actors.ts";
import type { SealBinding, Sealer } from "../../kernel/seal.ts";
import { isSecret, Secret } from "./secret.ts";

/** What secrets are sealed with. */
export type StateSealer = Pick<Sealer, "seal" | "open" | "needsReseal">;

/** What writes and reads states. */
export interface StateTextParts {
  readonly sealer: StateSealer;
  readonly address: ActorAddress;
}

/** The names that lead to a value, as a JSON array. */
type Path = string;

interface Written {
  readonly state: unknown;
  /** Sealed JSON by the place it belongs to. */
  readonly secrets?: Readonly<Record<Path, string>>;
}

/** Where a secret that was read came from, so that it need not be sealed again at every turn, but after a rotation. */
interface Origin {
  readonly path: Path;
  readonly sealed: string;
}

const origins = new WeakMap<Secret, Origin>();

/** A state as it is stored: JSON, with the secrets taken out of it and sealed beside it. */
export function writeState(state: object, parts: StateTextParts): string {
  const secrets: Record<Path, string> = {};
  const plain = withoutSecrets(state, [], (found, path) => (secrets[path] = sealSecret(found, path, parts)));
  const written: Written = Object.keys(secrets).length === 0 ? { state: plain } : { state: plain, secrets };
  return JSON.stringify(written);
}

/** A state from its text, which only `writeState` can have written; a new object each time. */
export function readState(text: string, parts: StateTextParts): unknown {
  // Only `writeState` writes the column.
  const { state, secrets } = JSON.parse(text) as Written;
  if (secrets === undefined) return state;
  for (const [path, sealed] of Object.entries(secrets)) put(state, path, openLater(path, sealed, parts));
  return state;
}

function sealSecret(found: Secret, path: Path, { sealer, address }: StateTextParts): string {
  const origin = origins.get(found);
  if (origin?.path === path && !sealer.needsReseal(origin.sealed)) return origin.sealed;
  return sealer.seal(JSON.stringify({ value: found.reveal() }), bindingOf(address, path));
}

function openLater(path: Path, sealed: string, { sealer, address }: StateTextParts): Secret {
  const found = new Secret(() => {
    // Only `sealSecret` seals under this binding.
    const { value } = JSON.parse(sealer.open(sealed, bindingOf(address, path))) as { readonly value: unknown };
    return value;
  });
  origins.set(found, { path, sealed });
  return found;
}

/** A secret opens in its own place of its own actor alone. */
function bindingOf({ tenant, type, key }: ActorAddress, path: Path): SealBinding {
  return { purpose: "actor-secret", context: [tenant, type, String(key.length), ...key, path] };
}

/** The value itself where it holds no secret, which is the rule; a copy where it does. */
function withoutSecrets(
  value: object,
  path: readonly string[],
  found: (secret: Secret, path: Path) => void,
): object | null {
  if (isSecret(value)) {
    found(value, JSON.stringify(path));
    return null;
  }
  let copy: Map<string, unknown> | undefined;
  const members: [string, unknown][] = Object.entries(value);
  for (const [name, child] of members) {
    if (typeof child !== "object" || child === null) continue;
    const plain = withoutSecrets(child, [...path, name], found);
    if (plain === child) continue;
    copy ??= new Map(members);
    copy.set(name, plain);
  }
  if (copy === undefined) return value;
  return Array.isArray(value) ? [...copy.values()] : Object.fromEntries(copy);
}

function put(state: unknown, path: Path, value: Secret): void {
  // Only `withoutSecrets` makes paths, of names that lead somewhere in this very state.
  const names = JSON.parse(path) as string[];
  const last = names.pop() ?? "";
  let place = state;
  // See above.
  for (const name of names) place = (place as Readonly<Record<string, unknown>>)[name];
  Object.defineProperty(place, last, { value, enumerable: true, configurable: true, writable: true });
}
