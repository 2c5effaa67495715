import { html, type Html } from "../html/html.ts";
import type { SecurityEvent } from "../kernel/event.ts";

const TIME = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium", timeZone: "UTC" });

/** A moment, for people and for machines. */
export function moment(time: number): Html {
  return html`<time datetime="${new Date(time).toISOString()}">${TIME.format(time)} UTC</time>`;
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
