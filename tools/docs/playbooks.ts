import type { Playbook } from "../../packages/gatehouse/src/threat/playbook.ts";
import { playbooks } from "../../packages/gatehouse/src/threat/playbooks.ts";
import { code, page, table, type Page } from "./page.ts";

/** The page of playbooks, for who has no console at hand. `events` are the names there are. */
export function playbooksPage(events: ReadonlySet<string>): Page {
  return page("playbooks.md", "Playbooks", [
    "What is done about an incident, as the console shows it under Playbooks with a button for each measure.",
    ...playbooks.map((playbook) => section(playbook, events)),
  ]);
}

function section(playbook: Playbook, events: ReadonlySet<string>): string {
  const { id, title, when, signals, owner, acknowledgeWithin, resolveWithin, runbook, steps } = playbook;
  const unknown = signals.find((name) => !events.has(name));
  if (unknown !== undefined) throw new Error(`The playbook ${id} waits for ${unknown}, which is no event.`);
  const more = runbook === undefined ? "" : ` More: [${runbook}](../runbooks/${runbook}.md).`;
  const rows = steps.map(({ text, page: where, measure, command }, index) => [
    String(index + 1),
    text,
    [where, measure === undefined ? undefined : `button: ${measure}`].filter((part) => part !== undefined).join(", "),
    command === undefined ? "" : code(command),
  ]);
  return [
    `## ${title}`,
    when,
    `Signals: ${signals.map(code).join(", ")}. Whose: ${owner}. Somebody has looked within ${acknowledgeWithin} minutes; it is over, or handed on, within ${resolveWithin / 60} hours.${more}`,
    table(["step", "what", "in the console", "by command"], rows),
  ].join("\n\n");
}
