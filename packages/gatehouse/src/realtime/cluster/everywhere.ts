import type { NodeHeartbeat } from "./node-heartbeat.ts";
import type { NodeQuestions } from "./node-questions.ts";

/** What a node has answered; `undefined` where nothing came in time. */
export interface NodeAnswer {
  readonly node: string;
  readonly answer: unknown;
}

/** What asking every node needs. */
export interface EverywhereParts {
  /** Absent where this node is the only one. */
  readonly questions: NodeQuestions | undefined;
  readonly heartbeat: NodeHeartbeat;
}

/** Questions that every node is asked: what operators want to know, and what they have done. */
export class Everywhere {
  readonly #parts: EverywhereParts;
  #answer: (question: unknown) => unknown = () => undefined;

  constructor(parts: EverywhereParts) {
    this.#parts = parts;
  }

  /** Says how this node answers. A question that is asked again gets the same answer. */
  serve(answer: (question: unknown) => unknown): void {
    this.#answer = answer;
    this.#parts.questions?.serve(answer);
  }

  /** Asks every node that lives, this one first. Rejects only where this node cannot answer. */
  async ask(question: unknown): Promise<readonly NodeAnswer[]> {
    const { questions, heartbeat } = this.#parts;
    const own = { node: heartbeat.id, answer: await this.#answer(question) };
    if (questions === undefined) return [own];
    await heartbeat.refresh();
    const others = heartbeat.living.map(({ id }) => id).filter((id) => id !== heartbeat.id);
    const askOne = async (node: string): Promise<NodeAnswer> => {
      const told = await questions.ask(node, question);
      return { node, answer: told.kind === "answer" ? told.answer : undefined };
    };
    return [own, ...(await Promise.all(others.map(askOne)))];
  }
}
