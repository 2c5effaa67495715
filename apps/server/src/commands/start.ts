import type { RunningServer } from "gatehouse";
import type { Command, CommandContext } from "../command.ts";

/** `gatehouse start`. */
export const start: Command = {
  name: "start",
  ownSettings: true,
  usage: "",
  summary: "Starts the server and prints where it is.",
  async run(context) {
    const { config, application, clock, random, environment, stop, log } = context;
    const began = clock.monotonic();
    // Loaded here, so that other commands need not wait for it.
    const [{ startServer }, { ListenError }] = await Promise.all([import("gatehouse"), import("gatehouse/http")]);
    const starting = startServer({ config, application, clock, random, environment, log });
    await using server = await starting.catch((error: unknown) => {
      if (error instanceof ListenError && error.code === "EADDRINUSE")
        context.terminal.note(`Port ${config.server.port} is taken: start with --port ${config.server.port + 1}?`);
      throw error;
    });
    await announce(server, { context, took: clock.monotonic() - began });
    await stopped(stop);
    context.terminal.note("Stopping: finishing what is under way ...");
    return 0;
  },
};

interface Announcement {
  readonly context: CommandContext;
  /** Milliseconds the start took. */
  readonly took: number;
}

async function announce(server: RunningServer, { context, took }: Announcement): Promise<void> {
  const { config, terminal, json } = context;
  const { origin } = server;
  // In production the output is commonly a log that many people read, for longer than a link is meant to be known.
  const seen = config.profile === "development" || context.log.isTTY === true;
  const links = seen ? await issueLinks(server, context) : {};
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
  const keepsLetters = config.profile === "development" && config.identity.enabled;
  if (keepsLetters && config.identity.mail.url === undefined) line("Letters", `${origin}/development/mailbox`);
  if (config.identity.enabled) {
    const how = "gatehouse accounts invite EMAIL, operators with --grants operator";
    terminal.print(terminal.style("dim", `  People are invited with: ${how}.`));
  }
  const advice = seen ? "Each link signs one person in once." : "One-time links are made with: gatehouse link console.";
  terminal.print(terminal.style("dim", `  ${advice} Ctrl-C stops the server.`));
  terminal.print();
}

async function issueLinks(
  server: RunningServer,
  { config, application }: CommandContext,
): Promise<Readonly<Record<string, string>>> {
  const links: Record<string, string> = {};
  for (const purpose of ["console", ...Object.keys(application.linkTargets ?? {})]) {
    if (purpose !== "console" || config.console.enabled) links[purpose] = await server.issueLink(purpose);
  }
  return links;
}

function stopped(stop: AbortSignal): Promise<void> {
  if (stop.aborted) return Promise.resolve();
  return new Promise((resolve) => stop.addEventListener("abort", () => resolve(), { once: true }));
}
