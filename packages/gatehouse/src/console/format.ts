import { html, type Html } from "../html/html.ts";
import type { SecurityEvent } from "../kernel/event.ts";

/** A moment in UTC, to the second. */
export function moment(time: number): Html {
  const iso = new Date(time).toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 19)}</time>`;
}

const TONES = { success: "good", denied: "warn", error: "bad" } as const;

/** The outcome of an event as a tag. */
export function outcomeTag({ outcome, problem }: Pick<SecurityEvent, "outcome" | "problem">): Html {
  return html`<span class="tag ${TONES[outcome]}">${problem ?? outcome}</span>`;
}

const STATES = { up: "good", degraded: "warn", down: "bad" } as const;

/** The state of a store as a tag. */
export function stateTag(state: keyof typeof STATES): Html {
  return html`<span class="tag ${STATES[state]}">${state}</span>`;
}
