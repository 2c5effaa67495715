import { choice, flag, integer, size } from "./kind.ts";
import { option } from "./option.ts";

const ANY_NUMBER = Number.MAX_SAFE_INTEGER;

/** Options of live components. */
export const liveOptions = {
  "live.components": option(integer(1, ANY_NUMBER), {
    doc: "Of how many live components the state is stored for one session; actions that would add another are refused.",
    default: 500,
  }),
  "live.bytes": option(size(), {
    doc: "How much sealed state of live components is stored for one session; each counts as 4 KiB at least.",
    default: "4MiB",
  }),
  "live.streamsPerAddress": option(integer(1, ANY_NUMBER), {
    doc: "How many streams, by which open pages hear of news, one address may have open at once: one a browser.",
    default: 200,
  }),
  "live.push": option(choice("stream", "realtime"), {
    doc: "How open pages hear of news: by a stream of their own, or over the connection that a page has to the application's actors, and by a stream where it has none.",
    default: "stream",
  }),
  "live.inspector": option(flag(), {
    doc: "Pages with live components offer the inspector, and answers say in `Server-Timing` what took how long.",
    default: { by: "profile", values: { development: true, production: false } },
  }),
} as const;
