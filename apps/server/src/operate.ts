import { resolve } from "node:path";
import { askServer, controlSocketPath, type ControlAnswer, type ControlRequest } from "gatehouse/control";
import type { Config } from "gatehouse/kernel";
import { z } from "zod";
import { UsageError, type CommandContext } from "./command.ts";

/**
 * Carries out an operator's action: through the running server where there is one, else on the stopped
 * installation itself. Either way it passes the gate and leaves its row in the audit trail.
 */
async function operate(
  context: CommandContext,
  { anywhere = false, ...request }: ControlRequest & Pick<Operation, "anywhere">,
): Promise<ControlAnswer> {
  const { tenant } = context.flags;
  const asked = typeof tenant === "string" ? { ...request, tenant } : request;
  const socket = controlSocketPath(context.config.dataDirectory);
  const answer = await askInTenant(context, asked, (one) => askServer(socket, one));
  if (answer !== undefined) return answer;
  const { config, application, clock, random, environment } = context;
  if (!anywhere) await refuseWithoutStore(config);
  // Loaded where it is needed: most commands only ask the running server.
  const { openGatehouse } = await import("gatehouse");
  await using gatehouse = await openGatehouse({ config, application, clock, random, environment, log: "quiet" });
  const origin = await configuredOrigin(config);
  return await askInTenant(context, asked, async (one) => ({
    outcome: await gatehouse.operate(one.action, one.input, one.tenant),
    origin,
  }));
}

const FoundTenant = z.object({ known: z.boolean(), tenants: z.array(z.string()) });

/** Asks after having looked whether there is such a tenant: nothing declares them, so a mistyped one would come to be. */
async function askInTenant<Answer extends ControlAnswer | undefined>(
  { flags }: CommandContext,
  asked: ControlRequest,
  ask: (request: ControlRequest) => Promise<Answer>,
): Promise<Answer> {
  const { tenant } = asked;
  if (tenant === undefined || flags["new-tenant"] === true) return ask(asked);
  const answer = await ask({ action: "tenants.find", input: { tenant } });
  // Without a server, or without the identity provider, what is asked for says what is wrong.
  if (answer?.outcome.ok !== true) return ask(asked);
  const { known, tenants } = FoundTenant.parse(answer.outcome.value);
  if (known) return ask(asked);
  throw new UsageError(
    `Nothing is known of a tenant "${tenant}". There are: ${tenants.join(", ")}. ` +
      "With --new-tenant the command goes on, and the tenant begins.",
  );
}

/**
 * Opening a directory makes a store in it, which is the business of `start` alone: a mistyped directory would
 * answer every question with nothing, and a backup of it would hold nothing. In PostgreSQL the store is elsewhere.
 */
async function refuseWithoutStore({ store, dataDirectory }: Config): Promise<void> {
  if (store.engine !== "sqlite") return;
  const { hasStore } = await import("gatehouse/store/sqlite");
  if (hasStore(dataDirectory)) return;
  throw new UsageError(
    `There is no installation in ${resolve(dataDirectory)}. Name the data directory of one with --data DIR; ` +
      "gatehouse start makes a new one.",
  );
}

/** Where browsers will reach a server with this configuration. */
async function configuredOrigin({ server }: Config): Promise<string> {
  if (server.publicUrl !== undefined) return server.publicUrl;
  const encrypted = server.tls.development || server.tls.certificate !== undefined;
  const { browserOrigin } = await import("gatehouse/http");
  return browserOrigin(`${encrypted ? "https" : "http"}://${server.host}:${server.port}`);
}

/** An action for the command line. */
interface Operation extends ControlRequest {
  /** Whether a directory without a store will do, because what it is about lies elsewhere. Default false. */
  readonly anywhere?: boolean;
  /** What `--json` answers. Default: the action's value. */
  readonly json?: (value: unknown, origin: string) => unknown;
}

/** Carries out an action and shows its value; a denial is shown as an error. Resolves to the exit code. */
export async function operateAndShow(
  context: CommandContext,
  { action, input, anywhere = false, json = (value) => value }: Operation,
  show: (value: unknown, origin: string) => void,
): Promise<number> {
  const { outcome, origin } = await operate(context, { action, input, anywhere });
  if (!outcome.ok) {
    const { problem, detail, violations } = outcome;
    // The messages of these speak of addresses and values: where there is a sentence on the case, it says all.
    const spoken = problem.code === "NOT_FOUND" || problem.code === "VALIDATION_ERROR";
    const error = spoken && detail !== undefined ? detail : problem.message;
    const more = detail === error ? undefined : detail;
    if (context.json) context.terminal.printJson({ error, code: problem.code, detail: more, violations });
    else context.terminal.note(describeDenial(error, more, violations));
    return 1;
  }
  if (context.json) context.terminal.printJson(json(outcome.value, origin));
  else show(outcome.value, origin);
  return 0;
}

function describeDenial(
  message: string,
  detail: string | undefined,
  violations: readonly { readonly pointer: string; readonly message: string }[] = [],
): string {
  const details = violations.map((violation) => `  ${violation.pointer || "/"}: ${violation.message}`);
  return [message, ...(detail === undefined ? [] : [detail]), ...details].join("\n");
}
