import { html, type Html, type Renderable } from "../../../../html/html.ts";
import { agentIn } from "../../../grants/user-agent.ts";
import type { Screen } from "../../layout.ts";
import type { ApplicationSession } from "./application-sessions.ts";
import { backToAccount, ownButton, timeOf, type OwnFrame } from "./frame.ts";
import type { OwnView } from "./look.ts";
import { OWN_FORMS } from "./paths.ts";
import { isOf } from "./session-changes.ts";
import type { SignOn } from "./sign-ons.ts";

/** What applications are called. */
export type ClientNames = ReadonlyMap<string, string>;

/** A session as it is shown. */
interface Card {
  readonly id: string;
  readonly title: string;
  readonly isHere: boolean;
  readonly ip: string | undefined;
  readonly beganAt: number | undefined;
  readonly usedAt: number | undefined;
  readonly applications: readonly string[];
}

/** Where somebody is signed in. */
export function sessionsScreen(frame: OwnFrame, view: OwnView, names: ClientNames): Screen {
  const { said } = frame;
  const cards = [
    ...view.signOns.map((signOn) => cardOfSignOn(frame, view, { signOn, names })),
    ...withoutSignOn(view).map((session) => cardOfSession(frame, session)),
  ];
  const others = cards.some(({ isHere }) => !isHere);
  return {
    ...{ title: said.sessions, lead: said.sessionsWhy },
    body: html`<ul class="cards">
        ${cards.map((card) => cardItem(frame, card))}
      </ul>
      ${others ? ownButton(frame, { action: OWN_FORMS.endOthers, label: said.endOthers }) : undefined}
      ${backToAccount(frame)}`,
  };
}

function cardOfSignOn(
  { said }: OwnFrame,
  { sessions, grants, owner }: OwnView,
  { signOn, names }: { readonly signOn: SignOn; readonly names: ClientNames },
): Card {
  const { id, signedInAt, clients } = signOn;
  const here = sessions.filter(({ sid }) => clients.some((client) => client.sid === sid));
  const families = new Set(clients.map(({ family }) => family));
  const allowed = grants.filter(({ family }) => families.has(family));
  const place = here.find(({ ip }) => ip !== undefined) ?? allowed.find(({ signIn }) => signIn !== undefined)?.signIn;
  const uses = [...here.map(({ seenAt = 0 }) => seenAt), ...allowed.map(({ lastSeen }) => lastSeen), signedInAt];
  return {
    ...{ id, ip: place?.ip, beganAt: signedInAt, usedAt: Math.max(...uses) },
    title: place?.agent === undefined ? said.unknownPlace : agentIn(said, place.agent),
    isHere: isOf(signOn, owner.visit.sid),
    applications: clients.map(({ client }) => names.get(client) ?? client),
  };
}

/** Sessions whose sign-on has ended before them. The one at hand shows itself. */
function withoutSignOn({ sessions, signOns, owner }: OwnView): readonly ApplicationSession[] {
  const known = new Set(signOns.flatMap(({ clients }) => clients.map(({ sid }) => sid)));
  return sessions.filter(
    ({ sid, session }) => session !== owner.visit.session && (sid === undefined || !known.has(sid)),
  );
}

function cardOfSession({ said }: OwnFrame, { session, title, ip, agent, beganAt, seenAt }: ApplicationSession): Card {
  return {
    ...{ id: session, ip, beganAt, usedAt: seenAt, isHere: false, applications: [title] },
    title: agent === undefined ? said.onlyIn(title) : agentIn(said, agent),
  };
}

function cardItem(frame: OwnFrame, { id, title, isHere, ip, beganAt, usedAt, applications }: Card): Html {
  const { said, language } = frame;
  const time = (at: number | undefined): Renderable => (at === undefined ? undefined : timeOf(language, at));
  return html`<li>
    <p>
      <strong>${title}</strong> ${isHere ? html`<span class="badge">${said.here}</span>` : undefined}
      ${ip === undefined ? undefined : html`<span class="quiet">${ip}</span>`}
    </p>
    <p class="quiet">${said.signedInOn} ${time(beganAt)}</p>
    <p class="quiet">${said.lastUsed} ${time(usedAt)}</p>
    <p class="quiet">${said.applicationsIn}: ${applications.join(", ")}</p>
    ${
      isHere
        ? undefined
        : ownButton(frame, {
            ...{ action: OWN_FORMS.endSession, fields: { chosen: id } },
            ...{ label: said.endIt, named: said.endNamed(title) },
          })
    }
  </li>`;
}

/** What somebody has allowed applications. */
export function applicationsScreen(frame: OwnFrame, { grants }: OwnView, names: ClientNames): Screen {
  const { said, language } = frame;
  const cards = grants.map(({ family, client, firstSeen, lastSeen, last, signIn }) => {
    const title = names.get(client) ?? client;
    // Who fetches tokens is the application's server; where somebody allowed it, they know.
    const place = signIn ?? last;
    return html`<li>
      <p><strong>${title}</strong></p>
      <p class="quiet">${said.since} ${timeOf(language, firstSeen)}</p>
      <p class="quiet">
        ${said.lastUsed} ${timeOf(language, lastSeen)}${place === undefined ? "" : ` · ${agentIn(said, place.agent)} · ${place.ip}`}
      </p>
      ${ownButton(frame, {
        ...{ action: OWN_FORMS.withdraw, fields: { family } },
        ...{ label: said.withdraw, named: said.withdrawNamed(title) },
      })}
    </li>`;
  });
  return {
    ...{ title: said.applications, lead: said.applicationsWhy },
    body: html`${
      cards.length === 0
        ? html`<p>${said.applicationsNone}</p>`
        : html`<ul class="cards">
            ${cards}
          </ul>`
    }
    ${backToAccount(frame)}`,
  };
}
