/** What a request of an upload is answered with. */
export interface UploadReply {
  /** 0: there was no answer. */
  readonly status: number;
  field(name: string): string | null;
  /** The code of a problem document. */
  readonly code: string | undefined;
  readonly detail: string | undefined;
}

/** What is sent. */
export interface UploadRequest {
  readonly method: "POST" | "HEAD" | "PATCH" | "DELETE";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Blob;
  readonly signal: AbortSignal;
  /** Told of bytes that have been sent. */
  readonly progress?: (sent: number) => void;
}

/** Milliseconds without a byte after which a request is given up: connections of phones die silently. */
const STALL = 60_000;
const VERSION = "1.0.0";

/** Sends a request. Only this way browsers tell how much of a body they have sent. */
export function sendUpload({ method, url, headers, body, signal, progress }: UploadRequest): Promise<UploadReply> {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    const fields = { "tus-resumable": VERSION, accept: "application/json", ...headers };
    for (const [name, value] of Object.entries(fields)) request.setRequestHeader(name, value);
    const give = (): void => request.abort();
    let stall = setTimeout(give, STALL);
    const alive = (): void => {
      clearTimeout(stall);
      stall = setTimeout(give, STALL);
    };
    request.upload.addEventListener("progress", ({ loaded }) => {
      alive();
      progress?.(loaded);
    });
    request.addEventListener("progress", alive);
    request.addEventListener("loadend", () => {
      clearTimeout(stall);
      signal.removeEventListener("abort", give);
      resolve(replyOf(request));
    });
    signal.addEventListener("abort", give);
    if (signal.aborted) give();
    else request.send(body ?? null);
  });
}

function replyOf(request: XMLHttpRequest): UploadReply {
  const problem = problemOf(request.responseText);
  return {
    status: request.status,
    field: (name) => (request.status === 0 ? null : request.getResponseHeader(name)),
    code: problem.code,
    detail: problem.detail,
  };
}

function problemOf(text: string): { readonly code?: string; readonly detail?: string } {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== "object" || parsed === null) return {};
    // An object of any members, each of which is looked at.
    const { code, detail } = parsed as Record<string, unknown>;
    return {
      ...(typeof code === "string" ? { code } : {}),
      ...(typeof detail === "string" ? { detail } : {}),
    };
  } catch {
    return {};
  }
}
