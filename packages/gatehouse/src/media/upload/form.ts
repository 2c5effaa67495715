import { readFileForm } from "../../http/file-form.ts";
import type { Inbound } from "../../http/inbound.ts";
import type { FormFields } from "../../http/form-body.ts";
import type { FormFile } from "../../http/multipart-form.ts";
import { readableName, shortenName } from "../../http/readable-name.ts";
import { referringPage } from "../../http/referring-page.ts";
import { defineAction, type Action } from "../../kernel/action.ts";
import { isDenial, type Denial } from "../../kernel/outcome.ts";
import type { ResumableUpload } from "../../kernel/ports/resumable-uploads.ts";
import { paceOf, perMinute, VENUE } from "./limits.ts";
import { uploadProblems } from "./problems.ts";
import { Reception, type ReceptionParts } from "./reception.ts";
import type { ContentSource } from "./transfer.ts";

/** Name of the form's field with the session's token; it comes before the files. */
const TOKEN = "_csrf_token";

/** What became of the files of a form. */
interface FormResult {
  readonly uploads: readonly { readonly id: string; readonly name: string; readonly bytes: number }[];
}

/** The attempt that admits the sender of a form; each of its files is an upload with attempts of its own. */
export const formAction: Action<FormResult, FormResult> = defineAction({
  name: "media.upload.form",
  entrances: ["http"],
  perAddress: VENUE,
  input: {
    "~standard": { version: 1, vendor: "gatehouse", validate: (value) => ({ value: value as FormResult }) },
  },
  effects: "none",
  authorise: "public",
  limits: [perMinute("media.uploads.forms", 120)],
  run: ({ input }) => Promise.resolve(input),
});

/** Receives the files of a plain form one after the other, as pages without scripts send them. */
export async function answerForm(parts: ReceptionParts, inbound: Inbound): Promise<Response> {
  const { edge, limits } = parts;
  const reception = new Reception(parts);
  const files: FormResult["uploads"][number][] = [];
  const outcome = await edge.receive(inbound, {
    action: formAction,
    read: async () => {
      const body = await readFileForm(
        inbound,
        async (file) => {
          const upload = await receiveFile(reception, inbound, file);
          if (isDenial(upload)) return named(upload, file);
          files.push({ id: upload.id, name: upload.name, bytes: upload.offset });
          return upload.id;
        },
        paceOf(limits),
      );
      return isDenial(body) ? body : { value: { uploads: files } };
    },
  });
  if (!outcome.ok) return edge.problem(inbound, outcome);
  if (inbound.accepts === "html") return edge.redirect(inbound, referringPage(inbound) ?? "/");
  return edge.respond(inbound, outcome);
}

async function receiveFile(reception: Reception, inbound: Inbound, file: FormFile): Promise<ResumableUpload | Denial> {
  const collection = inbound.url.searchParams.get("collection") ?? single(file.before, "collection") ?? "";
  const name = shortenName(readableName(file.fileName)) || "file";
  const csrfToken = single(file.before, TOKEN);
  const described = { collection, name, declaredType: undefined, announcedSha256: undefined, metadata: "" };
  const begun = await reception.begin(inbound, { ...described, kind: "whole", length: undefined }, csrfToken);
  if (isDenial(begun)) return begun;
  const command = {
    ...{ offset: 0, length: undefined, contentLength: undefined, checksum: undefined, lateChecksum: undefined },
    ...{ wantsDigest: false, completes: true, progress: undefined },
  };
  const dialect = { mismatch: uploadProblems.UPLOAD_CHECKSUM_MISMATCH };
  const arrived = await reception.receive(inbound, {
    ...{ id: begun.id, command, dialect, csrfToken },
    source: sourceOf(file),
  });
  // A form cannot be gone on with: what has come of it is of no use.
  if (isDenial(arrived)) await reception.abandon(begun.id);
  return isDenial(arrived) ? arrived : arrived.upload;
}

function sourceOf(file: FormFile): ContentSource {
  let abandoned = false;
  return {
    read: () => (abandoned ? Promise.resolve(undefined) : file.read()),
    abandon() {
      abandoned = true;
    },
  };
}

/** Says which of several files was refused. */
function named(denial: Denial, { fileName }: FormFile): Denial {
  const name = shortenName(readableName(fileName)) || "file";
  return { ...denial, detail: `${name}: ${denial.detail ?? denial.problem.message}` };
}

function single(fields: FormFields, name: string): string | undefined {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  return typeof value === "string" && value !== "" ? value : undefined;
}
