import { html } from "gatehouse/html";
import { live, reply } from "gatehouse/live";
import { z } from "zod";
import type { Example } from "./example.ts";

const MOST = 8;
const Invitation = z.object({
  name: z.string().trim().min(1, "Please say whom you invite.").max(60, "A name has at most 60 characters."),
  plus: z.coerce.number().int("Whole persons only.").min(0, "Nobody less than nobody.").max(5, "At most five."),
});

const guests = live("playground-dialog", {
  state: z.object({ invited: z.array(Invitation) }),
  mount: ({ previous }) => previous ?? { invited: [{ name: "Tante Ruth", plus: 1 }] },
  actions: (action) => ({
    invite: action({ input: Invitation, authorise: "public", commutes: true }, ({ state }, invitation) =>
      reply({
        state: { invited: [...state.invited, invitation].slice(-MOST) },
        // The script of the page closes the dialog when it hears of this.
        effects: { dispatch: [{ name: "invited" }], announce: `${invitation.name} is invited.` },
      }),
    ),
    clear: action({ authorise: "public" }, () => ({ invited: [] })),
  }),
  render: ({ state: { invited }, act: { invite, clear } }) => html`
    <ul class="results">
      ${invited.map(({ name, plus }) => html`<li><span>${name}</span> ${plus > 0 && html`<span>and ${plus} more</span>`}</li>`)}
    </ul>
    ${invited.length === 0 && html`<p class="empty">Nobody is invited yet.</p>`}
    <div class="actions">
      <a class="button" href="#invite" data-opens="invite" aria-haspopup="dialog">Invite somebody</a>
      <button class="button quiet" ${clear()}>Invite nobody after all</button>
    </div>
    <dialog id="invite" class="card sheet" aria-labelledby="invite-title">
      <form ${invite.form} aria-labelledby="invite-title">
        ${invite.fields}
        <h3 id="invite-title">Invite somebody</h3>
        <div class="field">
          <label for="invite-name">Whom</label>
          <input id="invite-name" autocomplete="off" maxlength="60" required ${invite.field("name")} />
          ${invite.error("name")}
        </div>
        <div class="field">
          <label for="invite-plus">How many they may bring</label>
          <input id="invite-plus" inputmode="numeric" autocomplete="off" required ${invite.field("plus")} />
          ${invite.error("plus")}
        </div>
        <div class="actions">
          <button class="button" type="submit">Invite</button>
          <a class="button quiet" href="#content" data-closes>Not now</a>
        </div>
      </form>
    </dialog>
  `,
});

/** A dialog of the browser's own, with a form in it. */
export const dialogExample: Example = {
  slug: "dialog",
  title: "Modal dialog",
  summary: "The browser's own dialog around a form. Without scripts it is a part of the page.",
  shows: ["native <dialog>", "events for scripts of the page", "errors inside the dialog"],
  tasks: [
    "Open the dialog, and close it with Escape: the focus is back where it was.",
    "Invite somebody with six others: what is wrong is said at the field, and the dialog stays open.",
    "Switch scripts off: the link leads to the form as a part of the page.",
  ],
  source: import.meta.url,
  script: "dialog.js",
  open: () => guests,
};
