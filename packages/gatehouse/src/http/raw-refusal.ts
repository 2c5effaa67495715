import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { events } from "../kernel/events.ts";
import { deny, type Denial } from "../kernel/outcome.ts";
import { problems } from "../kernel/problems.ts";
import { DATA_POLICY } from "./content-security-policy.ts";
import { problemDocument, PROBLEM_TYPE } from "./problem-document.ts";
import { malformed, refuseRequest, tooLarge } from "./refusal.ts";

/** Stands for the request identifier where no request could be read. */
const NO_REQUEST = "-";

const HEADERS = {
  "content-type": PROBLEM_TYPE,
  "cache-control": "no-store",
  "content-security-policy": DATA_POLICY,
  "x-content-type-options": "nosniff",
  connection: "close",
};

/** The denial of a request the HTTP parser gave up on, or `undefined` when the client has just gone away. */
export function refusalOf(code: string | undefined): Denial | undefined {
  switch (code) {
    case "ECONNRESET":
    case "EPIPE":
    case "ECONNABORTED":
      return undefined;
    case "HPE_HEADER_OVERFLOW":
      return refuseRequest(problems.HEADERS_TOO_LARGE, "The header lines together are too large.");
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return tooLarge("The chunk extensions are too large.");
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return deny(problems.REQUEST_TIMEOUT, { event: events.request_malformed });
    default:
      return malformed("The request is not valid HTTP.");
  }
}

/** Answers on a socket whose request could not be read, and closes it. */
export function answerClientError(socket: Socket, denial: Denial): void {
  const { status } = denial.problem;
  const body = JSON.stringify(problemDocument(denial, NO_REQUEST));
  const lines = Object.entries({ ...HEADERS, "content-length": String(Buffer.byteLength(body)) });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${head}\r\n${body}`, () => socket.destroy());
}

/** Milliseconds in which a sender can read its answer before the connection is cut. */
const LINGER = 500;

/** Writes an answer on the socket of a request that no Node response belongs to, and closes it. */
export async function answerOnSocket(socket: Duplex, response: Response): Promise<void> {
  const body = Buffer.from(await response.arrayBuffer());
  const lines = [...response.headers, ["content-length", String(body.length)], ["connection", "close"]];
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const { status } = response;
  // What is still sent is thrown away: a socket that is closed with bytes unread is reset under the reader of the answer.
  socket.resume();
  setTimeout(() => socket.destroy(), LINGER).unref();
  socket.end(Buffer.concat([Buffer.from(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${head}\r\n`), body]));
}

/** The problem document of a denial outside of any parsed request. */
export function plainProblem(denial: Denial): Response {
  return new Response(JSON.stringify(problemDocument(denial, NO_REQUEST)), {
    status: denial.problem.status,
    headers: HEADERS,
  });
}
