import { html, type Html } from "../../html/html.ts";
import { moment } from "../format.ts";

/** What was counted in one bucket. */
export interface UsageBucket {
  readonly start: number;
  readonly views: number;
  readonly joins: number;
  readonly uploads: number;
  readonly bytes: number;
  readonly sessions: number;
  readonly refusedExpired: number;
  readonly refusedRevoked: number;
  readonly refusedFull: number;
  readonly refusedLimited: number;
}

const HOUR = 3_600_000;
const WIDTH = 480;
const HEIGHT = 96;
const GAP = 2;

interface Hour {
  readonly start: number;
  joins: number;
  views: number;
  uploads: number;
  bytes: number;
  refused: number;
}

/** Bars by the hour, and a table that says the same to who does not see them. */
export function usageChart(usage: {
  readonly from: number;
  readonly to: number;
  readonly buckets: readonly UsageBucket[];
}): Html {
  const hours = byHour(usage);
  const most = Math.max(1, ...hours.map(usesOf));
  const total = hours.reduce((sum, hour) => sum + usesOf(hour), 0);
  if (hours.every((hour) => usesOf(hour) + hour.refused === 0)) return html`<p class="empty">Nothing happened.</p>`;
  const width = WIDTH / hours.length;
  const bar = (hour: Hour, index: number): string => {
    const height = Math.round((usesOf(hour) / most) * HEIGHT);
    return height === 0 ? "" : `M${index * width} ${HEIGHT}v-${height}h${width - GAP}v${height}z`;
  };
  return html`<svg
      class="chart"
      viewBox="0 0 ${WIDTH} ${HEIGHT + 1}"
      role="img"
      aria-label="Views, joins and uploads by the hour: ${total} in all, at most ${most} in one. The table has the numbers."
    >
      <path d="M0 ${HEIGHT + 0.5}h${WIDTH}" stroke="currentColor" />
      <path d="${hours.map(bar).join("")}" fill="currentColor" />
    </svg>
    <details>
      <summary>Numbers by the hour</summary>
      <div class="table">
        <table>
          <caption class="visually-hidden">
            Use by the hour
          </caption>
          <thead>
            <tr>
              <th scope="col">From (UTC)</th>
              <th scope="col">Views</th>
              <th scope="col">Joins</th>
              <th scope="col">Uploads</th>
              <th scope="col">Bytes</th>
              <th scope="col">Refused</th>
            </tr>
          </thead>
          <tbody>
            ${hours
              .filter((hour) => usesOf(hour) + hour.refused > 0)
              .map(
                (hour) =>
                  html`<tr>
                    <td>${moment(hour.start)}</td>
                    <td>${hour.views}</td>
                    <td>${hour.joins}</td>
                    <td>${hour.uploads}</td>
                    <td>${hour.bytes}</td>
                    <td>${hour.refused}</td>
                  </tr>`,
              )}
          </tbody>
        </table>
      </div>
    </details>`;
}

function usesOf({ views, joins, uploads }: Hour): number {
  return views + joins + uploads;
}

function byHour({ from, to, buckets }: Parameters<typeof usageChart>[0]): readonly Hour[] {
  const first = from - (from % HOUR);
  const hours: Hour[] = [];
  for (let start = first; start < to; start += HOUR) {
    hours.push({ start, joins: 0, views: 0, uploads: 0, bytes: 0, refused: 0 });
  }
  for (const bucket of buckets) {
    const hour = hours[Math.floor((bucket.start - first) / HOUR)];
    if (hour === undefined) continue;
    hour.joins += bucket.joins;
    hour.views += bucket.views;
    hour.uploads += bucket.uploads;
    hour.bytes += bucket.bytes;
    hour.refused += bucket.refusedExpired + bucket.refusedRevoked + bucket.refusedFull + bucket.refusedLimited;
  }
  return hours;
}
