import { ownPath } from "../http/own-path.ts";
import { formatComponentId, type ComponentId } from "./component-id.ts";

/** Query member that carries a sealed state: the component's id, a space, the state. */
const MEMBER = "live-state";
/** Characters. Longer addresses are refused on the way. */
const LONGEST = 4096;

/**
 * Where a browser without scripts goes after a form of a component whose state is in the page alone: the page, with the
 * new state in its address. The path stays as it is where the state is too long for that.
 */
export function withPageState(path: string, { id, seed }: { readonly id: ComponentId; readonly seed: string }): string {
  const [address = "", ...fragment] = path.split("#");
  const [page, query] = address.split("?");
  const members = new URLSearchParams(query);
  const others = members.getAll(MEMBER).filter((value) => !value.startsWith(`${formatComponentId(id)} `));
  members.delete(MEMBER);
  for (const value of [...others, `${formatComponentId(id)} ${seed}`]) members.append(MEMBER, value);
  const next = [`${page}?${members.toString()}`, ...fragment].join("#");
  return next.length > LONGEST ? path : (ownPath(next) ?? path);
}

/** The sealed state that the address of a page has for a component. */
export function pageStateOf(url: URL, id: ComponentId): string | undefined {
  const name = `${formatComponentId(id)} `;
  const found = url.searchParams.getAll(MEMBER).find((value) => value.startsWith(name));
  return found?.slice(name.length);
}
