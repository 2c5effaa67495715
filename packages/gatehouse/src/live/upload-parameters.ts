import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { FormFiles, UploadedFile, UploadFields } from "./upload.ts";

/** Parameters without those of upload fields, and what those say. */
export interface SeparatedUploads {
  readonly rest: unknown;
  /** Absent where the action has no upload fields. */
  readonly references: Readonly<Record<string, readonly string[]>> | undefined;
  /** The same, with the content in place of references that a form has just been given. */
  readonly known: Readonly<Record<string, readonly string[]>>;
  readonly issues: readonly StandardSchemaV1.Issue[];
}

const LONGEST_REFERENCE = 4_096;

/** Takes the parameters of upload fields out of the others, and checks what can be known of them by now. */
export function separateUploads(params: unknown, fields: UploadFields, files: FormFiles | undefined): SeparatedUploads {
  const names = Object.keys(fields);
  if (names.length === 0) return { rest: params, references: undefined, known: {}, issues: [] };
  // `readLiveRequest` accepts no other parameters than objects.
  const rest: Record<string, unknown> = { ...(params as object) };
  const references: Record<string, readonly string[]> = {};
  const known: Record<string, readonly string[]> = {};
  const issues: StandardSchemaV1.Issue[] = [];
  for (const [name, { maxFiles, required }] of Object.entries(fields)) {
    const given: readonly unknown[] = [rest[name] ?? []].flat();
    delete rest[name];
    const sound = given.filter(isReference);
    const refused = files?.refused.get(name) ?? [];
    const wrong = [
      // A field shows one message.
      ...(refused.length > 0 ? [refused.join(" ")] : []),
      ...(sound.length < given.length ? ["This is no upload."] : []),
      ...(sound.length > maxFiles ? [`At most ${maxFiles} ${maxFiles === 1 ? "file is" : "files are"} accepted.`] : []),
      ...(required && sound.length + refused.length === 0 ? ["Please choose a file."] : []),
    ];
    issues.push(...wrong.map((message) => ({ message, path: [name] })));
    references[name] = sound;
    known[name] = sound.map((reference) => contentOf(files?.received.get(reference)) ?? reference);
  }
  return { rest, references, known, issues };
}

/** What tells a file by its content. */
export function contentOf(file: UploadedFile | undefined): string | undefined {
  return file === undefined ? undefined : `${file.sha256} ${file.type} ${file.name}`;
}

function isReference(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= LONGEST_REFERENCE;
}
