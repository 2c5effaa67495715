import type { Client, Configuration, KoaContextWithOIDC } from "oidc-provider";
import { z } from "zod";

/** How an application is called to people. */
const ShownClient = z.object({ name: z.string() });

/**
 * What the engine has to show somebody. It says what, and our pages say how: in the language and with the look that
 * they have.
 */
export const EngineView = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("logout"), action: z.string(), xsrf: z.string() }),
  z.object({ kind: z.literal("logged-out") }),
  /** What the engine would have a script send at once. */
  z.object({ kind: z.literal("other-account"), action: z.string(), xsrf: z.string() }),
  z.object({ kind: z.literal("nobody"), action: z.string(), xsrf: z.string() }),
  z.object({
    ...{ kind: z.literal("device-code"), action: z.string(), xsrf: z.string(), code: z.string().optional() },
    fault: z.enum(["missing", "wrong", "failed"]).optional(),
  }),
  z.object({ kind: z.literal("device-aborted") }),
  z.object({
    ...{ kind: z.literal("device-confirm"), action: z.string(), xsrf: z.string() },
    ...{ code: z.string(), client: ShownClient },
  }),
  z.object({ kind: z.literal("device-done"), client: ShownClient }),
  z.object({ kind: z.literal("error"), error: z.string(), description: z.string().optional() }),
]);
/** What the engine has to show somebody. */
export type EngineView = z.infer<typeof EngineView>;

/** The media type of answers that are views. It never leaves the server. */
export const VIEW_TYPE = "application/vnd.gatehouse.view+json";

type Context = KoaContextWithOIDC;

/** What the engine shows where it would show pages of its own. */
export const ENGINE_VIEWS = {
  renderError: (context, { error, error_description: description }) =>
    show(context, { kind: "error", error, ...(description === undefined ? {} : { description }) }),
  deviceFlow: {
    userCodeInputSource: (context, ...[, out, error]) => show(context, codeView(context, out?.error, error)),
    userCodeConfirmSource: (context, ...[, client, , code]) =>
      show(context, { kind: "device-confirm", ...formOf(context, "code_verification"), code, client: named(client) }),
    successSource: (context) => show(context, { kind: "device-done", client: named(context.oidc.client) }),
  },
  rpInitiatedLogout: {
    logoutSource: (context) => show(context, { kind: "logout", ...formOf(context, "end_session_confirm") }),
    postLogoutSuccessSource: (context) => show(context, { kind: "logged-out" }),
  },
} satisfies Pick<Configuration, "renderError"> & {
  readonly deviceFlow: NonNullable<Configuration["features"]>["deviceFlow"];
  readonly rpInitiatedLogout: NonNullable<Configuration["features"]>["rpInitiatedLogout"];
};

/**
 * Shows a page in the place of those that the engine makes of a script alone: where nobody is signed in who could sign
 * out, and where somebody else is than who has just signed in.
 */
export async function replaceScriptedPages(context: Context, next: () => Promise<unknown>): Promise<void> {
  // The engine adds what its page for the response mode form_post needs, and only where there is a policy already.
  context.set(POLICY, "default-src 'none'; script-src; base-uri 'none'; frame-ancestors 'none'");
  await next();
  // Redirects are pages, too, as the engine's framework writes them.
  const isRedirect = context.status >= 300 && context.status < 400;
  if (isRedirect || !context.response.is("html")) return context.remove(POLICY);
  const { route, session, params } = context.oidc;
  const redirect = URL.parse(String(params?.["redirect_uri"] ?? ""));
  if (redirect !== null) context.set(POLICY, `${context.response.get(POLICY)}; form-action ${sourceOf(redirect)}`);
  if (session?.state?.["secret"] === undefined) return;
  if (route === "end_session") return show(context, { kind: "nobody", ...formOf(context, "end_session_confirm") });
  if (route !== "resume" && route !== "device_resume") return;
  show(context, { kind: "other-account", ...formOf(context, "end_session_confirm") });
}

const POLICY = "content-security-policy";

/** An address as a source of a policy: an origin, or a scheme where that is all there is. */
function sourceOf({ origin, protocol }: URL): string {
  return origin === "null" ? protocol : origin;
}

function show(context: Context, view: EngineView): void {
  context.remove(POLICY);
  context.type = VIEW_TYPE;
  context.body = JSON.stringify(view);
}

function codeView(context: Context, error: string | undefined, cause: unknown): EngineView {
  const name = cause instanceof Error ? cause.name : "";
  if (name === "AbortedError") return { kind: "device-aborted" };
  const fault = FAULTS[name] ?? (error === undefined ? undefined : "failed");
  const typed = cause instanceof Error && "userCode" in cause ? cause.userCode : undefined;
  return {
    ...{ kind: "device-code", ...formOf(context, "code_verification") },
    ...(typeof typed === "string" ? { code: typed } : {}),
    ...(fault === undefined ? {} : { fault }),
  };
}

/** What the engine calls that which is wrong with a code somebody typed. */
const FAULTS: Readonly<Record<string, "missing" | "wrong">> = {
  NoCodeError: "missing",
  NotFoundError: "wrong",
  ExpiredError: "wrong",
  AlreadyUsedError: "wrong",
};

function formOf({ oidc }: Context, route: string): { readonly action: string; readonly xsrf: string } {
  const secret = oidc.session?.state?.["secret"];
  return { action: new URL(oidc.urlFor(route)).pathname, xsrf: typeof secret === "string" ? secret : "" };
}

function named(client: Client | undefined): { readonly name: string } {
  return { name: client?.clientName ?? client?.clientId ?? "" };
}
