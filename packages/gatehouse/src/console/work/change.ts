import { html, type Html, type Renderable } from "../../html/html.ts";
import { compare, single } from "./diff.ts";
import type { Change } from "./shapes.ts";
import { visibleText } from "../visible-text.ts";

const TONES: Readonly<Record<Change["action"], string>> = {
  ...{ create: "good", update: "", delete: "bad", invoke: "warn" },
};
const ACTIONS = ["create", "update", "delete", "invoke"] as const satisfies readonly Change["action"][];
const WORDS: Readonly<Record<Change["action"], string>> = {
  ...{ create: "create", update: "change", delete: "delete", invoke: "side effect" },
};

/** How often each thing is done by a plan, in words. */
export function radiusTags(counts: Readonly<Record<Change["action"], number>>): Html {
  const some = ACTIONS.filter((action) => counts[action] > 0);
  if (some.length === 0) return html`<span class="tag">changes nothing</span>`;
  return html`${some.map((action) => html`<span class="tag ${TONES[action]}">${counts[action]} × ${WORDS[action]}</span> `)}`;
}

/** What a change is shown with besides. */
export interface ChangeParts {
  /** Without masks, if somebody has asked. */
  readonly revealed?: Pick<Change, "before" | "after"> | undefined;
  /** The form that asks for what is masked. */
  readonly reveal?: Renderable;
  /** Tells it from changes of other plans on the page. */
  readonly prefix?: string;
}

/** One change: what was, beside what would be. Members that stay as they are are folded up. */
export function changeView(change: Change, { revealed, reveal, prefix = "" }: ChangeParts = {}): Html {
  const { step, action, resource, sources, sensitive } = change;
  const id = `${prefix}step-${step}`;
  const { before, after } = revealed ?? change;
  const masks = revealed === undefined ? sensitive.map(memberOf) : [];
  const rows = rowsOf(before, after, masks);
  const same = rows.filter(({ kind }) => kind === "same");
  return html`<article class="change" id="${id}" data-row tabindex="-1" aria-labelledby="${`${id}-title`}">
    <h3 id="${`${id}-title`}">
      <span class="tag ${TONES[action]}">${WORDS[action]}</span> ${visibleText(resource.label)}
      <code class="soft">${visibleText(`${resource.type} ${resource.id}`)}</code>
    </h3>
    ${table(rows.filter(({ kind }) => kind !== "same"))}
    ${
      same.length === 0
        ? undefined
        : html`<details class="same">
            <summary>${same.length} unchanged ${same.length === 1 ? "member" : "members"}</summary>
            ${table(same)}
          </details>`
    }
    ${sources.length === 0 ? undefined : html`<p class="soft">Made of ${sources.map((source, index) => html`${index === 0 ? "" : ", "}${visibleText(source)}`)}.</p>`}
    ${sensitive.length > 0 && revealed === undefined ? reveal : undefined}
  </article>`;
}

interface Row {
  readonly name: string;
  readonly kind: "changed" | "added" | "removed" | "same";
  readonly before: Renderable;
  readonly after: Renderable;
}

function rowsOf(before: unknown, after: unknown, masks: readonly string[]): readonly Row[] {
  const [old, young] = [membersOf(before), membersOf(after)];
  const names = [...new Set([...old.keys(), ...young.keys()])];
  return names.map((name) => {
    const kind = kindOf(old, young, name, masks);
    if (masks.includes(name)) return { name, kind, before: mask(old.has(name)), after: mask(young.has(name)) };
    if (kind !== "same") return { name, kind, ...compare(old.get(name), young.get(name)) };
    return { name, kind, before: single(old.get(name)), after: single(young.get(name)) };
  });
}

type Members = ReadonlyMap<string, unknown>;

// oxlint-disable-next-line eslint/max-params -- both sides, the name and the masks
function kindOf(old: Members, young: Members, name: string, masks: readonly string[]): Row["kind"] {
  if (!old.has(name)) return "added";
  if (!young.has(name)) return "removed";
  const [before, after] = [old.get(name), young.get(name)];
  // What stands for a masked value says whether it changes.
  const isChanged = masks.includes(name) ? changedBehind(after) : JSON.stringify(before) !== JSON.stringify(after);
  return isChanged ? "changed" : "same";
}

function changedBehind(masked: unknown): boolean {
  return typeof masked === "object" && masked !== null && "changed" in masked && masked.changed === true;
}

function mask(isThere: boolean): Renderable {
  return isThere ? html`<span class="tag warn">masked</span>` : single(undefined);
}

/** The members of an object; anything else counts as one that is called `value`. */
function membersOf(value: unknown): Members {
  if (value === undefined || value === null) return new Map();
  if (typeof value !== "object" || Array.isArray(value)) return new Map([["value", value]]);
  return new Map(Object.entries(value));
}

function memberOf(pointer: string): string {
  return pointer.slice(1).replaceAll("~1", "/").replaceAll("~0", "~");
}

function table(rows: readonly Row[]): Html | undefined {
  if (rows.length === 0) return undefined;
  return html`<div class="table">
    <table class="diff">
      <thead>
        <tr>
          <th scope="col">Member</th>
          <th scope="col">Before</th>
          <th scope="col">After</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ({ name, kind, before, after }) =>
            html`<tr class="${kind}">
              <th scope="row">
                ${visibleText(name)}${kind === "same" ? undefined : html` <span class="line soft">${kind}</span>`}
              </th>
              <td data-label="Before">${before}</td>
              <td data-label="After">${after}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
