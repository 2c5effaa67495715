import type { ParsedBody } from "../../http/body.ts";
import { isDenial, type Denial } from "../../kernel/outcome.ts";
import type { ComponentId } from "../component-id.ts";
import { isOptionalText, readComponentId } from "../wire-basis.ts";
import { malformed } from "../wire-refusal.ts";

/** A component that a browser wants to follow. */
export interface Wanted {
  readonly id: ComponentId;
  /** The token its element carries. */
  readonly topics: string;
  /** Whether it is new since the stream that `lastEventId` is of. */
  readonly joining: boolean;
}

/** A request for a stream, as it was understood. */
export interface StreamRequest {
  readonly components: readonly Wanted[];
  readonly lastEventId: string | undefined;
  readonly csrfToken: string | undefined;
}

type Members = Readonly<Record<string, unknown>>;

const MEMBERS: ReadonlySet<string> = new Set(["components", "last_event_id", "_csrf_token"]);
const OWN_MEMBERS: ReadonlySet<string> = new Set(["component_id", "topics", "joining"]);
/** Components that all tabs of a browser follow together. */
const MOST_FOLLOWED = 200;
const LONGEST_TOPICS = 16_384;
const LONGEST_TEXT = 1024;

/** Understands the body of a request for a stream, or says what is wrong with it. */
export function readStreamRequest(body: ParsedBody): StreamRequest | Denial {
  const members = body.kind === "json" ? membersOf(body.value, MEMBERS) : undefined;
  if (members === undefined) return malformed("The body must be a JSON object of known members.");
  const { last_event_id: lastEventId, _csrf_token: csrfToken, components } = members;
  if (!isOptionalText(csrfToken, LONGEST_TEXT)) return malformed("_csrf_token must be text.");
  if (!isOptionalText(lastEventId, LONGEST_TEXT)) return malformed("last_event_id must be text.");
  if (!Array.isArray(components) || components.length === 0 || components.length > MOST_FOLLOWED)
    return malformed(`components must be a list of 1 to ${MOST_FOLLOWED}.`);
  const wanted = new Map<string, Wanted>();
  const entries: unknown[] = components;
  for (const entry of entries) {
    const one = readWanted(entry);
    if (isDenial(one)) return one;
    wanted.set(`${one.id.component}:${one.id.instance}`, one);
  }
  if (wanted.size < components.length) return malformed("components names a component twice.");
  return { components: [...wanted.values()], lastEventId, csrfToken };
}

function readWanted(entry: unknown): Wanted | Denial {
  const members = membersOf(entry, OWN_MEMBERS);
  if (members === undefined) return malformed("components must be a list of objects of known members.");
  const { topics, joining = false } = members;
  const id = readComponentId(members["component_id"]);
  if (isDenial(id)) return id;
  if (typeof topics !== "string" || topics.length > LONGEST_TOPICS) return malformed("topics must be text.");
  if (typeof joining !== "boolean") return malformed("joining must be true or false.");
  return { id, topics, joining };
}

function membersOf(value: unknown, known: ReadonlySet<string>): Members | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  // A JSON object can be read as a record; each member is checked before it is used.
  return Object.keys(value).every((name) => known.has(name)) ? (value as Members) : undefined;
}
