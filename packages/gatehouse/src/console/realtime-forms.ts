import { html, type Html } from "../html/html.ts";
import { MUTABLE_PRINCIPALS } from "../kernel/ports/mutes.ts";

/** Where connections are shown, and what is done with them below. */
export const REALTIME_PATH = "/console/realtime";

/** Whose connections are shown; empty: everybody's. */
export interface RealtimeFilter {
  readonly type: string;
  readonly id: string;
  readonly channel: string;
}

/** What the forms are made from. */
interface FormParts {
  readonly csrfToken: string;
  readonly idempotencyKey: () => string;
}

const NOBODY = { type: "user", id: "" };

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
  const actor = html`<label class="wide"
    >Actor<input name="actor" required maxlength="200" autocomplete="off" placeholder="room:lobby"
  /></label>`;
  return html`${form(parts, {
    ...{ step: "kick", title: "Kick somebody", button: "Kick", isDangerous: true },
    lead: "Closes all connections of theirs, or takes them off one channel. They can come back: mute or ban who must not.",
    fields: html`${principalFields(NOBODY, true)}
        <label class="wide"
          >Only this channel<input name="channel" maxlength="200" autocomplete="off" placeholder="all of them"
        /></label>`,
  })}
    ${form(parts, {
      ...{ step: "mute", title: "Mute somebody", button: "Mute", isDangerous: true },
      lead: "Their commands are refused for a while, at one actor or at all of a type such as room. They still hear.",
      fields: html`${principalFields(NOBODY, true)} ${actor}
        <label class="wide">Reason<input name="reason" required maxlength="500" autocomplete="off" /></label>
        <label>Minutes<input name="minutes" value="60" required inputmode="numeric" autocomplete="off" /></label>`,
    })}
    ${form(parts, {
      ...{ step: "broadcast", title: "Broadcast", button: "Broadcast", isDangerous: false },
      lead: "Has an actor emit one of its events to everybody who hears it.",
      fields: html`${actor}
        <label>Event<input name="event" required maxlength="64" autocomplete="off" /></label>
        <label class="wide"
          >What it carries, as JSON<input
            name="data"
            required
            maxlength="65536"
            autocomplete="off"
            spellcheck="false"
            placeholder="${'{"text":"Doors close soon"}'}"
        /></label>`,
    })}
    ${form(parts, {
      ...{ step: "close", title: "Close a room", button: "Close the room", isDangerous: true },
      lead: "Ends an actor for everybody. Its state, its streams and its timers are deleted and do not come back.",
      fields: actor,
    })}`;
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
  { csrfToken, idempotencyKey }: FormParts,
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
      ${fields}
      <div class="buttons">
        <button class="${isDangerous ? "button danger" : "button"}" type="submit">${button}</button>
      </div>
    </form>
  </section>`;
}
