import { choice, duration, flag, integer, list, size } from "./kind.ts";
import { option } from "./option.ts";

const ANY_NUMBER = Number.MAX_SAFE_INTEGER;

/** Options of realtime connections. */
export const realtimeOptions = {
  "realtime.roles": option(list(choice("gateway", "worker")), {
    doc: "What this server does for realtime: holds connections (gateway), runs actors (worker), or both.",
    default: ["gateway", "worker"],
  }),
  "realtime.connection.connectTimeout": option(duration("1s"), {
    doc: "How long an open connection may take to say who it is; then it is closed with 3502.",
    default: "10s",
  }),
  "realtime.connection.ping": option(duration("1s"), {
    doc: "Between signs of life, at each of which the session or token is looked at again. Proxies cut connections that rest for a minute.",
    default: "25s",
  }),
  "realtime.connection.pong": option(duration("1s"), {
    doc: "How long the answer to a sign of life may take; then the connection is closed with 3012.",
    default: "8s",
  }),
  "realtime.connection.expiryGrace": option(duration("1s"), {
    doc: "How long a connection whose token has expired waits for a new one, while every command is refused; then it is closed with 3005.",
    default: "25s",
  }),
  "realtime.connection.commandTimeout": option(duration("1s"), {
    doc: "How long a command may wait for its actor.",
    default: "30s",
  }),
  "realtime.connection.largestFrame": option(size(), {
    doc: "The largest message a client may send.",
    default: "64KiB",
  }),
  "realtime.connection.commands": option(integer(1, ANY_NUMBER), {
    doc: "Commands a second that one connection may send; others are refused with 111. Twenty times as many close it with 3013.",
    default: 20,
  }),
  "realtime.connection.commandBurst": option(integer(1, ANY_NUMBER), {
    doc: "Commands that a connection may send at once when it has been quiet.",
    default: 40,
  }),
  "realtime.connection.bytes": option(size(), {
    doc: "Bytes a second that are read from one connection; the rest waits in the network.",
    default: "128KiB",
  }),
  "realtime.connection.channels": option(integer(1, ANY_NUMBER), {
    doc: "Channels that one connection may hear.",
    default: 100,
  }),
  "realtime.connection.errors": option(integer(1, ANY_NUMBER), {
    doc: "Errors a minute after which a connection is closed with 3509.",
    default: 100,
  }),
  "realtime.connection.queueSoft": option(size(), {
    doc: "How much may wait for a slow reader before it gets volatile events no more, or only the latest of a name.",
    default: "256KiB",
  }),
  "realtime.connection.queueHard": option(size(), {
    doc: "How much may wait for a slow reader before its connection is closed with 3008. It comes back and gets what it missed.",
    default: "1MiB",
  }),
  "realtime.lines.perUser": option(integer(1, ANY_NUMBER), {
    doc: "Connections that one principal may have open, on all servers together.",
    default: 20,
  }),
  "realtime.lines.perAddress": option(integer(1, ANY_NUMBER), {
    doc: "Connections that one address (IPv6: one /64) may have open, on all servers together.",
    default: 100,
  }),
  "realtime.lines.perNode": option(integer(1, ANY_NUMBER), {
    doc: "Connections that one server has open.",
    default: 10_000,
  }),
  "realtime.lines.opening": option(integer(1, ANY_NUMBER), {
    doc: "Connections that may be opened, or asked for, from one address in a minute.",
    default: 30,
  }),
  "realtime.lines.connectTokens": option(flag(), {
    doc: "Whether a connection may be opened without any credential, since its first message can bring a token.",
    default: true,
  }),
  "realtime.drainSpread": option(duration("1ms"), {
    doc: "Over how long connections are closed when the server stops, so that not all come back at once.",
    default: "10s",
  }),
} as const;
