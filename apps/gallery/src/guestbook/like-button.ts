import { html } from "gatehouse/html";
import { live, type LiveComponent } from "gatehouse/live";
import { z } from "zod";
import { heart } from "../art.ts";
import { languages, texts } from "../language.ts";
import { countLikes, setLike } from "./likes.ts";

const State = z.object({ count: z.number(), mine: z.boolean() });
const Props = z.object({ eventId: z.uuid(), language: z.enum(languages.tags) });

/** A heart that every guest can give once and take back. */
export const likeButton: LiveComponent<z.infer<typeof Props>> = live("like", {
  props: Props,
  state: State,
  mount: ({ transaction, tenant, props: { eventId }, principal }) =>
    countLikes(transaction, { tenant, eventId }, principal.session ?? principal.id),
  topics: ({ props: { eventId } }) => [topicOf(eventId)],
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
        const owner = principal.session ?? principal.id;
        await setLike(transaction, key, { owner, liked, at: now });
        publish(topicOf(eventId));
        return countLikes(transaction, key, owner);
      },
    ),
  }),
  render: ({ state: { count, mine }, act, props }) => {
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

/** What open pages of an event follow to count its likes. */
function topicOf(eventId: string): string {
  return `likes/${eventId}`;
}
