import type { RequestListener } from "node:http";
import { inject } from "light-my-request";
import { interactionAnswer, interactionRequest } from "./interaction-cookies.ts";

/** A request as the engine gets it. */
export interface EngineRequest {
  readonly method: string;
  /** Absolute: its host and scheme are those of the issuer. */
  readonly url: URL;
  readonly headers: Headers;
  readonly body: Uint8Array | undefined;
  readonly ip: string;
}

/** What the engine answers. */
export interface EngineAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** Of a connection to us, and no business of the engine. */
const HOP_BY_HOP = new Set(["connection", "keep-alive", "transfer-encoding", "content-length", "host"]);

/**
 * Hands a request to the engine, which speaks to Node's servers, without a socket: its answer is held back until what
 * it has changed is durable, and it works the same behind every server and framework.
 */
export async function callEngine(listener: RequestListener, request: EngineRequest): Promise<EngineAnswer> {
  const { method, url, headers, body, ip } = interactionRequest(request);
  const answer = await inject(listener, {
    // The type knows the common methods alone.
    method: method as "GET",
    url: url.href,
    headers: {
      ...Object.fromEntries([...headers].filter(([name]) => !HOP_BY_HOP.has(name) && !name.startsWith("x-forwarded-"))),
      host: url.host,
      // The engine's view of the connection is ours, whatever the request says.
      "x-forwarded-proto": url.protocol.slice(0, -1),
    },
    remoteAddress: ip,
    ...(body === undefined ? {} : { payload: Buffer.from(body) }),
  });
  const { statusCode: status, payload } = answer;
  return interactionAnswer(request, { status, headers: headersOf(answer.headers), body: payload });
}

function headersOf(fields: Readonly<Record<string, number | string | readonly string[] | undefined>>): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined || HOP_BY_HOP.has(name)) continue;
    for (const one of Array.isArray(value) ? value : [value]) headers.append(name, String(one));
  }
  return headers;
}
