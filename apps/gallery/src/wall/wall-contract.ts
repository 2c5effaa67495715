import type { ActorContract } from "gatehouse/realtime/client";

/** What a host has the wall say. */
export interface Announcement {
  readonly text: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** What is shown of a wall's state. */
export interface WallView {
  readonly announcement: Announcement | null;
  /** Identifiers of the photos that came last, the newest first. */
  readonly photos: readonly string[];
  /** What guests want to be called, by their identifier. */
  readonly names: Readonly<Record<string, string>>;
}

/** What everybody at a wall may know of somebody. */
export interface WallMember {
  readonly id: string;
  readonly isHost: boolean;
}

interface Command<Input> {
  readonly input: Input;
  readonly output: unknown;
}

/** The wall of an event, as pages know it. */
export interface WallContract extends ActorContract {
  readonly type: "wall";
  readonly key: readonly ["event"];
  readonly commands: {
    /** Has the wall say something; an empty text takes it down. */
    readonly announce: Command<{ readonly text: string }>;
    /** Says what a guest wants to be called; an empty name takes it back. */
    readonly introduce: Command<{ readonly name: string }>;
    readonly applaud: Command<object>;
    /** Takes away what a guest wanted to be called, whatever it was. */
    readonly forget: Command<{ readonly guest: string }>;
    readonly publish: Command<{ readonly photo: string }>;
    readonly withdraw: Command<{ readonly photo: string }>;
  };
  readonly events: {
    readonly "photo-published": { readonly photo: string };
    readonly "photo-withdrawn": { readonly photo: string };
    readonly announced: { readonly announcement: Announcement | null };
    readonly introduced: { readonly id: string; readonly name: string };
    readonly applauded: object;
  };
  readonly channels: "default";
  readonly state: WallView;
}
