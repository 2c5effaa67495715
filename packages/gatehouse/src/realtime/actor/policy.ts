import type { Authorise } from "../../kernel/action.ts";
import type { Attempt, Principal } from "../../kernel/attempt.ts";
import { deny, type Denial } from "../../kernel/outcome.ts";
import type { ActorAddress, ActorRecords } from "../../kernel/ports/actors.ts";
import type { Mute, Mutes } from "../../kernel/ports/mutes.ts";
import type { Store } from "../../kernel/ports/store.ts";
import type { Timers } from "../../kernel/timers.ts";
import type { ChannelInput, CommandInput, SubscribeInput } from "../subscription.ts";
import type { DeclaredActor, DeclaredChannel, DeclaredCommand } from "./declared.ts";
import { actorEvents } from "./events.ts";
import { actorProblems } from "./problems.ts";
import { requireFit } from "./schema.ts";
import { readState, type StateSealer } from "./state-text.ts";
import { withinTime } from "./time-box.ts";
import { keyNames } from "./viewer.ts";

/** What rules are asked with. */
export interface PolicyParts {
  readonly records: ActorRecords;
  readonly sealer: StateSealer;
  readonly timers: Timers;
  /** Who may not speak. Default: everybody may. */
  readonly mutes?: Pick<Mutes, "find"> | undefined;
}

/** Milliseconds a rule may take. */
const LONGEST_RULE = 5000;

interface Asked<Input> {
  readonly principal: Principal;
  readonly input: Input;
  readonly attempt: Attempt;
  readonly read: Store["read"];
}

/** The rule of a command or signal, as actions have it: whoever is muted is refused before the author's rule is asked. */
export function commandRule(
  parts: PolicyParts,
  actor: DeclaredActor,
  { policy }: Pick<DeclaredCommand, "policy">,
): Authorise<CommandInput> | "public" {
  const { mutes, timers } = parts;
  if (policy === "public" && mutes === undefined) return "public";
  return (asked) => {
    const { input, ...rest } = asked;
    const place = placeOf(parts, actor, asked);
    const mute = mutes?.find(asked.principal, place.address);
    if (mute !== undefined) return muted(mute, asked.attempt);
    if (policy === "public") return true;
    const answer = policy({ ...rest, ...place, input: input.input });
    // Types say that a policy answers so; the guard takes nothing but `true` for a yes.
    return withinTime(answer as boolean | Denial | Promise<boolean | Denial>, LONGEST_RULE, timers);
  };
}

function muted({ id, expiresAt }: Mute, { receivedAt }: Attempt): Denial {
  const retryAfter = Math.max(1, Math.ceil((expiresAt - receivedAt) / 1000));
  return deny(actorProblems.ACTOR_MUTED, { retryAfter, event: actorEvents.actor_mute_refused, context: { mute: id } });
}

/** The rules of a channel: its own and those of the events on it. All have to admit. */
export function channelRule(
  parts: PolicyParts,
  actor: DeclaredActor,
  applies: (channel: DeclaredChannel) => boolean = () => true,
): Authorise<ChannelInput> {
  return async (asked) => {
    const channel = actor.channels.get(asked.input.channel);
    if (channel === undefined || !applies(channel)) return deny(actorProblems.CHANNEL_NOT_FOUND);
    return mayHear(parts, actor, { ...asked, channel });
  };
}

/** Whether somebody may hear a channel. */
async function mayHear(
  parts: PolicyParts,
  actor: DeclaredActor,
  asked: Asked<Pick<SubscribeInput, "key" | "data" | "token">> & { readonly channel: DeclaredChannel },
): Promise<boolean> {
  const { principal, input, channel } = asked;
  const { data, token } = input;
  const more = { ...(data !== undefined && { data }), ...(token !== undefined && { token }) };
  const context = { principal, ...placeOf(parts, actor, asked), ...more };
  for (const rule of channel.rules) {
    if ((await withinTime(rule(context), LONGEST_RULE, parts.timers)) !== true) return false;
  }
  return true;
}

/** Which actor it is about, and its state for those who ask. */
function placeOf(
  { records, sealer }: PolicyParts,
  actor: DeclaredActor,
  { input, attempt, read }: Asked<{ readonly key: readonly string[] }>,
): { readonly address: ActorAddress; readonly key: Readonly<Record<string, string>>; state: () => Promise<unknown> } {
  const address = { tenant: attempt.tenant, type: actor.type, key: input.key };
  return {
    address,
    key: keyNames(actor, input.key),
    state: async () => {
      const record = await read((reading) => records.find(reading, address));
      if (record === undefined || record.version === 0) return undefined;
      return requireFit(actor.state, readState(record.state, { sealer, address }), `The state of ${actor.type}`);
    },
  };
}
