/** What the server tells of news over a connection: the messages of a stream. */
export interface CarriedNews {
  readonly event: "open" | "beat" | "stale" | "reset";
  readonly id: string;
  readonly components?: readonly string[];
}

/** A connection of the page's application, which takes news of components along. `gatehouse/realtime/client` has it. */
export interface Carrier {
  readonly isOpen: boolean;
  /**
   * Asks for news, and passes on what comes. Resolves once no more does, and rejects where nothing did.
   * Only one at a time: what was asked for before has to be given up first.
   */
  readonly follow: (request: object, told: (news: CarriedNews) => void, signal: AbortSignal) => Promise<void>;
}

/** Said on the document by whoever carries: at first, when asked, and when its connection has opened or is lost. */
const HERE = "live:carrier";
const WANTED = "live:carrier-wanted";
/** Milliseconds for which a connection is waited for, at first and when it was lost; what happens meanwhile is told later. */
const PATIENCE = 3_000;

/** Finds the connection that news can travel over. */
export class Carriers {
  /** The largest request that the server takes over it, in bytes; 0 where it takes none. */
  readonly #largest = Number(document.querySelector<HTMLMetaElement>("meta[name=live-push]")?.content ?? 0);
  readonly #opened: () => void;
  #carrier: Carrier | undefined;
  #patientUntil = 0;

  /** @param opened - called when there is a connection that was not there before */
  constructor(opened: () => void, signal: AbortSignal) {
    this.#opened = opened;
    if (this.#largest === 0) return;
    this.wait();
    document.addEventListener(HERE, this.#hear, { signal });
    document.dispatchEvent(new CustomEvent(WANTED));
  }

  /** Milliseconds for which a connection is still waited for. */
  get patience(): number {
    return this.#carrier === undefined ? Math.max(0, this.#patientUntil - performance.now()) : 0;
  }

  /** Waits a while for a connection. */
  wait(): void {
    this.#patientUntil = performance.now() + PATIENCE;
  }

  /** The connection that a request can travel over now. */
  for(request: object): Carrier | undefined {
    const bytes = new TextEncoder().encode(JSON.stringify(request)).length;
    return bytes <= this.#largest ? this.#carrier : undefined;
  }

  readonly #hear = (event: Event): void => {
    // What says so under this name is a carrier.
    const { detail: carrier } = event as CustomEvent<Carrier>;
    if (!carrier.isOpen) {
      if (this.#carrier === carrier) this.#carrier = undefined;
    } else if (this.#carrier === undefined) {
      this.#carrier = carrier;
      this.#opened();
    }
  };
}
