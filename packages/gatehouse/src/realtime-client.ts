export type { ActorContract, ContractOf } from "./realtime/actor/contract.ts";
export { ActorClient } from "./realtime/client/actor-client.ts";
export type { ActorState, CommandOptions } from "./realtime/client/actor-client.ts";
export { HeardChannel } from "./realtime/client/channel.ts";
export type { ChannelMember, ChannelNews, Subscribed } from "./realtime/client/channel.ts";
export { RealtimeClient } from "./realtime/client/realtime-client.ts";
export type { ConnectionState, RealtimeClientOptions, RealtimeTransport } from "./realtime/client/realtime-client.ts";
export { RealtimeError } from "./realtime/client/realtime-error.ts";
export type { RealtimeErrorDetails } from "./realtime/client/realtime-error.ts";
