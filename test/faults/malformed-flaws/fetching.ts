import { setTimeout as delay } from "node:timers/promises";
import type { Dice } from "../drill.ts";
import { noise, type Draft } from "./draft.ts";

/** What came of a request of a proper client. */
export interface Fetched {
  /** Absent where the client gave up, or could not send the request. */
  readonly status: number | undefined;
  readonly text: string;
}

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY", "PROPFIND"];
const TYPES = [
  "application/json",
  "text/plain",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=b",
];

/** Sends a draft the way clients do that keep to HTTP: with another method, a body of another kind, or a change of mind. */
export async function fetchDraft(draft: Draft, origin: string, dice: Dice): Promise<Fetched> {
  const headers = new Headers();
  for (const [name, value] of draft.headers) if (name !== "Host") headers.set(name, value);
  headers.set("Content-Type", dice.pick(TYPES));
  const method = dice.chance(0.5) ? draft.method : dice.pick(METHODS);
  const bodiless = method === "GET" || method === "HEAD";
  const request: RequestInit & { duplex?: "half" } = { method, headers, redirect: "manual" };
  if (!bodiless) Object.assign(request, bodyOf(draft, dice));
  if (dice.chance(0.3)) request.signal = AbortSignal.timeout(dice.integer(1, 40));
  try {
    const response = await fetch(origin + draft.target, request);
    return { status: response.status, text: await response.text() };
  } catch {
    return { status: undefined, text: "" };
  }
}

function bodyOf(draft: Draft, dice: Dice): RequestInit & { duplex?: "half" } {
  switch (dice.integer(0, 4)) {
    case 0:
      return { body: draft.body.toString("utf8") };
    case 1:
      return { body: new Uint8Array(noise(dice, dice.integer(0, 5_000))) };
    case 2:
      return { body: stream(draft.body, dice, "whole"), duplex: "half" };
    case 3:
      return { body: stream(draft.body, dice, "broken"), duplex: "half" };
    default:
      return { body: stream(Buffer.alloc(dice.pick([10, 1_048_577, 3_000_000]), "x"), dice, "whole"), duplex: "half" };
  }
}

/** A body in chunks of random length, which may break off. */
function stream(bytes: Buffer, dice: Dice, end: "whole" | "broken"): ReadableStream<Uint8Array> {
  let start = 0;
  return new ReadableStream({
    async pull(controller) {
      if (end === "broken" && dice.chance(0.3)) {
        controller.error(new Error("The client has changed its mind."));
        return;
      }
      if (start >= bytes.length) {
        controller.close();
        return;
      }
      const length = dice.integer(1, Math.max(1, bytes.length));
      controller.enqueue(new Uint8Array(bytes.subarray(start, start + length)));
      start += length;
      await delay(dice.integer(0, 3));
    },
  });
}
