import type { Admitted } from "../admitted.ts";
import type { Transport, TransportEvents } from "../transport.ts";

/** What a connection makes of a line: what it hears, and the session by which its client is known. */
export type OpenConnection = (
  transport: Transport,
  admitted: Admitted,
) => TransportEvents & { readonly session: string };

/** The lines of this server, from their opening to their end. */
export class OpenLines {
  readonly #open: OpenConnection;
  readonly #transports = new Set<Transport>();
  #emptied: PromiseWithResolvers<void> | undefined;

  constructor(open: OpenConnection) {
    this.#open = open;
  }

  get size(): number {
    return this.#transports.size;
  }

  /** Gives a line to a connection. When it closes, its place is free. */
  begin(transport: Transport, admitted: Admitted): ReturnType<OpenConnection> {
    const connection = this.#open(transport, admitted);
    this.#transports.add(transport);
    return {
      session: connection.session,
      received: (message) => connection.received(message),
      closed: () => {
        this.#transports.delete(transport);
        admitted.release();
        connection.closed();
        if (this.#transports.size > 0) return;
        this.#emptied?.resolve();
        this.#emptied = undefined;
      },
    };
  }

  /** Cuts what is open; resolves when all of it has closed. */
  async cut(): Promise<void> {
    if (this.#transports.size === 0) return;
    this.#emptied ??= Promise.withResolvers();
    for (const transport of this.#transports) transport.cut();
    await this.#emptied.promise;
  }
}
