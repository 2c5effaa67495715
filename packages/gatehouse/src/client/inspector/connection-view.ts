import { count, definitions, element, timeOfDay } from "./elements.ts";
import type { StreamState } from "./stream-watch.ts";

/** What is shown of the page's connection. */
export interface ConnectionSubject {
  readonly stream: StreamState;
  /** Components that follow topics. */
  readonly following: number;
  /** Actions that have not been answered, in the order of their components: `sign of guestbook:main`. */
  readonly waiting: readonly string[];
  readonly online: boolean;
}

const STREAM: Readonly<Record<StreamState["is"], string>> = {
  none: "not asked for yet",
  asked: "being opened by this tab",
  open: "open, in this tab",
  ended: "ended; this tab opens another one",
  refused: "refused; this tab tries again",
  elsewhere: "open, in another tab of this browser",
  carried: "none: news come over a connection of the application",
};

/** The stream of news, and what waits for the network or for an answer. */
export function connectionView({ stream, following, waiting, online }: ConnectionSubject): HTMLElement {
  const { is, code, heard, news } = stream;
  const state = following === 0 ? "none: no component of this page follows a topic" : STREAM[is];
  return element(
    "div",
    {},
    definitions([
      ["Stream", code === undefined ? state : `${state} (${code})`],
      ["Following", following === 0 ? undefined : count(following, "component")],
      ["Last word", heard === undefined ? undefined : timeOfDay(heard)],
      ["News", following === 0 ? undefined : `${news} so far`],
      ["Network", online ? "online" : "offline: actions wait until the connection is back"],
      ["Queue", waiting.length === 0 ? "empty" : waiting.join(", ")],
    ]),
  );
}
