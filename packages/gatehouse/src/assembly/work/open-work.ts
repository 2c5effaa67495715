import type { ApplicationParts } from "../application.ts";
import type { Foundation } from "../services.ts";
import { mountWork, type MountedWork } from "./mounted-work.ts";

/** Opens work orders where the application has types of them. */
export async function openWork(
  foundation: Foundation,
  { work }: ApplicationParts,
  stack: AsyncDisposableStack,
): Promise<MountedWork | undefined> {
  if (work === undefined || !foundation.services.config.work.enabled) return undefined;
  const mounted = stack.use(await mountWork(foundation, work));
  foundation.setWork(mounted.services);
  return mounted;
}

/** Tokens for work are recognised by those who serve it. */
export function withWorkTokens(parts: ApplicationParts, work: MountedWork | undefined): ApplicationParts {
  if (work === undefined) return parts;
  const { authenticators = {} } = parts;
  return { ...parts, authenticators: { ...authenticators, bearer: work.bearer(authenticators.bearer) } };
}
