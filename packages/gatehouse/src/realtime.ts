export { actor } from "./realtime/actor/actor.ts";
export type { Actor, AnyActor, DefinedContract } from "./realtime/actor/actor.ts";
export { createActors } from "./realtime/actor/actors.ts";
export type { Actors, ActorsParts, ServerAttempt } from "./realtime/actor/actors.ts";
export type {
  KeyOf,
  PolicyContext,
  Schemas,
  Shape,
  SignalContext,
  TimerControl,
  TimerMoment,
  TurnContext,
} from "./realtime/actor/context.ts";
export type { ActorContract, ContractOf } from "./realtime/actor/contract.ts";
export type { ActorChannel, ActorDefinition, Attendance, Retention, ShapeOf } from "./realtime/actor/definition.ts";
export { AmbiguousTargetError } from "./realtime/actor/emit.ts";
export type { ActorEvent, CanSubscribe, Emit, EmitTarget, EventData, SubscribeContext } from "./realtime/actor/emit.ts";
export { actorEvents } from "./realtime/actor/events.ts";
export type { EmitInput } from "./realtime/actor/operations.ts";
export { actorProblems } from "./realtime/actor/problems.ts";
export { isSecret, secret, Secret } from "./realtime/actor/secret.ts";
export type { StateResult } from "./realtime/actor/stream-actions.ts";
export { OutOfTimeError } from "./realtime/actor/time-box.ts";
export { channelName, DEFAULT_CHANNEL, isChannelPart, parseChannel } from "./realtime/channel-name.ts";
export type { ChannelParts } from "./realtime/channel-name.ts";
export type { CommandDesk } from "./realtime/perform.ts";
export type { Pushed } from "./realtime/pushed.ts";
export type * from "./realtime/subscription.ts";
export { defineRoom } from "./realtime/room/room.ts";
export type { Room, RoomDefinition, RoomMessageDefinition, RoomVisitor } from "./realtime/room/room.ts";
export type {
  BroadcastOptions,
  ConnectionMeta,
  RoomActor,
  RoomContext,
  RoomEmit,
  RoomFrame,
  RoomMessage,
} from "./realtime/room/room-context.ts";
export { roomStub } from "./realtime/room/room-stub.ts";
export type { RoomStub, RoomStubParts, StubMessage } from "./realtime/room/room-stub.ts";
