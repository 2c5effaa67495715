import type { RealtimeKit, Coming } from "./realtime-kit.ts";
import { MemoryLine } from "./realtime-line.ts";

/** What clients know as the class `WebSocket`: each one made is a line of a kit. */
export interface MemorySockets {
  readonly WebSocket: new (url: string) => object;
  /** The lines that were opened, the newest last. */
  readonly lines: readonly MemoryLine[];
}

/** Sockets over lines in memory, opened as somebody. */
export function memorySockets(kit: RealtimeKit, coming: Coming): MemorySockets {
  const lines: MemoryLine[] = [];

  class MemorySocket {
    onopen: (() => void) | undefined;
    onmessage: ((event: { readonly data: string }) => void) | undefined;
    onclose: ((event: { readonly code: number; readonly reason: string }) => void) | undefined;
    readonly #line: MemoryLine;
    #told = 0;

    constructor(_: string) {
      this.#line = kit.open({ ...coming, line: new MemoryLine("websocket", () => this.#tell()) });
      lines.push(this.#line);
      setImmediate(() => this.onopen?.());
    }

    send(text: string): void {
      this.#line.say(text);
    }

    close(): void {
      this.#line.hangUp();
    }

    #tell(): void {
      const { messages, ended, isOpen } = this.#line;
      for (const message of messages.slice(this.#told)) this.onmessage?.({ data: new TextDecoder().decode(message) });
      this.#told = messages.length;
      // As in browsers, the end is a task of its own: what came before it has been understood by then.
      if (!isOpen) setImmediate(() => this.#end(typeof ended === "object" ? ended : { code: 1006, reason: "" }));
    }

    #end(closing: { readonly code: number; readonly reason: string }): void {
      this.onclose?.(closing);
      this.onclose = undefined;
    }
  }

  return { WebSocket: MemorySocket, lines };
}
