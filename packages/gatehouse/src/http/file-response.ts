import { DATA_POLICY } from "./content-security-policy.ts";

/** What is said of a file that somebody has uploaded. */
export interface DescribedFile {
  readonly bytes: number;
  /** The type that was found in its content. */
  readonly type: string;
  /** What it is called when it is saved. */
  readonly name: string;
  /** Has browsers save it, whatever it is. */
  readonly saved?: boolean;
  /** Lets pages of other origins show it, for files that have a host of their own. */
  readonly otherOrigins?: boolean;
}

/** A file that somebody has uploaded, as it is served. */
export interface ServedFile extends DescribedFile {
  readonly body: ReadableStream<Uint8Array>;
}

/** What browsers show without running anything of it; the rest is saved. */
const SHOWN = /^(image\/(png|jpeg|gif|webp|avif|heic)|video\/(mp4|quicktime|webm))$/;

/**
 * Answers a file that somebody has uploaded. Whatever is in it, it can do nothing but be shown or saved: browsers may
 * take it for no other type, run nothing of it, and show it as a part of pages of this origin alone.
 */
export function fileResponse({ body, ...file }: ServedFile): Response {
  return new Response(body, { headers: fileHeaders(file) });
}

/** The header fields of such an answer. */
export function fileHeaders({ bytes, type, name, saved, otherOrigins }: DescribedFile): Record<string, string> {
  const isShown = saved !== true && SHOWN.test(type);
  return {
    "content-type": type,
    "content-length": String(bytes),
    "content-disposition": `${isShown ? "inline" : "attachment"}; ${nameParameters(name)}`,
    "content-security-policy": `${DATA_POLICY}; sandbox`,
    "cross-origin-resource-policy": otherOrigins === true ? "cross-origin" : "same-origin",
    "x-content-type-options": "nosniff",
  };
}

/** The name in both forms of RFC 6266: what ASCII can say of it, and all of it. */
function nameParameters(name: string): string {
  const plain = name.replaceAll(/[^ -~]|["\\%]/g, "_");
  const whole = encodeURIComponent(name.toWellFormed()).replaceAll(
    /['()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `filename="${plain}"; filename*=UTF-8''${whole}`;
}
