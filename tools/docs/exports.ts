import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { code, page, table, type Page } from "./page.ts";
import { documentedExports, root, type DocumentedExport } from "./sources.ts";

const NAMED = /^export (type )?\{([^}]*)\} from "(\.[^"]+)";/gm;
const STAR = /^export type \* from "(\.[^"]+)";/gm;

interface Manifest {
  readonly exports: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** The source file of every subpath, by subpath. That each exists is the packaging test's business. */
function entryFiles(): Map<string, string> {
  const folder = join(root, "packages", "gatehouse");
  // The repository's own package.json; the packaging test checks its shape.
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
  const entries = Object.entries(manifest.exports).flatMap(([subpath, conditions]) => {
    const file = conditions["gatehouse-source"];
    return file === undefined || !existsSync(join(folder, file))
      ? []
      : [[`gatehouse${subpath.slice(1)}`, join(folder, file)] as const];
  });
  return new Map(entries);
}

/** What an entry file offers: its named re-exports, and the types of its `export type *`. */
function offered(entry: string): DocumentedExport[] {
  const text = readFileSync(entry, "utf8");
  const found = new Map<string, DocumentedExport>();
  const add = (items: readonly DocumentedExport[]): void => {
    for (const item of items) if (!found.has(item.name)) found.set(item.name, item);
  };
  for (const [, , names = "", from = ""] of text.matchAll(NAMED)) {
    const available = documentedExports(join(dirname(entry), from));
    for (const name of names
      .split(",")
      .map((each) => each.trim().replace(/^type /, ""))
      .filter((each) => each !== "")) {
      const original = name.split(" as ")[0] ?? name;
      const item = available.find((candidate) => candidate.name === original);
      if (item === undefined) throw new Error(`${entry} exports ${name}, which ${from} does not declare.`);
      add([{ ...item, name: name.split(" as ").at(-1) ?? name }]);
    }
  }
  for (const [, from = ""] of text.matchAll(STAR)) {
    add(documentedExports(join(dirname(entry), from)).filter((item) => item.kind === "type" || item.kind === "class"));
  }
  add(documentedExports(entry));
  return [...found.values()];
}

/** The page of everything the library exports. */
export function exportsPage(): Page {
  const order: readonly DocumentedExport["kind"][] = ["function", "constant", "class", "type"];
  const parts = [...entryFiles()].map(([subpath, file]) => {
    const rows = offered(file)
      .toSorted(
        (left, right) => order.indexOf(left.kind) - order.indexOf(right.kind) || (left.name < right.name ? -1 : 1),
      )
      .map((item) => [code(item.name), item.kind, item.summary]);
    return `## ${subpath}\n\n${table(["export", "kind", "what for"], rows)}`;
  });
  return page("exports.md", "Exports", [
    "What each subpath of the package offers. The first sentence of every doc comment is shown; editors show the rest.",
    ...parts,
  ]);
}
