import { State, type Centrifuge } from "centrifuge";

/** The channel by which a server tells what of live components is stale. */
const CHANNEL = ":live";
/** What is said on the document of a page: by a connection that takes news along, and by who looks for one. */
const HERE = "live:carrier";
const WANTED = "live:carrier-wanted";
/** What becomes of a connection that is open no more. */
const LOST = ["connecting", "disconnected"] as const;

type Told = (news: unknown) => void;

/**
 * Takes news of the page's live components along, so that the page needs no stream for them. Whether that is wanted, the
 * live client knows from its server. The two are scripts of their own and find each other by events of the document.
 */
export class LiveCarrier {
  readonly #client: Centrifuge;

  /** @param page - the document; a connection outside of pages carries nothing */
  constructor(client: Centrifuge, page: EventTarget) {
    this.#client = client;
    const say = (): void => void page.dispatchEvent(new CustomEvent(HERE, { detail: this }));
    for (const change of ["connected", "connecting", "disconnected"] as const) client.on(change, say);
    page.addEventListener(WANTED, say);
    // For good: a client has no way back from there.
    client.on("disconnected", () => page.removeEventListener(WANTED, say));
  }

  get isOpen(): boolean {
    return this.#client.state === State.Connected;
  }

  /** Asks for news, and passes on what comes. Resolves once no more does, and rejects where nothing did. */
  async follow(request: object, told: Told, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const subscription = this.#client.newSubscription(CHANNEL, { data: request });
    let hasBegun = false;
    const end = (): void => {
      signal.removeEventListener("abort", end);
      for (const change of LOST) this.#client.removeListener(change, end);
      subscription.removeAllListeners();
      subscription.unsubscribe();
      this.#client.removeSubscription(subscription);
      if (hasBegun) resolve();
      else reject(new Error("The news did not begin."));
    };
    // Given up at once, so that the next one may have the channel.
    signal.addEventListener("abort", end);
    subscription.subscribe();
    subscription.on("subscribed", () => (hasBegun = true));
    subscription.on("publication", ({ data }) => told(data));
    // Nothing is asked for again as it was: by then there is another position to come back from.
    for (const change of ["subscribing", "unsubscribed", "error"] as const) subscription.on(change, end);
    // A subscription that has not begun yet says nothing when the connection ends, and would wait for another for ever.
    for (const change of LOST) this.#client.on(change, end);
    return promise;
  }
}
