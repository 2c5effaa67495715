import type { Config } from "../kernel/config.ts";
import type { EdgeParts } from "../http/edge-parts.ts";

/** What pages of other origins may use, where some are named. */
const CORS_PATHS = ["/api/", "/connection/", "/emulation", "/mcp"];

/** What the configuration says about the HTTP entrance. */
export function edgeOptions(
  config: Config,
): Pick<EdgeParts, "origins" | "limits" | "session" | "headers" | "cors" | "plainLoopback" | "loopbackNamesOnly"> {
  const { server, session, csp, hsts, cors, media } = config;
  const shown = media.addresses.origin === undefined ? [] : [media.addresses.origin];
  return {
    // Safari keeps no Secure cookie over plain http, not even from this machine.
    plainLoopback: config.profile === "development",
    loopbackNamesOnly: config.profile === "development",
    origins: server.publicUrl === undefined ? [] : [server.publicUrl, media.addresses.origin ?? server.publicUrl],
    limits: { bytes: server.bodyLimit },
    session: { sameSite: session.sameSite, idle: session.idle, absolute: session.absolute },
    headers: {
      policy: { reportPath: csp.reportUri, sources: { images: shown, media: shown } },
      reportOnly: csp.reportOnly,
      transportSecurity: {
        maxAge: Math.floor(hsts.maxAge / 1000),
        includeSubDomains: hsts.includeSubDomains,
        preload: hsts.preload,
      },
    },
    cors: cors.origins.length === 0 ? [] : CORS_PATHS.map((path) => ({ ...cors, path })),
  };
}
