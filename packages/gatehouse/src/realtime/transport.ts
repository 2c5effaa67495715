/** What carries a connection. */
export type TransportKind = "websocket" | "http_stream" | "sse";

/** One open line to a client. Nothing of it throws or rejects; a line that has gone takes what is sent and drops it. */
export interface Transport {
  readonly kind: TransportKind;
  /** Bytes that have been handed over and not been taken by the network yet. */
  readonly buffered: number;
  /** Sends one message of the protocol: JSON objects, one a line. The bytes may be shared by many lines: never change them. */
  send(message: Uint8Array): void;
  /**
   * Ends the line with a code of the protocol: a close frame, or a disconnect push where there are no such frames. `reason`
   * has at most 123 bytes. A peer that does not answer is cut after a few seconds.
   */
  close(code: number, reason: string): void;
  /** Cuts the line at once. */
  cut(): void;
  /** Stops and goes on reading from the peer, so that the network holds back a flood. */
  pause(): void;
  resume(): void;
}

/** What a line tells. Calls come in the order in which things happened; `closed` comes once, and last. */
export interface TransportEvents {
  /** A message as it came: JSON objects of commands, one a line. */
  received(message: string): void;
  closed(): void;
}
