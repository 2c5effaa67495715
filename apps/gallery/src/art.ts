import { html, type Html } from "gatehouse/html";

/** The gallery's mark: a frame with a sun behind two hills. */
export const mark: Html = html`<svg viewBox="0 0 24 24" aria-hidden="true" focusable="false">
  <rect x="2.5" y="4" width="19" height="16" rx="3" fill="none" stroke="currentColor" stroke-width="1.8" />
  <circle cx="15.8" cy="9.2" r="1.9" fill="currentColor" />
  <path d="M4 18l5-6.2 3.6 4.2 2.7-3 4.7 5z" fill="currentColor" />
</svg>`;

/** A heart, filled by the stylesheet when the button is pressed. */
export const heart: Html = html`<svg viewBox="0 0 24 24" aria-hidden="true" focusable="false">
  <path d="M12 20.3S3.6 15.2 3.6 9.3A4.6 4.6 0 0 1 12 6.7a4.6 4.6 0 0 1 8.4 2.6c0 5.9-8.4 11-8.4 11z" />
</svg>`;

/** A calendar page. */
export const calendar: Html = html`<svg
  viewBox="0 0 24 24"
  aria-hidden="true"
  focusable="false"
  fill="none"
  stroke="currentColor"
  stroke-width="1.8"
>
  <rect x="3.5" y="5" width="17" height="15" rx="2.5" />
  <path d="M3.5 10h17M8 3v4M16 3v4" />
</svg>`;

/** A place on a map. */
export const pin: Html = html`<svg
  viewBox="0 0 24 24"
  aria-hidden="true"
  focusable="false"
  fill="none"
  stroke="currentColor"
  stroke-width="1.8"
>
  <path d="M12 21s6.5-6 6.5-11.2A6.5 6.5 0 0 0 5.500 9.800C5.500 15 12 21 12 21z" />
  <circle cx="12" cy="9.700" r="2.300" />
</svg>`;

/** Evening hills with lanterns, behind the title of an event. */
export const eveningHills: Html = html`<svg
  class="cover-art"
  viewBox="0 0 1200 520"
  preserveAspectRatio="xMidYMid slice"
  aria-hidden="true"
  focusable="false"
>
  <defs>
    <linearGradient id="sky" x1="0" y1="0" x2="0" y2="1">
      <stop offset="0" stop-color="#3c1d4f" />
      <stop offset="0.55" stop-color="#a83e6c" />
      <stop offset="1" stop-color="#f3a65a" />
    </linearGradient>
  </defs>
  <rect width="1200" height="520" fill="url(#sky)" />
  <circle cx="845" cy="215" r="84" fill="#ffd9a0" opacity="0.9" />
  <path d="M0 360c160-70 300-60 460-10s300 40 440-20 220-50 300-20v210H0z" fill="#6d2c57" opacity="0.85" />
  <path d="M0 420c200-60 360-30 560 0s380 20 640-40v140H0z" fill="#43193f" />
  <path d="M-10 70c220 90 420 110 620 60s400-60 610 30" fill="none" stroke="#2a0f2a" stroke-width="3" />
  <g fill="#ffe7b8">
    <circle cx="110" cy="128" r="11" />
    <circle cx="260" cy="160" r="11" />
    <circle cx="420" cy="172" r="11" />
    <circle cx="585" cy="156" r="11" />
    <circle cx="745" cy="124" r="11" />
    <circle cx="905" cy="112" r="11" />
    <circle cx="1070" cy="136" r="11" />
  </g>
</svg>`;
