import { RealtimeClient } from "gatehouse/realtime/client";
import type { Announcement, WallContract } from "../wall-contract.ts";
import { Album } from "./album.ts";
import { Applause } from "./applause.ts";
import { find } from "./find.ts";
import { sendsInstead } from "./form.ts";
import { People } from "./people.ts";
import { PhotoShow } from "./photo-show.ts";
import { say, type Texts } from "./texts.ts";

const main = find("[data-wall]");
const { wall: event = "", photosAt = "" } = main.dataset;
// Written by the server, in the language of the page.
const texts = JSON.parse(main.dataset["texts"] ?? "{}") as Texts;
const status = find("[data-status]");
const announcement = find("[data-announcement]");
const show = new PhotoShow(texts);
const album = new Album(photosAt, (photos) => show.take(photos));
const people = new People({ here: find("[data-here]"), names: find("[data-names]"), texts });

const client = new RealtimeClient({
  changed(change) {
    if (change.state === "connecting") tell("lost");
    else if (change.state === "disconnected") end("refused");
  },
});
const wall = client.actor<WallContract>("wall", [event]);
const applause = new Applause(() => wall.send("applaud", {}));

const channel = wall.hear({
  subscribed: () => void catchUp(),
  unsubscribed: () => end("ended"),
  joined: (member) => people.joined(member),
  left: (member) => people.left(member),
});
channel.on("photo-published", () => album.refresh());
channel.on("photo-withdrawn", ({ photo }) => {
  show.withdraw(photo);
  album.refresh();
});
channel.on("announced", ({ announcement: said }) => announce(said));
channel.on("introduced", ({ id, name }) => people.call({ [id]: name }));
channel.on("applauded", () => applause.hear());

sendsInstead("[data-announce]", texts, {
  send: (typed) => wall.send("announce", { text: typed.get("text") ?? "" }),
  done: "announced",
});
sendsInstead("[data-introduce]", texts, {
  send: (typed) => wall.send("introduce", { name: typed.get("name") ?? "" }),
  done: "introduced",
});
find("[data-people]").hidden = false;
tell("connecting");

/** What is news is told from here on; what was before is asked for. */
async function catchUp(): Promise<void> {
  tell("live");
  album.refresh();
  try {
    const [{ state }, members] = await Promise.all([wall.state(), channel.presence()]);
    announce(state.announcement);
    people.call(state.names);
    people.take(members);
  } catch {
    // The connection was lost again; with the next one it is asked for anew.
  }
}

function announce(said: Announcement | null): void {
  const text = said?.text ?? "";
  // A text that stays is not read out again.
  if (announcement.textContent !== text) announcement.textContent = text;
}

/** Shows nothing more, and says why. */
function end(why: "ended" | "refused"): void {
  // What was said first is the reason, the rest follows from it.
  if (status.dataset["state"] === "ended") return;
  album.end();
  show.end();
  applause.end();
  people.clear();
  announce(null);
  tell(why);
  status.dataset["state"] = "ended";
  client[Symbol.dispose]();
}

function tell(what: "connecting" | "live" | "lost" | "ended" | "refused"): void {
  status.dataset["state"] = what;
  status.textContent = say(texts, what);
}
