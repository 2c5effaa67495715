import { html, type Attributes, type Html } from "../html/html.ts";
import type { Violation } from "../kernel/outcome.ts";
import { sizeText } from "./size-text.ts";
import type { UploadedFile } from "./upload.ts";
import type { UploadDesk } from "./upload-desk.ts";

/** What people are told of an upload field. */
export interface UploadLabel {
  readonly label: string;
}

/** What of the surrounding rendering an upload field depends on. */
export interface UploadSurroundings {
  /** Present in pages, which must work without scripts. */
  readonly page: object | undefined;
  readonly refused:
    | { readonly values: Readonly<Record<string, unknown>>; readonly violations: readonly Violation[] }
    | undefined;
}

/** How an upload field is shown. */
export interface ShownUpload {
  readonly field: string;
  readonly id: string;
  /** Of a field with this name: its name, and the mark of an error. */
  readonly attributes: Attributes;
  readonly error: Html;
  readonly label: UploadLabel;
}

/** Name of the form's field with the ticket of an upload field. */
export function ticketField(field: string): string {
  return `_ticket_${field}`;
}

/**
 * An upload field. Its ticket comes before it in the form, so that it is known when the file arrives; scripts find it at
 * the component. What was accepted before the form was refused is not sent again: it is shown, and can be left out.
 */
export function uploadInput(
  desk: UploadDesk,
  { field, id, attributes, error, label }: ShownUpload,
  { page, refused }: UploadSurroundings,
): Html {
  const { accept = [], maxFiles = 1, maxBytes = 0, required = false } = desk.fields[field] ?? {};
  const ticket = desk.ticket(field);
  const kept = keptOf(desk, field, refused);
  return html`<div class="live-upload" data-live-upload=${field} data-live-most=${maxFiles} data-live-bytes=${maxBytes}>
    <label for=${id}>${label.label}</label>
    <input type="hidden" name=${ticketField(field)} value=${page === undefined ? "" : ticket} />
    <input
      type="file"
      id=${id}
      accept=${accept.join(",")}
      multiple=${maxFiles > 1}
      required=${required && kept.length === 0}
      ${attributes}
    />
    <ul data-live-keep>
      ${kept.map(([reference, file]) => keptFile(field, reference, file))}
    </ul>
    ${error}
  </div>`;
}

function keptFile(field: string, reference: string, { name, bytes }: UploadedFile): Html {
  return html`<li>
    <label
      ><input type="checkbox" name=${field} value=${reference} checked data-live-reference /> ${name}
      (${sizeText(bytes)})</label
    >
  </li>`;
}

/** The uploads of a refused form that can still be used, by their references. */
function keptOf(
  desk: UploadDesk,
  field: string,
  refused: UploadSurroundings["refused"],
): readonly (readonly [string, UploadedFile])[] {
  const values: readonly unknown[] = refused === undefined ? [] : [refused.values[field] ?? []].flat();
  return values.flatMap((reference, index) => {
    const gone = refused?.violations.some(({ pointer }) => pointer === `/params/${field}/${index}`) === true;
    const file = typeof reference === "string" && !gone ? desk.file(field, reference) : undefined;
    return file === undefined ? [] : [[String(reference), file] as const];
  });
}
