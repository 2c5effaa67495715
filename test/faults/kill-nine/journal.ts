import { appendFileSync, existsSync, readFileSync } from "node:fs";

/** Something a visitor means to happen once. */
export interface Intent {
  readonly kind: "sign" | "like" | "charge";
  /** The idempotency key. */
  readonly key: string;
  /** Occurs in the effect and nowhere else. */
  readonly marker: string;
  readonly visitor: number;
  /** Of a like: whether it is given or taken back. */
  readonly liked?: boolean;
}

/** An answer that said the intent was carried out. */
export interface Acknowledgement {
  readonly key: string;
  /** Whether the answer repeats an earlier execution. */
  readonly cached: boolean;
  readonly requestId: string;
}

type Entry = ({ readonly entry: "intent" } & Intent) | ({ readonly entry: "done" } & Acknowledgement);

/** What the drill knows of an intent. */
export interface Account {
  readonly intent: Intent;
  readonly acknowledgements: readonly Acknowledgement[];
}

/** The oracle: a file outside of the server that only grows, written before an intent is sent and after each answer. */
export class Journal {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  begin(intent: Intent): void {
    this.#append({ entry: "intent", ...intent });
  }

  done(acknowledgement: Acknowledgement): void {
    this.#append({ entry: "done", ...acknowledgement });
  }

  /** Whether anything was meant yet. */
  get exists(): boolean {
    return existsSync(this.#file);
  }

  /** Every intent in the order it was meant, with its acknowledgements. */
  accounts(): Account[] {
    const accounts = new Map<string, { intent: Intent; acknowledgements: Acknowledgement[] }>();
    for (const line of readFileSync(this.#file, "utf8").split("\n")) {
      if (line === "") continue;
      const { entry, ...rest }: Entry = JSON.parse(line);
      if (entry === "intent") accounts.set(rest.key, { intent: rest as Intent, acknowledgements: [] });
      else accounts.get(rest.key)?.acknowledgements.push(rest as Acknowledgement);
    }
    return [...accounts.values()];
  }

  #append(entry: Entry): void {
    appendFileSync(this.#file, `${JSON.stringify(entry)}\n`);
  }
}
