import { isDenial, deny, type Denial, type Success } from "../../kernel/outcome.ts";
import { DEFAULT_CHANNEL } from "../channel-name.ts";
import { realtimeProblems } from "../problems.ts";
import type { ChannelCommand, HistoryCommand, PublishCommand, RpcCommand } from "../protocol/command.ts";
import { json, wirePublication } from "../protocol/encode.ts";
import type { HistoryInput, HistoryResult, PublishInput } from "../subscription.ts";
import { otherActor, type ConnectionAttempts } from "./attempts.ts";
import type { Answer } from "./channels.ts";
import type { Shared } from "./shared.ts";

/** What is read where the connection is, and not where the actor is. */
const STATE = "state";
/** What has a command of the protocol to itself. */
const RESERVED: ReadonlySet<string> = new Set(["subscribe", "history", "presence", "publish"]);

/** What a connection can ask of actors. */
export class Commands {
  readonly #shared: Shared;
  readonly #attempts: ConnectionAttempts;

  constructor(shared: Shared, attempts: ConnectionAttempts) {
    this.#shared = shared;
    this.#attempts = attempts;
  }

  /** Calls a command of an actor. */
  async call({ call, key, input, id }: RpcCommand): Promise<Answer | Denial> {
    const [type = "", verb = ""] = call.split(".");
    const parts = this.#shared.actors.partsOf(type);
    if (RESERVED.has(verb)) return deny(realtimeProblems.METHOD_UNKNOWN);
    if (parts === undefined || !this.#shared.actors.has(call)) return this.#attempts.refuseUnknown(call);
    if (key.length !== parts) return deny(realtimeProblems.FRAME_MALFORMED);
    if (!this.#attempts.mayAddress({ type, key })) return otherActor();
    const outcome =
      verb === STATE
        ? await this.#attempts.make(call, { key, channel: channelOf(input) })
        : await this.#attempts.command(call, { tenant: this.#attempts.tenant, type, key }, { input, id });
    return outcome.ok ? { data: json(outcome.value) } : outcome;
  }

  /** Has an actor publish. */
  async publish({ channel: name, data }: PublishCommand): Promise<Answer | Denial> {
    const parts = await this.#attempts.resolve(name, "publish");
    if (isDenial(parts)) return parts;
    const { type, key, channel } = parts;
    if (!this.#shared.actors.has(`${type}.publish`)) return this.#attempts.refuseUnknown(`${type}.publish`);
    const input: PublishInput = { channel, data };
    const address = { tenant: this.#attempts.tenant, type, key };
    const outcome = await this.#attempts.command(`${type}.publish`, address, { input });
    return outcome.ok ? {} : outcome;
  }

  /** Reads what a channel published lately. */
  async history({ channel: name, limit, since, reverse }: HistoryCommand): Promise<Answer | Denial> {
    const parts = await this.#attempts.resolve(name, "history");
    if (isDenial(parts)) return parts;
    const { type, key, channel } = parts;
    const input: HistoryInput = { key, channel, limit, reverse, ...(since === undefined ? {} : { since }) };
    const outcome = await this.#attempts.make(`${type}.history`, input);
    if (!outcome.ok) return outcome;
    const { epoch, offset, publications } = historyResult(outcome);
    return { epoch, offset, publications: publications.map(wirePublication) };
  }

  /** Who is on a channel, or how many. */
  async presence({ method, channel: name }: ChannelCommand): Promise<Answer | Denial> {
    const parts = await this.#attempts.resolve(name, "presence");
    if (isDenial(parts)) return parts;
    const { type, key, channel } = parts;
    const outcome = await this.#attempts.make(`${type}.presence`, { key, channel });
    if (!outcome.ok) return outcome;
    const { presence } = this.#shared;
    const where = { tenant: this.#attempts.tenant, channel: name };
    if (method === "presence_stats") {
      const { clients, users } = await presence.stats(where);
      return { num_clients: clients, num_users: users };
    }
    const members = await presence.members(where);
    return { presence: Object.fromEntries(members.map((member) => [member.client, member])) };
  }
}

/** The channel as of which a state is asked for: `input` is `{channel?}`. */
function channelOf(input: unknown): unknown {
  if (typeof input !== "object" || input === null || !("channel" in input)) return DEFAULT_CHANNEL;
  return input.channel;
}

function historyResult(outcome: Success<unknown>): HistoryResult {
  // What `<type>.history` results in where it succeeds.
  return outcome.value as HistoryResult;
}
