import { escapeHtml } from "./escape.ts";
import { Html, TrustedHtml, type Renderable } from "./html.ts";
import { renderAttribute, renderAttributes, type Operation } from "./template.ts";
import { TemplateError } from "./template-error.ts";

type Pending = Promise<unknown> | AsyncIterable<unknown>;

/** Collects text, and what has to be waited for between pieces of it. */
class Output {
  text = "";
  readonly parts: (string | Pending)[] = [];

  wait(pending: Pending): void {
    this.parts.push(this.text, pending);
    this.text = "";
  }
}

/**
 * The HTML text of a value.
 * @throws {TemplateError} when it contains promises or async iterables; use `renderToStream` for those.
 */
export function renderToString(value: Renderable): string {
  const output = new Output();
  writeContent(value, output);
  if (output.parts.length > 0) throw new TemplateError("Promises and async iterables need renderToStream.");
  return output.text;
}

const CHUNK = 16 * 1024;

/**
 * The HTML of a value as a stream of UTF-8. Text is written as soon as everything before it is known;
 * nothing is asked of an async iterable before the reader wants more. A rejected promise or a throwing
 * iterable errors the stream; cancelling it closes the iterable being read.
 */
export function renderToStream(value: Renderable): ReadableStream<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  const chunks = renderChunks(value);
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        const next = await chunks.next();
        if (next.done === true) controller.close();
        else controller.enqueue(encoder.encode(next.value));
      },
      async cancel() {
        await chunks.return();
      },
    },
    { highWaterMark: 1 },
  );
}

async function* renderChunks(value: unknown): AsyncGenerator<string, void, void> {
  const output = new Output();
  writeContent(value, output);
  for (const part of [...output.parts, output.text]) {
    if (typeof part === "string") yield* slices(part);
    else if (part instanceof Promise) yield* renderChunks(await part);
    else for await (const member of part) yield* renderChunks(member);
  }
}

/** Cuts text into chunks, never between the halves of a surrogate pair. */
function* slices(text: string): Generator<string, void, void> {
  let from = 0;
  while (from < text.length) {
    let end = Math.min(from + CHUNK, text.length);
    if (end < text.length && /[\uD800-\uDBFF]/.test(text[end - 1] ?? "")) end -= 1;
    yield text.slice(from, end);
    from = end;
  }
}

function writeContent(value: unknown, output: Output): void {
  switch (typeof value) {
    case "string":
      output.text += escapeHtml(value);
      return;
    case "number":
    case "bigint":
      output.text += String(value);
      return;
    case "undefined":
    case "boolean":
      return;
    case "object":
      if (value !== null) writeObject(value, output);
      return;
    default:
      throw new TemplateError(`A ${typeof value} cannot be rendered.`);
  }
}

function writeObject(value: object, output: Output): void {
  if (value instanceof Html) writeTemplate(value, output);
  else if (value instanceof TrustedHtml) output.text += value.text;
  else if (Array.isArray(value)) for (const member of value) writeContent(member, output);
  else if (value instanceof Promise) output.wait(value);
  else if (isAsyncIterable(value)) output.wait(value);
  else if (isIterable(value)) for (const member of value) writeContent(member, output);
  else throw new TemplateError(`An object of type ${value.constructor?.name ?? "unknown"} cannot be rendered.`);
}

function writeTemplate(value: Html, output: Output): void {
  const { fixed, operations } = value.template;
  const { dynamics } = value;
  output.text += fixed[0] ?? "";
  for (let index = 0; index < operations.length; index += 1) {
    const operation = operations[index];
    if (operation !== undefined) writeOperation(operation, dynamics, output);
    output.text += fixed[index + 1] ?? "";
  }
}

function writeOperation(operation: Operation, dynamics: readonly unknown[], output: Output): void {
  switch (operation.kind) {
    case "content":
      return writeContent(dynamics[operation.first], output);
    case "text-only":
      return writeText(dynamics[operation.first], output);
    case "attribute":
      output.text += renderAttribute(operation, dynamics);
      return;
    case "attributes":
      output.text += renderAttributes(operation, dynamics[operation.first]);
      return;
  }
}

function writeText(value: unknown, output: Output): void {
  if (Array.isArray(value)) for (const member of value) writeText(member, output);
  else if (typeof value === "object" && value !== null) {
    throw new TemplateError("Only text can stand inside <textarea> and <title>.");
  } else writeContent(value, output);
}

function isAsyncIterable(value: object): value is AsyncIterable<unknown> {
  return Symbol.asyncIterator in value;
}

function isIterable(value: object): value is Iterable<unknown> {
  return Symbol.iterator in value;
}
