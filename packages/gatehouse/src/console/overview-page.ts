import { html, type Html } from "../html/html.ts";
import type { SecurityEvent } from "../kernel/event.ts";
import type { StoreHealth } from "../kernel/ports/store.ts";
import { moment, outcomeTag, stateTag } from "./format.ts";

/** What the overview shows. */
export interface Overview {
  readonly stores: readonly StoreHealth[];
  readonly bans: number;
  readonly disabledGuards: number;
  readonly latest: readonly SecurityEvent[];
}

/** The state of things at a glance. */
export function overviewPage({ stores, bans, disabledGuards, latest }: Overview): Html {
  return html`<section class="cards" aria-label="State">
      ${stores.map(storeCard)}
      <div class="panel">
        <h2>Bans in force</h2>
        <p class="big">${bans}</p>
        <p><a href="/console/bans">See bans</a></p>
      </div>
      <div class="panel">
        <h2>Guards not enforcing</h2>
        <p class="big">${disabledGuards}</p>
        <p><a href="/console/guards">See guards</a></p>
      </div>
    </section>
    <section class="panel" aria-labelledby="latest">
      <h2 id="latest">Latest events</h2>
      ${
        latest.length === 0
          ? html`<p class="empty">Nothing has happened yet.</p>`
          : html`<div class="table">
              <table class="stack">
                <thead>
                  <tr>
                    <th scope="col">Time (UTC)</th>
                    <th scope="col">Outcome</th>
                    <th scope="col">Event</th>
                    <th scope="col">Action</th>
                  </tr>
                </thead>
                <tbody>
                  ${latest.map(
                    (event) =>
                      html`<tr>
                        <td data-label="Time">${moment(event.at)}</td>
                        <td data-label="Outcome">${outcomeTag(event)}</td>
                        <td data-label="Event"><code>${event.name}</code></td>
                        <td data-label="Action"><code>${event.action}</code></td>
                      </tr>`,
                  )}
                </tbody>
              </table>
            </div>`
      }
      <p><a href="/console/events">See all events</a></p>
    </section>`;
}

function storeCard({ name, engine, state, latency, detail }: StoreHealth): Html {
  return html`<div class="panel">
    <h2>Store <code>${name}</code> ${stateTag(state)}</h2>
    <dl>
      <dt>Engine</dt>
      <dd>${engine}</dd>
      <dt>Answers in</dt>
      <dd>${latency.toFixed(1)} ms</dd>
    </dl>
    <p class="soft">${detail}</p>
  </div>`;
}
