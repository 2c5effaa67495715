import type { EventDefinition } from "../../packages/gatehouse/src/kernel/event.ts";
import { code, page, table, type Page } from "./page.ts";
import { kernelFirst, load, moduleOf, sourceFiles } from "./sources.ts";

function isEvent(value: unknown): value is EventDefinition {
  return typeof value === "object" && value !== null && "name" in value && "level" in value && "description" in value;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** Every event of the library by the file that declares it. */
export async function collectEvents(): Promise<Map<string, EventDefinition[]>> {
  const sections = new Map<string, EventDefinition[]>();
  const seen = new Map<string, string>();
  for (const file of sourceFiles("**/events.ts")) {
    const exported = Object.values(await load(file)).filter(isObject);
    const events = exported.flatMap((set) => Object.values<unknown>({ ...set })).filter(isEvent);
    for (const event of events) {
      const other = seen.get(event.name);
      if (other !== undefined) throw new Error(`The event ${event.name} is declared in ${other} and in ${file}.`);
      seen.set(event.name, file);
    }
    sections.set(moduleOf(file), [...(sections.get(moduleOf(file)) ?? []), ...events]);
  }
  return sections;
}

/** The page of all events. */
export async function eventsPage(): Promise<Page> {
  const parts = [...(await collectEvents())].toSorted(kernelFirst).map(([module, events]) => {
    const rows = events.map((event) => [code(event.name), event.level, event.description]);
    return `## ${module}\n\n${table(["name", "level", "what happened"], rows)}`;
  });
  return page("events.md", "Events", [
    "Every denial and every change is recorded as one of these events, in the log and in the audit trail. Names follow " +
      "the OWASP Logging Vocabulary. An event carries its identifier and time, tenant, actor, source, action, target, " +
      "outcome, problem and request identifier, and never a secret: what must be recognisable is a keyed fingerprint.",
    ...parts,
  ]);
}
