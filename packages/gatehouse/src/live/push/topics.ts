import { SealError, type Sealer } from "../../kernel/seal.ts";

/** Longest name of a topic. */
const LONGEST = 200;
/** Most topics of one component. */
const MOST = 16;

/**
 * The key under which news of a topic travel. Topics of one name in different tenants have nothing in common.
 * @throws {TypeError} when a topic has no name, or one that is too long
 */
export function topicKey(tenant: string, topic: string): string {
  if (typeof topic !== "string" || topic === "" || topic.length > LONGEST || !topic.isWellFormed())
    throw new TypeError(`A topic is a text of 1 to ${LONGEST} characters.`);
  return JSON.stringify([tenant, topic]);
}

/** The component whose topics they are, and whom it was rendered for. */
export interface TopicsOwner {
  readonly tenant: string;
  readonly component: string;
  readonly instance: string;
  readonly owner: string;
}

/** What a component follows. */
export interface Topics {
  /** See `topicKey`. */
  readonly keys: readonly string[];
  /** Epoch milliseconds, by the clock of the server that made it: nothing older than that has to be told. */
  readonly madeAt: number;
  /** The server process that made it. */
  readonly maker: string;
  /** The props that the component's rule is asked about, where it has one. */
  readonly props: unknown;
}

/** What tokens are made with. */
export interface TopicTokensParts {
  readonly sealer: Pick<Sealer, "seal" | "open">;
  /** Milliseconds a token can be shown. */
  readonly lifetime: number;
  /** Names this process. */
  readonly maker: string;
}

const PURPOSE = "live-topics";

/**
 * Tokens that stand for the topics of a component in a page: sealed, so that what is followed is the server's word
 * alone, and bound to the component and to whom it was rendered for.
 */
export class TopicTokens {
  readonly #parts: TopicTokensParts;

  constructor(parts: TopicTokensParts) {
    this.#parts = parts;
  }

  /**
   * The token of a component that follows topics; `undefined` for one that follows none.
   * @throws {TypeError} for more topics than a component may have, or malformed ones
   */
  seal(owner: TopicsOwner, { topics, props, now }: Named): string | undefined {
    if (topics.length === 0) return undefined;
    if (topics.length > MOST) throw new TypeError(`${owner.component} has more than ${MOST} topics.`);
    for (const topic of topics) topicKey(owner.tenant, topic);
    const text = JSON.stringify({ topics: [...new Set(topics)], props, at: now, by: this.#parts.maker });
    return this.#parts.sealer.seal(text, bindingOf(owner));
  }

  /** What a token stands for; `undefined` when it is not genuine, not this owner's, or too old. */
  open(owner: TopicsOwner, token: string, now: number): Topics | undefined {
    const opened = this.#read(owner, token);
    if (opened === undefined || now - opened.at > this.#parts.lifetime) return undefined;
    const { topics, props, at: madeAt, by: maker } = opened;
    return { keys: topics.map((topic) => topicKey(owner.tenant, topic)), props, madeAt, maker };
  }

  #read(owner: TopicsOwner, token: string): Sealed | undefined {
    try {
      // `seal` above is the only one to seal under this purpose.
      return JSON.parse(this.#parts.sealer.open(token, bindingOf(owner))) as Sealed;
    } catch (error) {
      if (error instanceof SealError) return undefined;
      throw error;
    }
  }
}

/** What a token is made of. */
interface Named {
  readonly topics: readonly string[];
  readonly props?: unknown;
  /** Epoch milliseconds. */
  readonly now: number;
}

interface Sealed {
  readonly topics: readonly string[];
  readonly props?: unknown;
  readonly at: number;
  readonly by: string;
}

function bindingOf({ tenant, component, instance, owner }: TopicsOwner): {
  purpose: string;
  context: readonly string[];
} {
  return { purpose: PURPOSE, context: [tenant, component, instance, owner] };
}
