import { deny, isDenial, type Denial } from "../../kernel/outcome.ts";
import { problems } from "../../kernel/problems.ts";

/** Something that is done about a message; what it answers is the reply. `false` stops a message. */
// oxlint-disable-next-line typescript/no-explicit-any -- contexts are contravariant: a room only ever gives its own
export type AnyRoomHandler = (context: any, data: any) => unknown;

/** The name of handlers that see every message first. */
const EVERY = "*";

/** What is done about the messages of a room. Handlers stay until they are taken off. */
export class RoomHandlers {
  readonly #handlers = new Map<string, Set<AnyRoomHandler>>();

  on(type: string, handler: AnyRoomHandler): void {
    const known = this.#handlers.get(type) ?? new Set();
    this.#handlers.set(type, known.add(handler));
  }

  off(type: string, handler?: AnyRoomHandler): void {
    if (handler === undefined) this.#handlers.delete(type);
    else this.#handlers.get(type)?.delete(handler);
  }

  /**
   * Those for every message first, in the order in which they were added: each may stop it by a denial or `false`. Then
   * those for this type; the last answer is the reply. `otherwise` where there is none.
   */
  async run(
    type: string,
    call: { readonly context: object; readonly data: unknown },
    otherwise?: AnyRoomHandler,
  ): Promise<unknown> {
    const { context, data } = call;
    for (const handler of this.#handlers.get(EVERY) ?? []) {
      const stopped = stopOf(await handler(context, data));
      if (stopped !== undefined) return stopped;
    }
    const own = [...(this.#handlers.get(type) ?? [])];
    const handlers = own.length === 0 && otherwise !== undefined ? [otherwise] : own;
    if (handlers.length === 0) return deny(problems.ACTION_NOT_FOUND);
    let reply: unknown;
    for (const handler of handlers) {
      const answer: unknown = await handler(context, data);
      if (isDenial(answer)) return answer;
      if (answer !== undefined) reply = answer;
    }
    return reply;
  }
}

function stopOf(answer: unknown): Denial | undefined {
  if (isDenial(answer)) return answer;
  return answer === false ? deny(problems.PERMISSION_DENIED) : undefined;
}
