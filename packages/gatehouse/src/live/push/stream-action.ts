import type { StandardSchemaV1 } from "@standard-schema/spec";
import { addressKey, createAddressRanges } from "../../guards/address.ts";
import { principalSubject } from "../../guards/admit-principal.ts";
import type { EdgeSessions } from "../../http/edge-sessions.ts";
import { defineAction, type ActionContext, type AnyAction } from "../../kernel/action.ts";
import { events } from "../../kernel/events.ts";
import { deny, isDenial, type Denial } from "../../kernel/outcome.ts";
import type { Bans, BanSubject } from "../../kernel/ports/bans.ts";
import type { PushSource } from "../../kernel/ports/push-source.ts";
import { formatComponentId } from "../component-id.ts";
import type { AnyLiveComponent } from "../component.ts";
import { isVisible } from "../content.ts";
import { liveProblems } from "../problems.ts";
import { ownerOf } from "../state.ts";
import type { Followed, Follower } from "./follower.ts";
import type { Push } from "./push.ts";
import { readStreamRequest, type StreamRequest } from "./stream-wire.ts";

/** Name of the action that opens streams. */
export const STREAM = "live.stream";

/** Connections of `realtime` that hear of news as streams do. */
export const NEWS: PushSource = { channel: ":live", action: "live.follow" };

/** Input of both. */
export type StreamCall = Pick<StreamRequest, "components" | "lastEventId">;

/** What the action works with. */
export interface StreamActionParts {
  readonly push: Push;
  readonly find: (name: string) => AnyLiveComponent | undefined;
  readonly sessions: Pick<EdgeSessions, "isCurrent">;
  /** Absent: nobody is banned. */
  readonly bans: Pick<Bans, "find"> | undefined;
  /** Ranges whose callers are not refused. */
  readonly trustedCidrs: readonly string[];
  /** Attempts in 60 seconds. */
  readonly limit: number;
  /** See `PushOptions`. */
  readonly connectionBytes: number;
}

const PASSED_ON: StandardSchemaV1<StreamCall, StreamCall> = {
  "~standard": {
    version: 1,
    vendor: "gatehouse",
    // The route has read it; nothing else reaches the live entrance under this name.
    validate: (value) => ({ value: value as StreamCall }),
  },
};

const FROM_CONNECTION: StandardSchemaV1<unknown, StreamCall> = {
  "~standard": {
    version: 1,
    vendor: "gatehouse",
    validate: (value) => {
      const read = readStreamRequest({ kind: "json", value });
      return isDenial(read) ? { issues: [{ message: read.detail ?? "" }] } : { value: read };
    },
  },
};

/**
 * Opens the stream over which a browser hears what became stale. What is followed is what the server sealed into the
 * page, for this session; who may not load a component any more is told no more about it than that. Connections of
 * `realtime` ask for the same under another name; what they hear ends when what they came with does.
 */
export function streamActions(parts: StreamActionParts): readonly AnyAction[] {
  const shared = follows(parts);
  const stream = defineAction({ ...shared, name: STREAM, entrances: ["live"], input: PASSED_ON });
  if (parts.connectionBytes === 0) return [stream];
  return [stream, defineAction({ ...shared, name: NEWS.action, entrances: ["realtime"], input: FROM_CONNECTION })];
}

/** What both do. */
function follows(parts: StreamActionParts) {
  const trusted = createAddressRanges(parts.trustedCidrs);
  return {
    effects: "none",
    authorise: "public",
    limits: [{ name: STREAM, by: ["session"], rule: { kind: "window", limit: parts.limit, window: 60_000 } }],
    run: async (context: Context): Promise<Follower | Denial> => {
      const followed = openTokens(parts, context);
      if ("problem" in followed) return followed;
      const { attempt, principal, input } = context;
      const address = addressKey(attempt.peer.ip);
      const subjects = subjectsOf(context, address);
      const exempt = trusted.has(attempt.peer.ip);
      const credential = attempt.credentials.find((given) => given.kind === "session")?.id;
      return parts.push.follow(
        {
          ...{ components: followed, owner: ownerOf(principal), session: principal.session, address },
          isBanned: () => !exempt && parts.bans?.find(subjects, attempt.entrance) !== undefined,
          isCurrent: async () => credential === undefined || parts.sessions.isCurrent(credential),
        },
        input.lastEventId,
      );
    },
  } as const;
}

type Context = ActionContext<StreamCall, "none">;

/** What is followed; where a token is not this visitor's or too old, the denial says of which components. */
function openTokens(
  { push, find }: StreamActionParts,
  { input, attempt, principal, now }: Context,
): Followed[] | Denial {
  const owner = ownerOf(principal);
  const refused: string[] = [];
  const followed: Followed[] = [];
  for (const { id, topics: token, joining } of input.components) {
    const component = find(id.component);
    const topics = push.tokens.open({ tenant: attempt.tenant, ...id, owner }, token, now);
    const view = { principal, tenant: attempt.tenant, instance: id.instance };
    if (component === undefined || topics === undefined || !isVisible(component, { ...view, props: topics.props }))
      refused.push(formatComponentId(id));
    else followed.push({ id: formatComponentId(id), topics, joining });
  }
  if (refused.length === 0) return followed;
  return deny(liveProblems.TOPICS_REFUSED, {
    event: events.request_refused,
    context: { what: "topics", components: refused.length },
    extensions: { components: refused },
  });
}

function subjectsOf({ principal }: Context, address: string): readonly BanSubject[] {
  const subject = principalSubject(principal);
  return [
    { kind: "ip", value: address },
    ...(subject === undefined ? [] : [subject]),
    ...(principal.session === undefined ? [] : [{ kind: "session", value: principal.session } as const]),
  ];
}
