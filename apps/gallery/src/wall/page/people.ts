import type { ChannelMember } from "gatehouse/realtime/client";
import type { WallMember } from "../wall-contract.ts";
import { count, say, type Texts } from "./texts.ts";

/** Where it is shown who is here. */
export interface PeopleParts {
  /** How many. */
  readonly here: HTMLElement;
  /** By which names. */
  readonly names: HTMLElement;
  readonly texts: Texts;
}

/** Who is at the wall: people, with however many pages each has open. */
export class People {
  readonly #parts: PeopleParts;
  readonly #connections = new Map<string, WallMember>();
  readonly #names = new Map<string, string>();

  constructor(parts: PeopleParts) {
    this.#parts = parts;
  }

  /** Takes who is here by now. */
  take(members: readonly ChannelMember[]): void {
    this.#connections.clear();
    for (const member of members) this.#connections.set(member.client, memberOf(member));
    this.#show();
  }

  joined(member: ChannelMember): void {
    this.#connections.set(member.client, memberOf(member));
    this.#show();
  }

  left({ client }: ChannelMember): void {
    this.#connections.delete(client);
    this.#show();
  }

  /** Takes what people are called by now. */
  call(names: Readonly<Record<string, string>>): void {
    for (const [id, name] of Object.entries(names)) this.#names.set(id, name);
    this.#show();
  }

  /** Whom the page is about is not known any more. */
  clear(): void {
    this.#connections.clear();
    this.#parts.here.hidden = true;
    this.#parts.names.replaceChildren();
  }

  #show(): void {
    const { here, names, texts } = this.#parts;
    const members = new Map([...this.#connections.values()].map((member) => [member.id, member]));
    here.hidden = members.size === 0;
    here.textContent = count(texts, "here", members.size);
    const called: string[] = [];
    let unnamed = 0;
    for (const { id, isHost } of members.values()) {
      const name = this.#names.get(id) ?? "";
      if (isHost) called.push(name === "" ? say(texts, "host") : `${name} (${say(texts, "host")})`);
      else if (name === "") unnamed += 1;
      else called.push(name);
    }
    const lines = unnamed === 0 ? called.toSorted() : [...called.toSorted(), count(texts, "unnamed", unnamed)];
    names.replaceChildren(
      ...lines.map((line) => {
        const item = document.createElement("li");
        item.textContent = line;
        return item;
      }),
    );
  }
}

function memberOf({ client, info }: ChannelMember): WallMember {
  // What the wall tells of everybody.
  return (info as WallMember | undefined) ?? { id: client, isHost: false };
}
