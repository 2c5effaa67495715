import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Handler } from "hono";
import { UPLOADS_PATH } from "./command.ts";

/** Where the script for forms marked with `data-resumable` is. */
export const CLIENT_PATH = `${UPLOADS_PATH}/client.js`;

/** The same place seen from the sources and from the published files: bundlers of servers find files by this form. */
const SCRIPT = new URL("../../../dist/client/resumable.js", import.meta.url);

/**
 * Serves the script. Browsers ask each time whether it is still the same: its address never changes.
 * @throws {Error} in a source tree where it has not been built
 */
export function serveClientScript(): Handler {
  const source = readFileSync(SCRIPT, "utf8");
  const tag = `"${createHash("sha256").update(source).digest("base64url").slice(0, 22)}"`;
  const headers = { "content-type": "text/javascript; charset=utf-8", "cache-control": "public, no-cache", etag: tag };
  return (context) => {
    const known = context.req.header("if-none-match") === tag;
    return known ? new Response(null, { status: 304, headers }) : new Response(source, { headers });
  };
}
