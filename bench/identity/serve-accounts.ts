/** The assembled server with its own pages and people, in its production profile, in a process of its own. */
import { production, serveGuarded } from "../support/guarded-server.ts";
import { answerParent } from "../support/served.ts";
import { APP, CALLBACK, ORIGIN, SECRET } from "./issuer.ts";
import { PASSWORD, PEOPLE } from "./sign-in.ts";

await answerParent((directory) =>
  serveGuarded(
    {},
    {
      ...production(ORIGIN, directory),
      identity: {
        algorithms: ["ES256"],
        clients: [{ id: APP, secret: SECRET, firstParty: true, redirectUris: [CALLBACK] }],
      },
    },
    async (gatehouse) => {
      for (const email of PEOPLE) {
        const made = await gatehouse.operate("accounts.create", { email, name: "Ada", password: PASSWORD });
        if (!made.ok) throw new Error(made.problem.message);
      }
    },
  ),
);
