import { z } from "zod";
import { html, type Html } from "../../html/html.ts";
import { moment } from "../format.ts";
import { principalFields, realtimeForms, REALTIME_PATH, type RealtimeFilter, type RefusedStep } from "./forms.ts";

const Principal = z.object({ type: z.string(), id: z.string() });
const Node = z.object({
  node: z.string(),
  counts: z.array(z.object({ state: z.string(), transport: z.string(), connections: z.number() })),
  subscriptions: z.number(),
  queueBytes: z.number(),
  waiting: z.number(),
  recoveries: z.object({ recovered: z.number(), unrecoverable: z.number(), too_large: z.number() }),
  slow: z.number(),
});
type Node = z.infer<typeof Node>;
const Connection = z.object({
  node: z.string(),
  client: z.string(),
  state: z.string(),
  transport: z.string(),
  ip: z.string(),
  principal: Principal.optional(),
  channels: z.array(z.string()),
  hears: z.number(),
  queued: z.number(),
});
type Connection = z.infer<typeof Connection>;

/** The value of `realtime.connections`. */
export const RealtimeRows = z.object({
  nodes: z.array(Node),
  silent: z.array(z.string()),
  heard: z.array(z.object({ channel: z.string(), subscribers: z.number() })),
  connections: z.array(Connection),
});
type RealtimeRows = z.infer<typeof RealtimeRows>;

/** The value of `realtime.mutes`. */
export const MuteRows = z.object({
  mutes: z.array(
    z.object({
      id: z.string(),
      principal: Principal,
      actor: z.object({ type: z.string(), key: z.array(z.string()).optional() }),
      reason: z.string(),
      expiresAt: z.number(),
    }),
  ),
});
type MuteRows = z.infer<typeof MuteRows>;

/** How many connections an operator has just closed, and how many servers did not say. */
export interface Done {
  readonly closed: number;
  readonly silent: number;
}

/** What the page is made from. */
export interface RealtimePageParts extends MuteRows {
  readonly found: RealtimeRows;
  readonly filter: RealtimeFilter;
  readonly done: Done | undefined;
  readonly refused: RefusedStep | undefined;
  readonly csrfToken: string;
  /** Makes the keys under which forms are carried out once. */
  readonly idempotencyKey: () => string;
}

/** Servers with their connections, channels, slow readers, who is muted, and the forms. */
export function realtimePage(parts: RealtimePageParts): Html {
  const { found, mutes, filter, done, csrfToken } = parts;
  const { nodes, silent, heard, connections } = found;
  return html`${done && doneNotice(done)}
    ${silent.map((node) => html`<p class="notice bad">The server <code>${node}</code> did not answer in time.</p>`)}
    <section class="cards wide" aria-label="Servers">${nodes.map(nodeCard)}</section>
    <p><a class="button quiet" href="${REALTIME_PATH}">Look again</a></p>
    ${heardPanel(heard)} ${connectionsPanel(connections, filter, csrfToken)} ${mutesPanel(mutes, csrfToken)}
    ${realtimeForms(parts)}`;
}

function doneNotice({ closed, silent }: Done): Html {
  const more = silent > 0 ? ` ${silent} servers did not answer in time: look again, and repeat it.` : "";
  const what = closed === 1 ? "1 connection was closed or taken off its channel." : undefined;
  const text = what ?? `${closed} connections were closed or taken off their channel.`;
  return html`<p class="notice${silent > 0 ? " bad" : ""}" role="status">${text}${more}</p>`;
}

function nodeCard({ node, counts, subscriptions, queueBytes, waiting, recoveries, slow }: Node): Html {
  const total = counts.reduce((sum, { connections }) => sum + connections, 0);
  return html`<div class="panel">
    <h2>Server <code>${node.slice(-8)}</code></h2>
    <p class="big">${total} <span class="soft">${total === 1 ? "connection" : "connections"}</span></p>
    <dl>
      ${counts.map(
        ({ state, transport, connections }) =>
          html`<dt>${state}, ${transport}</dt>
            <dd>${connections}</dd>`,
      )}
      <dt>Subscriptions</dt>
      <dd>${subscriptions}</dd>
      <dt>Waiting to be read</dt>
      <dd>${queueBytes} bytes</dd>
      <dt>Commands under way</dt>
      <dd>${waiting}</dd>
      <dt>Recovered</dt>
      <dd>${recoveries.recovered}</dd>
      <dt>Not recovered: too long ago</dt>
      <dd>${recoveries.unrecoverable}</dd>
      <dt>Not recovered: too much</dt>
      <dd>${recoveries.too_large}</dd>
      <dt>Closed for reading slowly</dt>
      <dd>${slow > 0 ? html`<span class="tag warn">${slow}</span>` : slow}</dd>
    </dl>
  </div>`;
}

function heardPanel(heard: RealtimeRows["heard"]): Html {
  if (heard.length === 0) return html`<p class="empty">Nobody hears anything just now.</p>`;
  return html`<section class="panel" aria-labelledby="heard">
    <h2 id="heard">Heard most</h2>
    <div class="table">
      <table class="stack">
        <thead>
          <tr>
            <th scope="col">Channel</th>
            <th scope="col">Subscribers</th>
          </tr>
        </thead>
        <tbody>
          ${heard.map(
            ({ channel, subscribers }) =>
              html`<tr>
                <td data-label="Channel">
                  <a href="${REALTIME_PATH}?channel=${encodeURIComponent(channel)}"><code>${channel}</code></a>
                </td>
                <td data-label="Subscribers">${subscribers}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}

function connectionsPanel(connections: readonly Connection[], filter: RealtimeFilter, csrfToken: string): Html {
  return html`<section class="panel" aria-labelledby="connections">
    <h2 id="connections">Connections</h2>
    <p class="soft">Those that have most to read are first.</p>
    <form class="filters" method="get" action="${REALTIME_PATH}" aria-label="Find connections">
      ${principalFields(filter, false)}
      <label class="wide">Channel<input name="channel" value="${filter.channel}" maxlength="200" autocomplete="off" /></label>
      <div class="buttons"><button class="button quiet" type="submit">Show</button></div>
    </form>
    ${
      connections.length === 0
        ? html`<p class="empty">There are none.</p>`
        : html`<div class="table">
            <table class="stack">
              <thead>
                <tr>
                  <th scope="col">Who</th>
                  <th scope="col">State</th>
                  <th scope="col">Address</th>
                  <th scope="col">Hears</th>
                  <th scope="col">To read</th>
                  <th scope="col"><span class="visually-hidden">What to do</span></th>
                </tr>
              </thead>
              <tbody>
                ${connections.map((connection) => connectionRow(connection, csrfToken))}
              </tbody>
            </table>
          </div>`
    }
  </section>`;
}

function connectionRow(connection: Connection, csrfToken: string): Html {
  const { client, state, transport, ip, principal, channels, hears, queued } = connection;
  const who = principal === undefined ? "nobody yet" : `${principal.type}:${principal.id}`;
  const rest = hears - channels.length;
  return html`<tr>
    <td data-label="Who">${who}</td>
    <td data-label="State">${state}, ${transport}</td>
    <td data-label="Address"><code>${ip}</code></td>
    <td data-label="Hears">
      ${channels.length === 0 ? "-" : html`<code>${channels.join(" ")}</code>`}${rest > 0 ? ` and ${rest} more` : ""}
    </td>
    <td data-label="To read">${queued > 0 ? html`<span class="tag warn">${queued} bytes</span>` : "nothing"}</td>
    <td>
      <form method="post" action="${REALTIME_PATH}/kick">
        <input type="hidden" name="_csrf_token" value="${csrfToken}" />
        <input type="hidden" name="connection" value="${client}" />
        <button class="button quiet" type="submit">Close<span class="visually-hidden"> the connection of ${who}</span></button>
      </form>
    </td>
  </tr>`;
}

function mutesPanel(mutes: MuteRows["mutes"], csrfToken: string): Html {
  return html`<section class="panel" aria-labelledby="muted">
    <h2 id="muted">Muted</h2>
    ${
      mutes.length === 0
        ? html`<p class="empty">Nobody is muted.</p>`
        : html`<div class="table">
            <table class="stack">
              <thead>
                <tr>
                  <th scope="col">Who</th>
                  <th scope="col">Where</th>
                  <th scope="col">Until (UTC)</th>
                  <th scope="col">Why</th>
                  <th scope="col"><span class="visually-hidden">What to do</span></th>
                </tr>
              </thead>
              <tbody>
                ${mutes.map((mute) => muteRow(mute, csrfToken))}
              </tbody>
            </table>
          </div>`
    }
  </section>`;
}

function muteRow({ id, principal, actor, reason, expiresAt }: MuteRows["mutes"][number], csrfToken: string): Html {
  const who = `${principal.type}:${principal.id}`;
  return html`<tr>
    <td data-label="Who">${who}</td>
    <td data-label="Where"><code>${[actor.type, ...(actor.key ?? [])].join(":")}</code></td>
    <td data-label="Until">${moment(expiresAt)}</td>
    <td data-label="Why">${reason}</td>
    <td>
      <form method="post" action="${REALTIME_PATH}/unmute">
        <input type="hidden" name="_csrf_token" value="${csrfToken}" />
        <input type="hidden" name="id" value="${id}" />
        <button class="button quiet" type="submit">Unmute<span class="visually-hidden"> ${who}</span></button>
      </form>
    </td>
  </tr>`;
}
