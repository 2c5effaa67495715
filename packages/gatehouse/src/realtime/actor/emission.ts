import type { Principal } from "../../kernel/attempt.ts";
import type { Schemas } from "./context.ts";
import type { DeclaredActor, DeclaredEvent } from "./declared.ts";
import { AmbiguousTargetError, type Emit, type EmitTarget } from "./emit.ts";
import { requireFit } from "./schema.ts";
import { isLarger, LARGEST_TOLD } from "./text-size.ts";
import { recipientOf, STRANGER } from "../recipient.ts";

/** Something that is to be told once the turn is durable. */
export interface Emitted {
  readonly event: DeclaredEvent;
  /** The name of a channel of the actor. */
  readonly channel: string;
  /** JSON: what subscribers get. */
  readonly data: string;
  /** The only principal that hears it. */
  readonly user?: string;
  /** The only connection that hears it. */
  readonly connection?: string;
  /** The connection that does not hear it. */
  readonly except?: string | undefined;
}

/** Who emits. */
export interface EmissionParts {
  readonly actor: DeclaredActor;
  readonly principal: Principal;
  readonly connection: string | undefined;
  /** Whether events are held against their schemas. */
  readonly checked: boolean;
  /** Whether durable events can be emitted here. */
  readonly durable: boolean;
}

type Whom = Partial<Pick<Emitted, "channel" | "user" | "connection" | "except">>;

/** What one call emits. Nothing leaves by itself. */
export class Emission {
  readonly emitted: Emitted[] = [];
  readonly #parts: EmissionParts;

  constructor(parts: EmissionParts) {
    this.#parts = parts;
  }

  /** What functions of actors emit with. */
  get emit(): Emit<Schemas> {
    const { connection: sender } = this.#parts;
    const emit = (event: string, data: unknown): void => this.#add(event, data, {});
    return Object.assign(emit, {
      toChannel: (channel: string, event: string, data: unknown) => this.#add(event, data, { channel }),
      toOthers: (event: string, data: unknown) => this.#add(event, data, { except: sender }),
      toUser: (user: string, event: string, data: unknown) => this.#add(event, data, { user }),
      toConnection: (connection: string, event: string, data: unknown) => this.#add(event, data, { connection }),
      to: (target: EmitTarget) => {
        const whom = this.#resolve(target);
        return { emit: (event: string, data: unknown) => this.#add(event, data, { ...whom, except: sender }) };
      },
    });
  }

  #add(name: string, data: unknown, whom: Whom): void {
    const { actor, checked, durable } = this.#parts;
    const event = actor.events.get(name);
    if (event === undefined) throw new TypeError(`${actor.type} has no event ${name}.`);
    const { channel = event.channel } = whom;
    if (!actor.channels.has(channel)) throw new TypeError(`${actor.type} has no channel ${channel}.`);
    if (!event.volatile && !durable) throw new TypeError(`${name} is durable; signals emit volatile events alone.`);
    if (whom.user === STRANGER) throw new TypeError("Strangers have no name by which one of them could be told apart.");
    if (checked) requireFit(event.schema, data, `What the event ${name} of ${actor.type} carries`);
    const text = JSON.stringify({ event: name, data });
    if (isLarger(text, LARGEST_TOLD))
      throw new RangeError(`What the event ${name} of ${actor.type} carries has ${LARGEST_TOLD} bytes at most.`);
    this.emitted.push({ ...whom, event, channel, data: text });
  }

  #resolve(target: EmitTarget): Whom {
    if (typeof target !== "string") return target;
    const { actor, principal } = this.#parts;
    if (!actor.channels.has(target)) {
      throw new AmbiguousTargetError(
        `${actor.type} has no channel ${target}; say { user } where that is whom you mean.`,
      );
    }
    if (recipientOf(principal) === target) {
      throw new AmbiguousTargetError(`${target} is a channel and a principal; say { channel } or { user }.`);
    }
    return { channel: target };
  }
}
