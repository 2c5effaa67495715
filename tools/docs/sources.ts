import { globSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** The repository's folder. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The folder of the library's sources. */
const source = join(root, "packages", "gatehouse", "src");

/** One export of a source file. */
export interface DocumentedExport {
  readonly name: string;
  readonly kind: "function" | "constant" | "class" | "type";
  /** First sentence of its doc comment. */
  readonly summary: string;
}

/** Source files by pattern below packages/gatehouse/src, sorted; tests are left out. */
export function sourceFiles(pattern: string): string[] {
  return globSync(pattern, { cwd: source })
    .filter((file) => !file.endsWith(".test.ts"))
    .sort()
    .map((file) => join(source, file));
}

/** The values a source file exports. */
export async function load(file: string): Promise<Readonly<Record<string, unknown>>> {
  const module: unknown = await import(pathToFileURL(file).href);
  // An imported module is an object of its exports.
  return module as Readonly<Record<string, unknown>>;
}

/** The part of the library a file belongs to: its first folder below src. */
export function moduleOf(file: string): string {
  return relative(source, file).split(/[/\\]/)[0] ?? basename(file);
}

/** Orders sections by name, what every entrance shares first. */
export function kernelFirst([left]: readonly [string, unknown], [right]: readonly [string, unknown]): number {
  if (left === right) return 0;
  return left === "kernel" || (right !== "kernel" && left < right) ? -1 : 1;
}

const EXPORT =
  /(?:^\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*(?:^\/\/[^\n]*\n)*)?^export (?:declare )?(?:async )?(function\*?|const|abstract class|class|interface|type) (\w+)/gm;

/** The exports a file declares, in order, with their first sentence. */
export function documentedExports(file: string): DocumentedExport[] {
  const found = new Map<string, DocumentedExport>();
  for (const [, comment, keyword = "", name = ""] of readFileSync(file, "utf8").matchAll(EXPORT)) {
    if (!found.has(name)) found.set(name, { name, kind: kindOf(keyword), summary: firstSentence(comment ?? "") });
  }
  return [...found.values()];
}

function kindOf(keyword: string): DocumentedExport["kind"] {
  if (keyword.startsWith("function")) return "function";
  if (keyword === "const") return "constant";
  return keyword.endsWith("class") ? "class" : "type";
}

/** The first sentence of a doc comment, on one line. */
function firstSentence(comment: string): string {
  const lines = comment.split("\n").map((line) => line.replace(/^\s*\*?\s?/, ""));
  const text = lines.join("\n").trim();
  const paragraph = (text.split(/\n\s*\n|\n?@\w+/)[0] ?? "").replaceAll(/\s+/g, " ").trim();
  const end = paragraph.search(/[.!?](?= [A-Z`"(])/);
  return end === -1 ? paragraph : paragraph.slice(0, end + 1);
}
