import { html } from "gatehouse/html";
import { deny, problems } from "gatehouse/kernel";
import { live, type LiveComponent } from "gatehouse/live";
import { z } from "zod";
import { heart } from "../art.ts";
import { seesEvent, type ViewerParts } from "../events/viewer.ts";
import { languages, texts } from "../language.ts";
import { writerOf } from "./writer.ts";
import { countLikes, setLike } from "./likes.ts";

/** `null` for who may not look. */
const State = z.object({ count: z.number().nullable(), mine: z.boolean() });
const Props = z.object({ eventId: z.uuid(), language: z.enum(languages.tags) });

/** A heart that every guest can give once and take back. */
export function createLikeButton({ grants }: ViewerParts): LiveComponent<z.infer<typeof Props>> {
  return live("like", {
    props: Props,
    state: State,
    mount: async ({ transaction, tenant, props: { eventId }, principal }) =>
      (await seesEvent(transaction, { grants }, { tenant, principal, eventId }))
        ? countLikes(transaction, { tenant, eventId }, writerOf(principal))
        : { count: null, mine: false },
    topics: ({ props: { eventId } }) => [likesTopic(eventId)],
    actions: (action) => ({
      set: action(
        {
          input: z.object({ liked: z.boolean() }),
          authorise: "public",
          commutes: true,
          limitBy: ["session", "action"],
          // As in the guestbook: strangers share the limit of their address.
          rateLimit: 30,
          rateLimitWindow: 60,
          anonymousLimit: 240,
          audit: { context: ({ liked }) => ({ liked }) },
        },
        async ({ transaction, tenant, props: { eventId }, principal, now, publish }, { liked }) => {
          const key = { tenant, eventId };
          if (!(await seesEvent(transaction, { grants }, { principal, ...key })))
            return deny(problems.PERMISSION_DENIED);
          const owner = writerOf(principal);
          await setLike(transaction, key, { owner, liked, at: now });
          publish(likesTopic(eventId));
          return countLikes(transaction, key, owner);
        },
      ),
    }),
    render: ({ state: { count, mine }, act, props }) => {
      if (count === null) return html``;
      const words = texts[props.language];
      return html`<div class="actions">
        <button class="button like" aria-pressed="${mine ? "true" : "false"}" ${act.set({ liked: !mine })}>
          ${heart}<span>${words.like}</span> <span class="visually-hidden">${words.thisEvent}</span> <span>${count}</span>
          <span class="visually-hidden">${words.likesSoFar(count)}</span>
        </button>
        <p>${mine ? words.liked : words.notLiked}</p>
      </div>`;
    },
  });
}

/** What open pages of an event follow to count its likes. */
export function likesTopic(eventId: string): string {
  return `likes/${eventId}`;
}
