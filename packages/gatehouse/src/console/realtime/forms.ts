import { html, type Html } from "../../html/html.ts";
import type { Denial } from "../../kernel/outcome.ts";
import { MUTABLE_PRINCIPALS } from "../../kernel/ports/mutes.ts";
import type { RefusedForm } from "../sent-form.ts";

/** Where connections are shown, and what is done with them below. */
export const REALTIME_PATH = "/console/realtime";

/** Whose connections are shown; empty: everybody's. */
export interface RealtimeFilter {
  readonly type: string;
  readonly id: string;
  readonly channel: string;
}

/** Which of the forms was refused, and what was typed into it. */
export interface RefusedStep extends RefusedForm {
  /** The last part of its address. */
  readonly step: string;
}

/** What the forms are made from. */
interface FormParts {
  readonly csrfToken: string;
  readonly idempotencyKey: () => string;
  readonly refused: RefusedStep | undefined;
}

const WHAT_IS_WRONG: ReadonlyMap<string, string> = new Map([
  ["id", "Enter an identifier."],
  ["channel", "Enter a whole channel, such as room:lobby."],
  ["actor", "Enter an actor, such as room:lobby, or a type of actors where that is meant."],
  ["reason", "Say why, in at most 500 characters."],
  ["minutes", "Enter a whole number of minutes, at most a year."],
  ["event", "Enter the name of an event."],
  ["data", "Enter what the event carries, as JSON."],
]);

/** The fields that say whom something is about. */
export function principalFields({ type, id }: Omit<RealtimeFilter, "channel">, required: boolean): Html {
  return html`<label
      >Kind<select name="type">
        ${MUTABLE_PRINCIPALS.map((kind) => html`<option value="${kind}" ?selected=${kind === type}>${kind}</option>`)}
      </select></label
    >
    <label
      >Identifier<input name="id" value="${id}" ?required=${required} maxlength="200" autocomplete="off"
    /></label>`;
}

/** The forms that kick and mute somebody, broadcast, and close a room. */
export function realtimeForms(parts: FormParts): Html {
  const { refused } = parts;
  const typedInto = (step: string): Typed => {
    const texts = refused?.step === step ? refused.texts : undefined;
    return (name, otherwise = "") => texts?.get(name) ?? otherwise;
  };
  const forms = [
    kickForm(typedInto("kick")),
    muteForm(typedInto("mute")),
    broadcastForm(typedInto("broadcast")),
    closeForm(typedInto("close")),
  ];
  return html`${forms.map((one) => form(parts, one))}`;
}

/** What was typed into a field of a form that was refused, or what it has at first. */
type Typed = (name: string, otherwise?: string) => string;

function kickForm(typed: Typed): RealtimeForm {
  return {
    ...{ step: "kick", title: "Kick somebody", button: "Kick", isDangerous: true },
    lead: "Closes all connections of theirs, or takes them off one channel. They can come back: mute or ban who must not.",
    fields: html`${whom(typed)}
      <label class="wide"
        >Only this channel<input
          name="channel"
          value="${typed("channel")}"
          maxlength="200"
          autocomplete="off"
          placeholder="all of them"
      /></label>`,
  };
}

function muteForm(typed: Typed): RealtimeForm {
  return {
    ...{ step: "mute", title: "Mute somebody", button: "Mute", isDangerous: true },
    lead: "Their commands are refused for a while, at one actor or at all of a type such as room. They still hear.",
    fields: html`${whom(typed)} ${actorField(typed)}
      <label class="wide"
        >Reason<input name="reason" value="${typed("reason")}" required maxlength="500" autocomplete="off"
      /></label>
      <label
        >Minutes<input
          name="minutes"
          value="${typed("minutes", "60")}"
          required
          inputmode="numeric"
          autocomplete="off"
      /></label>`,
  };
}

function broadcastForm(typed: Typed): RealtimeForm {
  return {
    ...{ step: "broadcast", title: "Broadcast", button: "Broadcast", isDangerous: false },
    lead: "Has an actor emit one of its events to everybody who hears it.",
    fields: html`${actorField(typed)}
      <label
        >Event<input name="event" value="${typed("event")}" required maxlength="64" autocomplete="off"
      /></label>
      <label class="wide"
        >What it carries, as JSON<input
          name="data"
          value="${typed("data")}"
          required
          maxlength="65536"
          autocomplete="off"
          spellcheck="false"
          placeholder="${'{"text":"Doors close soon"}'}"
      /></label>`,
  };
}

function closeForm(typed: Typed): RealtimeForm {
  return {
    ...{ step: "close", title: "Close a room", button: "Close the room", isDangerous: true },
    lead: "Ends an actor for everybody. Its state, its streams and its timers are deleted and do not come back.",
    fields: actorField(typed),
  };
}

function whom(typed: Typed): Html {
  return principalFields({ type: typed("type", "user"), id: typed("id") }, true);
}

function actorField(typed: Typed): Html {
  return html`<label class="wide"
    >Actor<input
      name="actor"
      value="${typed("actor")}"
      required
      maxlength="200"
      autocomplete="off"
      placeholder="room:lobby"
  /></label>`;
}

interface RealtimeForm {
  readonly step: string;
  readonly title: string;
  readonly lead: string;
  readonly button: string;
  readonly isDangerous: boolean;
  readonly fields: Html;
}

function form(
  { csrfToken, idempotencyKey, refused }: FormParts,
  { step, title, lead, button, isDangerous, fields }: RealtimeForm,
): Html {
  return html`<section class="panel" aria-labelledby="${`${step}-title`}">
    <h2 id="${`${step}-title`}">${title}</h2>
    <form
      class="filters"
      method="post"
      action="${`${REALTIME_PATH}/${step}`}"
      aria-labelledby="${`${step}-title`}"
    >
      <input type="hidden" name="_csrf_token" value="${csrfToken}" />
      <input type="hidden" name="idempotency_key" value="${idempotencyKey()}" />
      <p class="soft full">${lead}</p>
      ${refused?.step === step ? faultNotice(refused.denial) : undefined} ${fields}
      <div class="buttons">
        <button class="${isDangerous ? "button danger" : "button"}" type="submit">${button}</button>
      </div>
    </form>
  </section>`;
}

function faultNotice({ problem, detail, violations = [] }: Denial): Html {
  const names = violations.map(({ pointer }) => pointer.split("/").at(-1) ?? "");
  const faults = [...new Set(names)].map((name) => WHAT_IS_WRONG.get(name)).filter((text) => text !== undefined);
  const text = detail ?? (faults.length === 0 ? problem.message : faults.join(" "));
  return html`<p class="notice bad full" role="alert">${text}</p>`;
}
