import { z } from "zod";

const text = (most: number) => z.string().max(most).optional();

/**
 * Parameters of the protocol whose length or form we bound before the engine sees them; it knows what all of them mean.
 * A client is known by a name of ours, or by the https address of its metadata document.
 */
export const Parameters = z.looseObject({
  client_id: z
    .string()
    .regex(
      /^(?:[A-Za-z0-9_-]{1,100}|https:\/\/\S{1,1992})$/,
      "A client is named by at most 100 letters, digits, _ and -.",
    )
    .optional(),
  client_secret: text(255),
  code: text(1000),
  code_verifier: z
    .string()
    .regex(/^[A-Za-z0-9._~-]{43,128}$/, "A code verifier has 43 to 128 letters, digits, -, ., _ and ~.")
    .optional(),
  refresh_token: text(1000),
  redirect_uri: text(2000),
  scope: text(1000),
  state: text(2000),
  nonce: text(1000),
});

/** The parameters of a form or query. Of one that is there twice the first counts here; the engine refuses it. */
export function parametersOf(fields: URLSearchParams): Record<string, string> {
  const parameters: Record<string, string> = {};
  for (const [name, value] of fields) if (!Object.hasOwn(parameters, name)) parameters[name] = value;
  return parameters;
}
