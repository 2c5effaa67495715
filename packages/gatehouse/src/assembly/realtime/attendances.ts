import type { Outcome } from "../../kernel/outcome.ts";
import { channelName } from "../../realtime/channel-name.ts";
import type { Attended } from "../../realtime/connection/parts.ts";

/**
 * Tells actors who comes and goes: of one connection on one channel in the order in which it happened, however long the
 * way to the actor takes.
 */
export class Attendances {
  readonly #perform: (what: "joined" | "left", attended: Attended) => Promise<Outcome>;
  readonly #report: (error: unknown) => void;
  readonly #pending = new Map<string, Promise<unknown>>();

  constructor(
    perform: (what: "joined" | "left", attended: Attended) => Promise<Outcome>,
    report: (error: unknown) => void,
  ) {
    this.#perform = perform;
    this.#report = report;
  }

  tell(what: "joined" | "left", attended: Attended): void {
    const { address, channel, connection } = attended;
    const name = `${connection} ${address.tenant} ${channelName(address, channel)}`;
    const before = this.#pending.get(name) ?? Promise.resolve();
    // Whatever goes wrong with an attempt is recorded as of any.
    const told = before.then(() => this.#perform(what, attended)).catch(this.#report);
    this.#pending.set(name, told);
    void told.then(() => {
      if (this.#pending.get(name) === told) this.#pending.delete(name);
    });
  }

  /** Resolves once all has been told that there is to tell. */
  async settle(): Promise<void> {
    await Promise.all(this.#pending.values());
  }
}
