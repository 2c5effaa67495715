import { isLoopback } from "../../../http/loopback.ts";
import type { ScreenWords } from "../texts.ts";
import { wantedScopes } from "./consent.ts";
import type { ConsentQuestion } from "./screens.ts";
import type { Visit } from "./visit.ts";

/** What is asked on a page of consent, in words. */
export function askedOf(visit: Visit, words: ScreenWords): Omit<ConsentQuestion, "email"> {
  const { params, deviceCode } = visit.interaction;
  const { redirect_uri: redirect } = params;
  const target = deviceCode === undefined && typeof redirect === "string" ? URL.parse(redirect) : null;
  const scopes = wantedScopes(visit).map(({ scope, resource }) =>
    resource === undefined ? scopeInWords(scope, words) : words.scopeOther(scope, resource),
  );
  if (target === null) return { scopes, destination: undefined, onDevice: false };
  const isProgram = target.protocol !== "https:" && target.protocol !== "http:";
  return {
    scopes,
    destination: isProgram ? target.protocol : target.host,
    onDevice: isProgram || isLoopback(target.host),
  };
}

function scopeInWords(scope: string, words: ScreenWords): string {
  switch (scope) {
    case "openid":
      return words.scopeOpenid;
    case "profile":
      return words.scopeProfile;
    case "email":
      return words.scopeEmail;
    case "offline_access":
      return words.scopeOffline;
    default:
      return words.scopePlain(scope);
  }
}
