import { html, type Html } from "../html/html.ts";
import type { SecurityEvent } from "../kernel/event.ts";
import type { KeyRotation } from "../kernel/key-rotation.ts";
import type { StoreHealth } from "../kernel/ports/store.ts";
import type { SigningKeyRows } from "./identity/signing-key-page.ts";
import { moment, outcomeTag, stateTag } from "./format.ts";

const DAY = 86_400_000;

/** What the overview shows. */
export interface Overview {
  readonly stores: readonly StoreHealth[];
  readonly keys: KeyRotation;
  readonly bans: number;
  readonly disabledGuards: number;
  readonly latest: readonly SecurityEvent[];
  /** Absent where there is no identity provider. */
  readonly identity: IdentityOverview | undefined;
}

/** How signing in is doing. */
export interface IdentityOverview {
  readonly signingKeys: SigningKeyRows;
  /** Refused sign-ins of the last day, counted up to `MOST_COUNTED`. */
  readonly refused: number;
}

/** Refused sign-ins that are counted at most. */
export const MOST_COUNTED = 100;

/** The state of things at a glance. */
export function overviewPage({ stores, keys, bans, disabledGuards, latest, identity }: Overview): Html {
  return html`<section class="cards" aria-label="State">
      ${stores.map(storeCard)} ${keyCard(keys)} ${identity && identityCards(identity)}
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

function identityCards({ signingKeys: { keys, nextChangeAt }, refused }: IdentityOverview): Html {
  const active = keys.filter(({ state }) => state === "active").length;
  return html`<div class="panel">
      <h2>Refused sign-ins</h2>
      <p class="big">${refused < MOST_COUNTED ? refused : `${MOST_COUNTED} or more`}</p>
      <p class="soft">in the last 24 hours</p>
      <p>
        <a href="/console/events?name=authn_login_fail">See them</a> ·
        <a href="/console/accounts">See accounts</a>
      </p>
    </div>
    <div class="panel">
      <h2>Signing keys ${active === 0 && html`<span class="tag bad">none signs</span>`}</h2>
      <dl>
        <dt>Signing</dt>
        <dd>${active}</dd>
        <dt>Published</dt>
        <dd>${keys.filter(({ state }) => state === "next" || state === "retiring").length} more</dd>
        <dt>Next change</dt>
        <dd>${nextChangeAt === undefined ? "-" : moment(nextChangeAt)}</dd>
      </dl>
      <p><a href="/console/signing-keys">See signing keys</a></p>
    </div>`;
}

function keyCard({ version, age, dueAt, due }: KeyRotation): Html {
  const days = Math.floor(age / DAY);
  return html`<div class="panel">
    <h2>Keys ${due && html`<span class="tag warn">due</span>`}</h2>
    <dl>
      <dt>Version</dt>
      <dd>${version}</dd>
      <dt>In use for</dt>
      <dd>${days} ${days === 1 ? "day" : "days"}</dd>
      <dt>Rotate by</dt>
      <dd>${moment(dueAt)}</dd>
    </dl>
    ${due && html`<p class="soft">Rotate the keys: <code>gatehouse keys rotate</code></p>`}
  </div>`;
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
