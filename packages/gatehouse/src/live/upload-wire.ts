import { BodyStream, type BodyPace } from "../http/body-stream.ts";
import type { Edge } from "../http/edge.ts";
import { isFileForm, readFileForm } from "../http/file-form.ts";
import type { FormFields } from "../http/form-body.ts";
import type { FormFile } from "../http/multipart-form.ts";
import type { ParsedBody } from "../http/body.ts";
import type { Inbound } from "../http/inbound.ts";
import { isDenial, type Denial, type Outcome, type Success } from "../kernel/outcome.ts";
import { FIELDS } from "./act.ts";
import { ticketField } from "./act-upload.ts";
import { parseComponentId, type ComponentId } from "./component-id.ts";
import type { FormFiles, UploadedFile } from "./upload.ts";
import { liveProblems } from "./problems.ts";
import { UPLOAD, uploadName, type UploadCall } from "./upload-action.ts";
import type { ArrivingFile, ReceivedFile } from "./upload-intake.ts";
import { refusedName } from "./upload-name.ts";
import { malformed } from "./wire-refusal.ts";

/** Where scripts send files. */
export const UPLOAD_PATH = "/api/livecomponents/upload";

const TICKET = "x-upload-ticket";
const NAME = "x-upload-name";
const NOWHERE: ComponentId = { component: "-", instance: "-" };

/** What the routes of uploads need. */
export interface UploadWireParts {
  readonly edge: Edge;
  /** How fast files have to arrive. */
  readonly pace: BodyPace | undefined;
  /** Whether a component declares an upload field. */
  hasUpload(component: string, field: string): boolean;
}

/** Receives one file whose bytes are the body of a request, and answers it. */
export async function answerUpload(parts: UploadWireParts, inbound: Inbound): Promise<Response> {
  const { edge } = parts;
  const outcome = await receiveBody(parts, inbound);
  if (!outcome.ok) return edge.problem(inbound, outcome);
  const { reference, file } = outcome.value;
  const { name, type, bytes, sha256 } = file;
  const token = edge.csrfToken(inbound);
  const upload = { id: reference, name, type, bytes, sha256 };
  return edge.respond(inbound, outcome, { csrfToken: token, body: () => ({ upload, csrf_token: token }) });
}

async function receiveBody(parts: UploadWireParts, inbound: Inbound): Promise<Success<ReceivedFile> | Denial> {
  const { headers } = inbound.request;
  const { searchParams } = inbound.url;
  const length = headers.get("content-length");
  let body: BodyStream | Denial | undefined;
  const file = async (): Promise<ArrivingFile | Denial> => {
    const opened = inbound.stream(parts.pace);
    body = opened;
    if (isDenial(opened)) return opened;
    const read: ArrivingFile["read"] = () => {
      // Nobody reads it before the gate has admitted it.
      opened.allowTime();
      return opened.read();
    };
    return { name: decodeName(headers.get(NAME)), length: length === null ? undefined : Number(length), read };
  };
  const outcome = await attempt(parts, inbound, {
    id: parseComponentId(searchParams.get("component_id") ?? ""),
    field: searchParams.get("field") ?? "",
    ticket: headers.get(TICKET) ?? undefined,
    csrfToken: undefined,
    file,
  });
  if (body instanceof BodyStream) body.close();
  return outcome;
}

/** What is wrong with one file alone; whatever else refuses a file, refuses the others of its form. */
const OF_ONE_FILE: ReadonlySet<Denial["problem"]> = new Set([
  liveProblems.UPLOAD_TOO_LARGE,
  liveProblems.UPLOAD_TYPE_REFUSED,
]);

/** Reads the body of a form; each of its files is an upload of its own, with its own attempt at the gate. */
export async function readFormWithFiles(
  parts: UploadWireParts,
  inbound: Inbound,
): Promise<{ readonly body: ParsedBody | Denial; readonly files: FormFiles }> {
  const received = new Map<string, UploadedFile>();
  const refused = new Map<string, string[]>();
  if (!isFileForm(inbound)) return { body: await inbound.body(), files: { received, refused } };
  let last: Denial | undefined;
  const receive = async (file: FormFile): Promise<string | Denial | undefined> => {
    const sent = ofForm(file);
    if (sent.id === undefined || !parts.hasUpload(sent.id.component, sent.field))
      return malformed("Files are not accepted here.");
    const outcome = last ?? (await attempt(parts, inbound, sent));
    if (outcome.ok) {
      received.set(outcome.value.reference, outcome.value.file);
      return outcome.value.reference;
    }
    if (!OF_ONE_FILE.has(outcome.problem)) last = outcome;
    // The action itself is refused for what is wrong with the whole request; this is for what is wrong with a file.
    const told = `${refusedName(file.fileName)}: ${outcome.detail ?? outcome.problem.message}`;
    refused.set(file.field, [...(refused.get(file.field) ?? []), told]);
    return undefined;
  };
  const body = await readFileForm(inbound, receive, parts.pace);
  return { body, files: { received, refused } };
}

interface Sent {
  readonly id: ComponentId | undefined;
  readonly field: string;
  readonly ticket: string | undefined;
  readonly csrfToken: string | undefined;
  readonly file: () => Promise<ArrivingFile | Denial>;
}

function ofForm({ field, fileName, before, read }: FormFile): Sent {
  const file: ArrivingFile = { name: withoutNul(fileName), length: undefined, read };
  return {
    id: parseComponentId(single(before, FIELDS.component) ?? ""),
    field,
    ticket: single(before, ticketField(field)),
    csrfToken: single(before, FIELDS.token),
    file: () => Promise.resolve(file),
  };
}

async function attempt(
  parts: UploadWireParts,
  inbound: Inbound,
  { id, field, ticket, csrfToken, file }: Sent,
): Promise<Success<ReceivedFile> | Denial> {
  const known = id !== undefined && parts.hasUpload(id.component, field);
  const outcome: Outcome = await parts.edge.receive(inbound, {
    entrance: "live",
    action: known ? uploadName(id.component, field) : UPLOAD,
    read: async () => {
      const arriving = await file();
      if (isDenial(arriving)) return arriving;
      const call = { id: known ? id : NOWHERE, field: known ? field : "-", ticket, file: arriving };
      return { value: call satisfies UploadCall, csrfToken };
    },
  });
  // What succeeds under these names is the result of an action that receives a file.
  return outcome as Success<ReceivedFile> | Denial;
}

function single(fields: FormFields, name: string): string | undefined {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** What an attempt may hold: a file is not refused for its name, of which only what is harmless is kept anyway. */
function withoutNul(name: string): string {
  return name.replaceAll("\u0000", "_");
}

/** A file's name as scripts send it: percent-encoded, since header fields carry ASCII alone. */
function decodeName(encoded: string | null): string {
  try {
    return withoutNul(decodeURIComponent(encoded ?? ""));
  } catch {
    return "";
  }
}
