import type { Outcome } from "../../kernel/outcome.ts";
import { pause, type Timers } from "../../kernel/timers.ts";
import { channelName } from "../../realtime/channel-name.ts";
import type { Attended } from "../../realtime/connection/parts.ts";

/** What attendances are told by. */
export interface AttendancesParts {
  readonly perform: (what: "joined" | "left", attended: Attended) => Promise<Outcome>;
  readonly timers: Timers;
  readonly report: (error: unknown) => void;
}

/** Milliseconds that a server which stops goes on telling who has left. */
const LAST_WORDS = 10_000;

/**
 * Tells actors who comes and goes: of one connection on one channel in the order in which it happened, however long the
 * way to the actor takes.
 */
export class Attendances {
  readonly #parts: AttendancesParts;
  readonly #pending = new Map<string, Promise<unknown>>();
  #isOver = false;

  constructor(parts: AttendancesParts) {
    this.#parts = parts;
  }

  tell(what: "joined" | "left", attended: Attended): void {
    const { perform, report } = this.#parts;
    const { address, channel, connection } = attended;
    const name = `${connection} ${address.tenant} ${channelName(address, channel)}`;
    const before = this.#pending.get(name) ?? Promise.resolve();
    // Whatever goes wrong with an attempt is recorded as of any.
    const told = before.then(() => (this.#isOver ? undefined : perform(what, attended))).catch(report);
    this.#pending.set(name, told);
    void told.then(() => {
      if (this.#pending.get(name) === told) this.#pending.delete(name);
    });
  }

  /** Resolves once all has been told that there is to tell, or there is no more time for it; nothing is told after that. */
  async settle(): Promise<void> {
    const told = Promise.all(this.#pending.values()).then(() => undefined);
    await pause(this.#parts.timers, LAST_WORDS, { sooner: told });
    this.#isOver = true;
  }
}
