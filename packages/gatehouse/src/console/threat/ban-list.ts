import { z } from "zod";
import { html, type Html } from "../../html/html.ts";
import { deny } from "../../kernel/outcome.ts";
import type { Ban, Bans } from "../../kernel/ports/bans.ts";
import { problems } from "../../kernel/problems.ts";
import { live, type LiveComponent } from "../../live/component.ts";
import { reply } from "../../live/effects.ts";
import { operatorEvents } from "../events.ts";
import { moment } from "../format.ts";
import { OPERATOR_GRANT, operatorsOnly } from "../operator.ts";

const BanSchema = z.object({
  id: z.string(),
  kind: z.string(),
  value: z.string(),
  reason: z.string(),
  entrance: z.string().optional(),
  violations: z.number(),
  expiresAt: z.number(),
});
type Row = z.infer<typeof BanSchema>;
const State = z.object({ bans: z.array(BanSchema) });

/** The bans in force, each with a way to lift it. */
export function createBanList({ bans }: { readonly bans: Bans }): LiveComponent {
  const rows = (): Row[] => bans.list().map(rowOf);
  return live("console-bans", {
    state: State,
    visible: ({ principal }) => principal.grants.has(OPERATOR_GRANT),
    mount: () => ({ bans: rows() }),
    actions: (action) => ({
      lift: action(
        {
          input: z.strictObject({ id: z.string().min(1).max(64) }),
          authorise: operatorsOnly,
          commutes: true,
          audit: { event: operatorEvents.source_ban_lifted, context: ({ id }) => ({ ban: id }) },
        },
        async ({ transaction }, { id }) => {
          const ban = await bans.lift(id, transaction);
          if (ban === undefined) return deny(problems.NOT_FOUND, { detail: "This ban has ended already." });
          return reply({
            state: { bans: rows().filter((row) => row.id !== id) },
            effects: { announce: `The ban of ${ban.subject.value} is lifted.` },
          });
        },
      ),
    }),
    render: ({ state, act }) =>
      state.bans.length === 0
        ? html`<p class="empty">No bans are in force.</p>`
        : html`<div class="table">
            <table class="stack">
              <caption class="visually-hidden">
                Bans in force
              </caption>
              <thead>
                <tr>
                  <th scope="col">Source</th>
                  <th scope="col">Entrance</th>
                  <th scope="col">Reason</th>
                  <th scope="col">Until (UTC)</th>
                  <th scope="col">Lift</th>
                </tr>
              </thead>
              <tbody>
                ${state.bans.map((ban) =>
                  banRow(
                    ban,
                    html`<button class="button danger" ${act.lift({ id: ban.id })}>
                      Lift<span class="visually-hidden"> the ban of ${ban.value}</span>
                    </button>`,
                  ),
                )}
              </tbody>
            </table>
          </div>`,
  });
}

function rowOf({ id, subject, reason, entrance, violations, expiresAt }: Ban): Row {
  const row = { id, kind: subject.kind, value: subject.value, reason, violations, expiresAt };
  return entrance === undefined ? row : { ...row, entrance };
}

function banRow({ id, kind, value, entrance, reason, violations, expiresAt }: Row, lift: Html): Html {
  return html`<tr id="ban-${id}">
    <td data-label="Source">${kind} <code>${value}</code></td>
    <td data-label="Entrance">${entrance ?? "all"}</td>
    <td data-label="Reason">
      ${reason}${violations === 0 ? undefined : html` <span class="soft">(${violations} violations)</span>`}
    </td>
    <td data-label="Until">${moment(expiresAt)}</td>
    <td data-label="Lift">${lift}</td>
  </tr>`;
}
