import { isDenial, type Denial } from "../kernel/outcome.ts";
import type { BodyPace } from "./body-stream.ts";
import type { ParsedBody } from "./body.ts";
import { isUtf8 } from "./content-type.ts";
import type { Inbound } from "./inbound.ts";
import { readMultipartForm, type ReceiveFile } from "./multipart-form.ts";
import { unsupported } from "./refusal.ts";

/** Whether a request's body is a form that may have files. */
export function isFileForm({ contentType }: Inbound): boolean {
  return contentType?.essence === "multipart/form-data";
}

/**
 * Reads a form with files as it arrives, and gives the files to `receive`. It may take as long as any body: only from
 * where `receive` reads a file, which is for it to admit, does the rest have the time of `pace`.
 */
export async function readFileForm(
  inbound: Inbound,
  receive: ReceiveFile,
  pace?: BodyPace,
): Promise<ParsedBody | Denial> {
  const { contentType, limits } = inbound;
  if (contentType !== undefined && !isUtf8(contentType)) return unsupported("Text must be UTF-8.");
  const body = inbound.stream(pace);
  if (isDenial(body)) return body;
  const admit: ReceiveFile = (file) =>
    receive({
      ...file,
      read: () => {
        body.allowTime();
        return file.read();
      },
    });
  try {
    const fields = await readMultipartForm(body, { boundary: contentType?.parameters.get("boundary"), limits }, admit);
    return isDenial(fields) ? fields : { kind: "form", fields };
  } finally {
    body.close();
  }
}
