import { Memo } from "../../kernel/memo.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { ActorAddress, ActorRecords } from "../../kernel/ports/actors.ts";
import type { Store } from "../../kernel/ports/store.ts";
import type { NodeHeartbeat } from "./node-heartbeat.ts";
import { chooseWorker } from "./rendezvous.ts";

/** What finding owners needs. */
export interface OwnersParts {
  readonly actors: Pick<ActorRecords, "find">;
  readonly store: Pick<Store, "read">;
  readonly heartbeat: Pick<NodeHeartbeat, "isAlive" | "living">;
  readonly clock: Clock;
}

/** Milliseconds an owner is remembered: the node that is asked corrects what is wrong. */
const REMEMBERED = 10_000;
const MOST_REMEMBERED = 10_000;

/** Which node runs an actor, or is to claim it. */
export class Owners {
  readonly #parts: OwnersParts;
  readonly #known = new Memo<{ readonly owner: string; readonly until: number }>(MOST_REMEMBERED);

  constructor(parts: OwnersParts) {
    this.#parts = parts;
  }

  /** The owner while it lives, else the worker that is to claim the actor; `undefined` where no worker lives. */
  async find(address: ActorAddress): Promise<string | undefined> {
    const { actors, store, heartbeat, clock } = this.#parts;
    const name = nameOf(address);
    const known = this.#known.get(name);
    if (known !== undefined && known.until > clock.monotonic() && heartbeat.isAlive(known.owner)) return known.owner;
    const record = await store.read((transaction) => actors.find(transaction, address));
    if (record !== undefined && heartbeat.isAlive(record.owner)) return this.#remember(name, record.owner);
    const workers = heartbeat.living.filter(({ roles }) => roles.includes("worker")).map(({ id }) => id);
    return chooseWorker(workers, address);
  }

  /** Notes who was said to own an actor, or where a command of it was carried out. */
  learn(address: ActorAddress, owner: string): void {
    this.#remember(nameOf(address), owner);
  }

  /** Makes the next search look into the store. */
  forget(address: ActorAddress): void {
    this.#known.set(nameOf(address), { owner: "", until: -Infinity });
  }

  #remember(name: string, owner: string): string {
    this.#known.set(name, { owner, until: this.#parts.clock.monotonic() + REMEMBERED });
    return owner;
  }
}

function nameOf({ tenant, type, key }: ActorAddress): string {
  return JSON.stringify([tenant, type, ...key]);
}
