import { z } from "zod";
import { defineAction, type AnyAction } from "../kernel/action.ts";
import { describe } from "../kernel/attempt-event.ts";
import type { Attempt, Principal } from "../kernel/attempt.ts";
import type { Clock } from "../kernel/clock.ts";
import type { EventStream } from "../kernel/event-stream.ts";
import type { Ids } from "../kernel/ids.ts";
import { isDenial, type Denial } from "../kernel/outcome.ts";
import { scrubText } from "../kernel/scrub.ts";
import type { Carried } from "./attempts.ts";
import { parseJsonBody } from "./body.ts";
import type { Edge } from "./edge.ts";
import { httpEvents } from "./events.ts";
import type { Inbound } from "./inbound.ts";
import { DEFAULT_JSON_LIMITS } from "./json-body.ts";
import { unsupported } from "./refusal.ts";

/** One violation, the same for both report formats. Text is cut; addresses carry no query. */
export interface CspViolation {
  readonly document: string;
  readonly blocked: string;
  readonly directive: string;
  readonly source: string;
  readonly line: number;
}

const MOST_VIOLATIONS = 10;
const LONGEST_TEXT = 200;
const MINUTE = 60_000;
const text = z.string().max(65_536).optional().catch(undefined);
const number = z.number().int().min(0).optional().catch(undefined);
const legacyReport = z.object({
  "csp-report": z.object({
    "document-uri": text,
    "blocked-uri": text,
    "effective-directive": text,
    "violated-directive": text,
    "source-file": text,
    "line-number": number,
  }),
});
const reportingApi = z.array(
  z.object({
    type: z.string(),
    body: z
      .object({ documentURL: text, blockedURL: text, effectiveDirective: text, sourceFile: text, lineNumber: number })
      .optional(),
  }),
);
const REPORT_TYPES = new Set(["application/csp-report", "application/reports+json", "application/json"]);

/** Violations out of the body of `report-uri` (CSP level 2) or `report-to` (Reporting API). */
export const cspReportSchema = z.union([
  legacyReport.transform(({ "csp-report": report }) => [
    describeViolation({
      document: report["document-uri"],
      blocked: report["blocked-uri"],
      directive: report["effective-directive"] ?? report["violated-directive"],
      source: report["source-file"],
      line: report["line-number"],
    }),
  ]),
  reportingApi.transform((reports) =>
    reports
      .filter(({ type }) => type === "csp-violation")
      .slice(0, MOST_VIOLATIONS)
      .map(({ body = {} }) =>
        describeViolation({
          document: body.documentURL,
          blocked: body.blockedURL,
          directive: body.effectiveDirective,
          source: body.sourceFile,
          line: body.lineNumber,
        }),
      ),
  ),
]);

function describeViolation(raw: {
  readonly document: string | undefined;
  readonly blocked: string | undefined;
  readonly directive: string | undefined;
  readonly source: string | undefined;
  readonly line: number | undefined;
}): CspViolation {
  return {
    document: publicAddress(raw.document),
    blocked: publicAddress(raw.blocked),
    directive: (raw.directive ?? "").replaceAll(/[^a-z0-9 -]/gi, "?").slice(0, 40),
    source: publicAddress(raw.source),
    line: raw.line ?? 0,
  };
}

/** What follows these in a path lets somebody in, and codes of earlier systems are short. */
const WAY_IN = /(?<=\/(?:join|enter)\/+)[^/]+/gi;
const LONG_PART = /(?<=\/)[^/]{24,}/g;

/** An address without what may be secret in it: query, fragment, user, what lets somebody in and long random parts. */
function publicAddress(address: string | undefined): string {
  if (address === undefined || address === "") return "-";
  const url = URL.parse(address);
  if (url === null) return /^[a-z-]{1,20}$/.test(address) ? address : "unreadable";
  if (url.protocol !== "http:" && url.protocol !== "https:") return url.protocol.slice(0, 20);
  const path = plain(url.pathname).replaceAll(WAY_IN, "...").replaceAll(LONG_PART, "...");
  return scrubText(url.origin + path).slice(0, LONGEST_TEXT);
}

/** A path whose letters are not encoded: what stands behind `%6Aoin` is no less a secret. */
function plain(path: string): string {
  return path.replaceAll(/%(?:4[1-9A-F]|5[0-9A]|6[1-9A-F]|7[0-9A])/gi, (code) =>
    String.fromCodePoint(Number.parseInt(code.slice(1), 16)),
  );
}

/**
 * The action browsers report policy violations to. It changes nothing and is public, so no token is
 * asked for; what it costs is bounded by its limit and the number of violations it looks at.
 */
export function createCspReportAction(parts: {
  readonly events: EventStream;
  readonly ids: Ids;
  readonly clock: Clock;
}): AnyAction {
  return defineAction({
    name: "csp.report",
    entrances: ["http"],
    effects: "none",
    input: cspReportSchema,
    authorise: "public",
    limits: [{ name: "csp-report", by: ["ip", "action"], rule: { kind: "window", limit: 30, window: MINUTE } }],
    run: async ({ attempt, principal, input }) => {
      for (const violation of input) parts.events.emit(violationEvent(parts, attempt, { principal, violation }));
      return undefined;
    },
  });
}

function violationEvent(
  parts: { readonly ids: Ids; readonly clock: Clock },
  attempt: Attempt,
  { principal, violation }: { readonly principal: Principal; readonly violation: CspViolation },
): ReturnType<typeof describe> {
  const definition = httpEvents.malicious_csp_violation;
  return describe(parts, attempt, { definition, outcome: "denied", context: { ...violation }, principal });
}

/** Answers a report: 204 whether or not it held a violation. */
export async function answerCspReport(edge: Edge, action: AnyAction, inbound: Inbound): Promise<Response> {
  const outcome = await edge.receive(inbound, { action, read: () => readReport(inbound) });
  return outcome.ok ? edge.respond(inbound, { ...outcome, value: undefined }) : edge.problem(inbound, outcome);
}

async function readReport(inbound: Inbound): Promise<Carried | Denial> {
  if (inbound.contentType === undefined || !REPORT_TYPES.has(inbound.contentType.essence)) {
    return unsupported("Send a policy violation report.");
  }
  const bytes = await inbound.bytes();
  if (isDenial(bytes)) return bytes;
  const body = parseJsonBody(bytes, DEFAULT_JSON_LIMITS);
  if (isDenial(body)) return body;
  return { value: body.kind === "json" ? body.value : undefined };
}
