export { live } from "./live/component.ts";
export type { RenderFragment } from "./live/fragments.ts";
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
export type { LiveActionOptions } from "./live/action-options.ts";
export type { Act, ActEntry } from "./live/act.ts";
export { reply, Reply } from "./live/effects.ts";
export type { LiveEffects } from "./live/effects.ts";
export { liveEvents } from "./live/events.ts";
export { liveProblems } from "./live/problems.ts";
export { MiB, upload } from "./live/upload.ts";
export type { AuthoriseUpload, UploadedFile, UploadField, UploadOptions, Uploads } from "./live/upload.ts";
export type { UploadLabel } from "./live/act-upload.ts";
export type { UploadType } from "./live/upload-type.ts";
export { DEFAULT_UPLOAD_QUOTA } from "./live/upload-intake.ts";
export type { UploadStorage } from "./live/upload-intake.ts";
export type { InspectorOptions } from "./live/inspector.ts";
export { createLive } from "./live/live.ts";
export { DEFAULT_STATE_QUOTA } from "./live/state.ts";
export type { StateQuota } from "./live/state.ts";
export type { PushOptions } from "./live/push/options.ts";
export type { Live, LiveParts, MountOptions, RefusedContent, RefusedFrame } from "./live/live.ts";
export type { ClientBundle } from "./live/client-bundle.ts";
export type { ComponentUpdate, LiveResult } from "./live/result.ts";
