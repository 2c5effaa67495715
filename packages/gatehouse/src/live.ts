export { live } from "./live/component.ts";
export { expecting } from "./live/expecting.ts";
export type { Expectation } from "./live/expecting.ts";
export { liveEvent } from "./live/live-event.ts";
export type { LiveEvent, LiveEventType } from "./live/live-event.ts";
export type {
  AnyLiveAction,
  AnyLiveComponent,
  ChildOptions,
  DeclareAction,
  DeclareListener,
  LiveAction,
  LiveActionOptions,
  LiveAnswer,
  LiveComponent,
  LiveContext,
  LiveDefinition,
  LiveListener,
  LoadOption,
  MountContext,
  RenderChild,
  RenderContext,
  StateMode,
  ViewContext,
} from "./live/component.ts";
export type { Act, ActEntry } from "./live/act.ts";
export { reply, Reply } from "./live/effects.ts";
export type { LiveEffects } from "./live/effects.ts";
export { liveProblems } from "./live/problems.ts";
export { createLive } from "./live/live.ts";
export { DEFAULT_STATE_QUOTA } from "./live/state.ts";
export type { StateQuota } from "./live/state.ts";
export type { PushOptions } from "./live/push/options.ts";
export type { Live, LiveParts, MountOptions, RefusedContent, RefusedFrame } from "./live/live.ts";
export type { ClientBundle } from "./live/client-bundle.ts";
export type { ComponentUpdate, LiveResult } from "./live/result.ts";
