import type { AnyAction } from "../kernel/action.ts";
import type { Entrance } from "../kernel/attempt.ts";
import type { Gate } from "../kernel/gate.ts";

interface Mounted {
  readonly action: AnyAction;
  readonly entrance: Entrance;
}

/** The actions that are mounted as routes. A route whose action the gate does not know would never admit anybody. */
export class MountedActions {
  readonly #gate: () => Gate;
  readonly #mounted: Mounted[] = [];
  #known: ReadonlySet<string> | undefined;

  constructor(gate: () => Gate) {
    this.#gate = gate;
  }

  /** Notes a route; what it returns throws a TypeError, once there is a gate, when the route leads nowhere. */
  add(action: AnyAction, entrance: Entrance): () => void {
    const mounted = { action, entrance };
    this.#mounted.push(mounted);
    return () => {
      const fault = this.#faultOf(mounted);
      if (fault !== undefined) throw new TypeError(fault);
    };
  }

  /** What is wrong with the routes, and how to mend it. */
  faults(): readonly string[] {
    return [...new Set(this.#mounted.map((mounted) => this.#faultOf(mounted)))].filter((fault) => fault !== undefined);
  }

  #faultOf({ action: { name, entrances }, entrance }: Mounted): string | undefined {
    this.#known ??= new Set(
      this.#gate()
        .inventory()
        .map((row) => `${row.entrance} ${row.action}`),
    );
    if (this.#known.has(`${entrance} ${name}`)) return undefined;
    const mend = entrances.includes(entrance)
      ? "is not registered at the gate; add it to the application's actions."
      : `does not name it; add "${entrance}" to its entrances (${entrances.join(", ")}).`;
    return `The action ${name} is mounted as a route at the entrance "${entrance}" but ${mend}`;
  }
}
