import { readFileSync } from "node:fs";
import type { Gatehouse } from "gatehouse";
import type { Certificate, Listening } from "gatehouse/http";
import type { Config } from "gatehouse/kernel";
import { z } from "zod";
import type { Command, CommandContext } from "../command.ts";
import { browserOrigin } from "../operate.ts";
import { controlSocketPath, serveControl } from "../control-socket.ts";

const Link = z.object({ path: z.string() });

/** `gatehouse start`. */
export const start: Command = {
  name: "start",
  usage: "",
  summary: "Starts the server and prints where it is.",
  async run(context) {
    const { config, application, clock, random, environment, stop } = context;
    const began = clock.monotonic();
    const socket = controlSocketPath(config.dataDirectory);
    // Loaded here, so that other commands need not wait for it.
    const { openGatehouse } = await import("gatehouse");
    const machine = { clock, random, environment, log: context.log };
    await using gatehouse = await openGatehouse({ config, application, ...machine, recordStart: "later" });
    if (config.profile === "development") await gatehouse.seed();
    await using listening = await listenTo(gatehouse, context);
    // Not before: a server whose port is in use has not started.
    gatehouse.announceStart();
    const origin = config.server.publicUrl ?? browserOrigin(listening.url);
    await using control = await serveControl(socket, {
      operate: ({ action, input }) => gatehouse.operate(action, input),
      origin,
    });
    await announce(gatehouse, origin, { context, took: clock.monotonic() - began });
    await stopped(stop);
    context.terminal.note("Stopping: finishing what is under way ...");
    await listening.close({ grace: config.server.shutdownGrace });
    void control;
    return 0;
  },
};

async function listenTo(gatehouse: Gatehouse, { config, clock }: CommandContext): Promise<Listening> {
  const tls = await certificateFor(config, clock);
  const { listen } = await import("gatehouse/http");
  const { host, port, requestTimeout } = config.server;
  return listen({
    handler: gatehouse.handler,
    host,
    port,
    limits: { requestTimeout },
    trusts: (address) => gatehouse.services.proxies.trusts(address),
    health: { check: () => gatehouse.health(), clock },
    refused: (connection, denial) => gatehouse.edge.refuseConnection(connection, denial),
    ...(tls === undefined ? {} : { tls }),
  });
}

async function certificateFor(config: Config, clock: CommandContext["clock"]): Promise<Certificate | undefined> {
  const { publicUrl, tls } = config.server;
  const { certificate, key, development } = tls;
  if (certificate !== undefined && key !== undefined) {
    return { certificate: readFileSync(certificate, "utf8"), key: readFileSync(key, "utf8") };
  }
  if (!development) return undefined;
  const { developmentCertificate } = await import("gatehouse/http");
  const names = publicUrl === undefined ? [] : [new URL(publicUrl).hostname];
  return developmentCertificate({ directory: config.dataDirectory, clock, names });
}

interface Announcement {
  readonly context: CommandContext;
  /** Milliseconds the start took. */
  readonly took: number;
}

async function announce(gatehouse: Gatehouse, origin: string, { context, took }: Announcement): Promise<void> {
  const { config, terminal, json } = context;
  // In production the output is commonly a log that many people read, for longer than a link is meant to be known.
  const seen = config.profile === "development" || context.log.isTTY === true;
  const links = seen ? await issueLinks(gatehouse, origin, context) : {};
  if (json) {
    terminal.printJson({ url: origin, console: `${origin}/console`, links, tookMilliseconds: Math.round(took) });
    return;
  }
  const line = (label: string, url: string): void =>
    terminal.print(`  ${label.padEnd(22)} ${terminal.style("cyan", url)}`);
  terminal.print();
  terminal.print(terminal.style("bold", `Gatehouse is ready after ${Math.round(took)} ms (${config.profile}).`));
  line("Application", `${origin}/`);
  if (config.console.enabled) line("Console", `${origin}/console`);
  for (const [purpose, url] of Object.entries(links)) line(`One-time link, ${purpose}`, url);
  const advice = seen ? "Each link signs one person in once." : "One-time links are made with: gatehouse link console.";
  terminal.print(terminal.style("dim", `  ${advice} Ctrl-C stops the server.`));
  terminal.print();
}

async function issueLinks(
  gatehouse: Gatehouse,
  origin: string,
  { config, application }: CommandContext,
): Promise<Readonly<Record<string, string>>> {
  const links: Record<string, string> = {};
  for (const purpose of ["console", ...Object.keys(application.linkTargets ?? {})]) {
    if (purpose === "console" && !config.console.enabled) continue;
    const outcome = await gatehouse.operate("links.issue", { purpose });
    if (outcome.ok) links[purpose] = origin + Link.parse(outcome.value).path;
  }
  return links;
}

function stopped(stop: AbortSignal): Promise<void> {
  if (stop.aborted) return Promise.resolve();
  return new Promise((resolve) => stop.addEventListener("abort", () => resolve(), { once: true }));
}
