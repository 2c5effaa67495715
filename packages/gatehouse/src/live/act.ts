import type { StandardSchemaV1 } from "@standard-schema/spec";
import { html, type Attributes, type Html } from "../html/html.ts";
import { uploadInput, type UploadLabel } from "./act-upload.ts";
import type { Violation } from "../kernel/outcome.ts";
import { formatComponentId, type ComponentId } from "./component-id.ts";
import type { UploadDesk } from "./upload-desk.ts";

/** Where live actions are sent. */
export const ACTION_PATH = "/api/livecomponents/action";

/** Names of the fields a form carries besides its parameters, whose names must not begin with an underscore. */
export const FIELDS = {
  component: "_component_id",
  action: "_action",
  token: "_csrf_token",
  key: "_idempotency_key",
  seed: "_seed",
  version: "_base_version",
  back: "_return",
} as const;

type Parameters<Input> = undefined extends Input
  ? [parameters?: Input]
  : Partial<Input> extends Input
    ? [parameters?: Input]
    : [parameters: Input];

/** Ways to trigger one action. They work with and without scripts. */
export interface ActEntry<Input, Fields extends string = never> {
  /** Attributes of a button: `<button ${act.increment({ by: 1 })}>`. */
  (...parameters: Parameters<Input>): Attributes;
  /** Attributes of a form whose fields are the parameters: `<form ${act.sign.form}>${act.sign.fields} ...`. */
  readonly form: Attributes;
  /** The fields the form needs besides its own; put them inside it. */
  readonly fields: Html;
  /** Attributes of the form's field for a parameter: name, and after a refusal its value and the mark of an error. */
  field(name: keyof Input & string): Attributes;
  /** Attributes of a textarea or select for a parameter: as `field`, without the value, which is its content. */
  area(name: keyof Input & string): Attributes;
  /**
   * Attributes of a field of the form that is to be sent while one types: after a pause of 200 ms, one text at a time,
   * the newest last. The form keeps its button, for those without scripts.
   */
  readonly typing: Attributes;
  /** What was wrong with a parameter, or nothing. Put it next to the field. */
  error(name: (keyof Input & string) | Fields): Html;
  /** What was sent for a parameter and refused; `""` otherwise. For textareas and options. */
  value(name: keyof Input & string): string;
  /**
   * An upload field of the action, with its label and its place for errors: `${act.add.upload("photo", { label:
   * "Photos" })}`. Put it into the form, after `fields`.
   */
  upload(name: Fields, label: UploadLabel): Html;
}

type InputOf<Entry> = Entry extends { readonly options: { readonly input: infer Schema } }
  ? Schema extends StandardSchemaV1
    ? StandardSchemaV1.InferInput<Schema>
    : never
  : never;

type FieldsOf<Entry> = Entry extends { readonly options: { readonly uploads?: readonly (infer Field)[] } }
  ? Field & string
  : never;

/** One entry for each action of a component. */
export type Act<Actions> = {
  readonly [Name in keyof Actions]: ActEntry<InputOf<Actions[Name]>, FieldsOf<Actions[Name]>>;
};

/** What attributes and fields are made from. */
export interface ActFrame {
  readonly id: ComponentId;
  readonly version: number;
  /** Present in pages, which must work without scripts; content for scripts does without. */
  readonly page: PageFrame | undefined;
  /** The attempt whose refusal is being shown. */
  readonly refused: RefusedForm | undefined;
  /** Gives tickets for upload fields; present where the component has any. */
  readonly desk: UploadDesk | undefined;
}

/** What a page adds, so that everything on it works without scripts. */
export interface PageFrame {
  readonly csrfToken: string;
  /** For scripts: the sealed state. */
  readonly seed: string;
  /** For forms without scripts: the same without the state. */
  readonly formSeed: string;
  /** Path to come back to. */
  readonly back: string;
  /** A new idempotency key. */
  readonly newKey: () => string;
}

/** A form that was refused: what was sent and what was wrong. */
export interface RefusedForm {
  readonly action: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly violations: readonly Violation[];
}

/** The form that buttons of a component belong to, so that they work without scripts. */
export function buttonForm(frame: ActFrame): Html {
  return html`<form id=${formId(frame.id)} method="post" action=${ACTION_PATH} hidden data-live-form>
    ${fieldsOf(frame)}
  </form>`;
}

/** Entries for the named actions. */
export function createAct(
  frame: ActFrame,
  actions: Readonly<Record<string, { readonly options: EntryOptions }>>,
): Readonly<Record<string, ActEntry<unknown, string>>> {
  const names = Object.entries(actions);
  return Object.fromEntries(names.map(([name, { options }]) => [name, createEntry(frame, name, options)]));
}

interface EntryOptions {
  readonly repeats?: boolean;
  readonly uploads?: readonly string[];
}

function createEntry(
  frame: ActFrame,
  action: string,
  { repeats = false, uploads = [] }: EntryOptions,
): ActEntry<unknown, string> {
  const refused = frame.refused?.action === action ? frame.refused : undefined;
  const form = formId(frame.id);
  const button = (parameters?: unknown): Attributes => {
    const json = parameters === undefined ? undefined : JSON.stringify(parameters);
    return {
      type: "submit",
      form,
      name: FIELDS.action,
      value: json === undefined ? action : `${action} ${json}`,
      "data-live-action": action,
      "data-live-params": json,
      "data-live-repeats": repeats ? "" : null,
    };
  };
  const errorOf = (name: string): Violation | undefined =>
    refused?.violations.find(({ pointer }) => fieldOf(pointer) === name);
  const errorId = (name: string): string => `live:${formatComponentId(frame.id)}:${action}:${name}`;
  const value = (name: string): string => {
    const sent = refused === undefined || !Object.hasOwn(refused.values, name) ? undefined : refused.values[name];
    return typeof sent === "string" ? sent : "";
  };
  const area = (name: string): Attributes => ({
    name,
    "aria-invalid": errorOf(name) === undefined ? null : "true",
    "aria-describedby": errorId(name),
  });
  const error = (name: string): Html =>
    html`<p id=${errorId(name)} class="live-error" data-live-error=${name}>${errorOf(name)?.message}</p>`;
  const upload = (name: string, label: UploadLabel): Html => {
    if (frame.desk === undefined || !uploads.includes(name))
      throw new TypeError(`The action ${action} names no upload field ${name}; add it to its uploads.`);
    const shown = { field: name, id: `${errorId(name)}:file`, attributes: area(name), error: error(name), label };
    return uploadInput(frame.desk, shown, frame);
  };
  return Object.assign(button, {
    form: {
      method: "post",
      action: ACTION_PATH,
      enctype: uploads.length === 0 ? null : "multipart/form-data",
      "data-live-action": action,
    },
    fields: html`<input type="hidden" name=${FIELDS.action} value=${action} />${fieldsOf(frame)}`,
    typing: { "data-live-typing": "" },
    value,
    area,
    field: (name: string): Attributes => ({ name, value: value(name) === "" ? null : value(name), ...area(name) }),
    error,
    upload,
  });
}

/** The first member of the parameters that a violation is about. */
function fieldOf(pointer: string): string | undefined {
  const [, first, name] = pointer.split("/");
  return first === "params" ? name?.replaceAll("~1", "/").replaceAll("~0", "~") : undefined;
}

function formId(id: ComponentId): string {
  return `live:${formatComponentId(id)}`;
}

function fieldsOf({ id, version, page }: ActFrame): Html {
  const hidden = (name: string, value: string | number | undefined): Html | undefined =>
    value === undefined ? undefined : html`<input type="hidden" name=${name} value=${value} />`;
  return html`${[
    hidden(FIELDS.component, formatComponentId(id)),
    hidden(FIELDS.token, page?.csrfToken ?? ""),
    hidden(FIELDS.key, page?.newKey() ?? ""),
    hidden(FIELDS.version, version),
    hidden(FIELDS.seed, page?.formSeed),
    hidden(FIELDS.back, page?.back),
  ]}`;
}
