import { Hono, type Context } from "hono";
import type { Edge } from "../../http/edge.ts";
import type { Inbound } from "../../http/inbound.ts";
import { interimOf, trailersOf } from "../../http/connection.ts";
import { isFileForm } from "../../http/file-form.ts";
import { isDenial, type Denial } from "../../kernel/outcome.ts";
import type { MediaAssets } from "../../kernel/ports/media-assets.ts";
import type { ResumableUpload } from "../../kernel/ports/resumable-uploads.ts";
import { problems } from "../../kernel/problems.ts";
import { CLIENT_PATH, serveClientScript } from "./client-script.ts";
import { UPLOADS_PATH } from "./command.ts";
import { isComplete, type ContentHead, type Dialect, type UploadAnswer } from "./dialect.ts";
import { DraftDialect, draftOptions, understandsInterim } from "./draft.ts";
import { answerForm } from "./form.ts";
import { isUploadId } from "./fields.ts";
import { contentOfParts } from "./joining.ts";
import { OUTCOME_FIELD, outcomeOf } from "./outcome.ts";
import { refuse } from "./refusals.ts";
import { Reception, type ReceptionParts } from "./reception.ts";
import { speaksTus, TusDialect, tusOptions } from "./tus.ts";

/** What the routes of uploads need. */
export interface UploadRouteParts extends ReceptionParts {
  readonly edge: Edge;
  readonly assets: Pick<MediaAssets, "find">;
}

/** The routes of uploads: one address for tus, for resumable uploads for HTTP and for plain forms. */
export function uploadRoutes(parts: UploadRouteParts): Hono {
  const { edge } = parts;
  const desk = new UploadDesk(parts);
  const app = new Hono();
  const one = `${UPLOADS_PATH}/:id`;
  app.get(CLIENT_PATH, serveClientScript());
  app.on("OPTIONS", [UPLOADS_PATH, one], (context) => desk.options(edge.of(context)));
  app.post(UPLOADS_PATH, (context) => desk.begin(context));
  // Hono has requests for `HEAD` answered by the same route.
  app.get(one, (context) => desk.state(context));
  app.patch(one, (context) => desk.content(context));
  app.delete(one, (context) => desk.terminate(context));
  app.post(one, (context) => desk.overridden(context));
  return app;
}

const NO_ID = "0".repeat(32);

class UploadDesk {
  readonly #parts: UploadRouteParts;
  readonly #tus = new TusDialect();
  readonly #draft: DraftDialect;
  readonly #reception: Reception;

  constructor(parts: UploadRouteParts) {
    const { largestFile, largestRequest } = parts.limits;
    const dialect = { largestFile, largestRequest, now: () => parts.clock.now() };
    this.#parts = parts;
    this.#draft = new DraftDialect(dialect);
    this.#reception = new Reception(parts);
  }

  options(inbound: Inbound): Response {
    const { limits, edge } = this.#parts;
    const dialect = { ...limits, now: () => 0 };
    const fields = { ...tusOptions(dialect), ...draftOptions(dialect, limits.lifetime) };
    const allow = inbound.url.pathname === UPLOADS_PATH ? "OPTIONS, POST" : "DELETE, GET, HEAD, OPTIONS, PATCH";
    return edge.json(inbound, undefined, { headers: { ...fields, allow } });
  }

  async begin(context: Context): Promise<Response> {
    const inbound = this.#parts.edge.of(context);
    if (isFileForm(inbound)) return answerForm(this.#parts, inbound);
    const dialect = this.#dialectOf(inbound);
    const command = dialect.check(inbound) ?? dialect.begin(inbound);
    if (isDenial(command)) return this.#refuse(inbound, dialect, command);
    const upload = await this.#reception.begin(inbound, command);
    if (isDenial(upload)) return this.#answer(inbound, dialect, upload);
    const head = headOf(context, inbound, dialect);
    if (dialect === this.#draft && understandsInterim(inbound))
      interimOf(context.env)?.({ ...RESUMPTION, fields: this.#draft.announced(upload) });
    if (upload.kind === "joined") return this.#join(inbound, dialect, upload);
    const content = dialect.firstContent(head, upload.length);
    if (content === undefined) return this.#answer(inbound, dialect, dialect.begun(upload));
    if (isDenial(content)) return this.#answer(inbound, dialect, content);
    const received = await this.#reception.receive(inbound, { id: upload.id, command: content, dialect });
    // The upload is there: whoever can go on with it is told where.
    if (isDenial(received)) return this.#answer(inbound, dialect, received);
    return this.#answer(inbound, dialect, dialect.begun(received.upload, received.sha256));
  }

  async content(context: Context): Promise<Response> {
    const inbound = this.#parts.edge.of(context);
    const dialect = this.#dialectOf(inbound);
    const command = dialect.check(inbound) ?? dialect.content(headOf(context, inbound, dialect));
    if (isDenial(command)) return this.#refuse(inbound, dialect, command);
    const id = idOf(context);
    const received = await this.#reception.receive(inbound, { id, command, dialect });
    return this.#answer(inbound, dialect, isDenial(received) ? received : dialect.advanced(received.upload));
  }

  async state(context: Context): Promise<Response> {
    const inbound = this.#parts.edge.of(context);
    const dialect = this.#dialectOf(inbound);
    const refused = dialect.check(inbound);
    if (refused !== undefined && speaksTus(inbound)) return this.#refuse(inbound, dialect, refused);
    const upload = await this.#reception.look(inbound, idOf(context));
    return this.#answer(inbound, dialect, isDenial(upload) ? upload : await this.#withOutcome(dialect, upload));
  }

  /** Where an upload stands, and of one that has arrived what became of its file. */
  async #withOutcome(dialect: Dialect, upload: ResumableUpload): Promise<UploadAnswer> {
    const { store, assets } = this.#parts;
    const answer = dialect.state(upload);
    if (!isComplete(upload)) return answer;
    const outcome = await store.read((reading) => outcomeOf(assets, reading, upload.id));
    return outcome === undefined ? answer : { ...answer, headers: { ...answer.headers, [OUTCOME_FIELD]: outcome } };
  }

  async terminate(context: Context): Promise<Response> {
    const inbound = this.#parts.edge.of(context);
    const dialect = this.#dialectOf(inbound);
    const refused = dialect.check(inbound);
    if (refused !== undefined) return this.#refuse(inbound, dialect, refused);
    const ended = await this.#reception.terminate(inbound, idOf(context));
    return this.#answer(inbound, dialect, isDenial(ended) ? ended : dialect.terminated());
  }

  /** For senders that cannot use other methods than `POST` (tus: X-HTTP-Method-Override). */
  overridden(context: Context): Promise<Response> {
    const method = context.req.header("x-http-method-override")?.toUpperCase();
    if (method === "PATCH") return this.content(context);
    if (method === "DELETE") return this.terminate(context);
    const inbound = this.#parts.edge.of(context);
    return Promise.resolve(this.#refuse(inbound, this.#dialectOf(inbound), refuse(problems.METHOD_NOT_ALLOWED)));
  }

  async #join(inbound: Inbound, dialect: Dialect, upload: ResumableUpload): Promise<Response> {
    if (isComplete(upload)) return this.#answer(inbound, dialect, dialect.begun(upload));
    const { files } = this.#parts;
    const { id, parts, length } = upload;
    const command = {
      ...{ offset: 0, length, contentLength: length, checksum: undefined, lateChecksum: undefined },
      ...{ wantsDigest: false, completes: true, progress: undefined },
    };
    const source = contentOfParts(files, parts);
    const received = await this.#reception.receive(inbound, { id, command, dialect, source });
    if (isDenial(received)) return this.#answer(inbound, dialect, received);
    for (const part of parts) await files.delete(part);
    return this.#answer(inbound, dialect, dialect.begun(received.upload));
  }

  #dialectOf(inbound: Inbound): Dialect {
    return speaksTus(inbound) ? this.#tus : this.#draft;
  }

  /** Answers what the gate has decided, which is recorded. */
  #answer(inbound: Inbound, dialect: Dialect, answer: UploadAnswer | Denial): Response {
    const { edge } = this.#parts;
    if (isDenial(answer)) return edge.problem(inbound, dialect.refused(answer));
    const { status, headers, body } = answer;
    const success = { ok: true, value: body, limits: [] } as const;
    return edge.respond(inbound, success, { status, headers });
  }

  /** Refuses what never came to the gate. */
  #refuse(inbound: Inbound, dialect: Dialect, denial: Denial): Response {
    return this.#parts.edge.refuse(inbound, dialect.refused(denial), { action: "media.upload.request" });
  }
}

const RESUMPTION = { status: 104, reason: "Upload Resumption Supported" } as const;

function headOf(context: Context, inbound: Inbound, dialect: Dialect): ContentHead {
  const send = dialect instanceof DraftDialect && understandsInterim(inbound) ? interimOf(context.env) : undefined;
  const interim = send === undefined ? undefined : (fields: ContentFields) => send({ ...RESUMPTION, fields });
  const hasTrailers = trailersOf(context.env) !== undefined;
  const trailers = hasTrailers ? () => trailersOf(context.env) ?? {} : undefined;
  return { inbound, interim, trailers };
}

type ContentFields = Readonly<Record<string, string>>;

/** The identifier in an address; one that nothing has where it is none of ours. */
function idOf(context: Context): string {
  const id = context.req.param("id") ?? "";
  return isUploadId(id) ? id : NO_ID;
}
