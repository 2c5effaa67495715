import { defineResource, type WorkResource } from "gatehouse/work";
import { guestbookTopic } from "../guestbook/guestbook.ts";
import { changeEntry, findEntry, removeEntry, type WrittenEntry } from "../guestbook/writings.ts";
import type { OrderNews } from "./order-news.ts";

/** An entry of a guestbook as orders know it. */
export type EntrySnapshot = Omit<WrittenEntry, "id">;

/** Entries of guestbooks: orders erase them, and take names out of them. */
export function entryResource(news: Pick<OrderNews, "topic">): WorkResource<EntrySnapshot> {
  return defineResource<EntrySnapshot>({
    type: "guestbook-entry",
    label: (id) => `guestbook entry ${id}`,
    sensitive: ["author", "message"],
    async read(transaction, key) {
      const found = await findEntry(transaction, key);
      return found && { event: found.event, author: found.author, message: found.message };
    },
    async write(transaction, key, snapshot) {
      const found = await findEntry(transaction, key);
      if (found === undefined) throw new Error(`There is no guestbook entry ${key.id} to be changed.`);
      if (snapshot === undefined) await removeEntry(transaction, key);
      else await changeEntry(transaction, key, snapshot);
      transaction.afterCommit(() => news.topic(key.tenant, guestbookTopic(found.event)));
    },
  });
}
