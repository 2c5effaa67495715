import { DATA_POLICY } from "./content-security-policy.ts";

/** A file that somebody has uploaded, as it is served. */
export interface ServedFile {
  readonly body: ReadableStream<Uint8Array>;
  readonly bytes: number;
  /** The type that was found in its content. */
  readonly type: string;
  /** What it is called when it is saved. */
  readonly name: string;
}

/** What browsers show without running anything of it; the rest is saved. */
const SHOWN = /^(image\/(png|jpeg|gif|webp|avif|heic)|video\/(mp4|quicktime|webm))$/;

/**
 * Answers a file that somebody has uploaded. Whatever is in it, it can do nothing but be shown or saved: browsers may
 * take it for no other type, run nothing of it, and show it as a part of pages of this origin alone.
 */
export function fileResponse({ body, bytes, type, name }: ServedFile): Response {
  return new Response(body, {
    headers: {
      "content-type": type,
      "content-length": String(bytes),
      "content-disposition": `${SHOWN.test(type) ? "inline" : "attachment"}; ${nameParameters(name)}`,
      "content-security-policy": `${DATA_POLICY}; sandbox`,
      "cross-origin-resource-policy": "same-origin",
      "x-content-type-options": "nosniff",
    },
  });
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
