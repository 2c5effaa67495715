/**
 * One of the issuers that are measured, in a process of its own:
 *
 * - `plain`: oidc-provider on a bare server with its adapter in memory; nothing is guarded, nothing kept.
 * - `gatehouse`: the assembled server in its production profile, on SQLite: every guard, everything durable and sealed.
 *
 * The second word is the algorithm of its signing key.
 */
import { answerParent, type Running } from "../support/served.ts";
import { ALGORITHMS } from "./issuer.ts";

const [variant = "", word = ""] = process.argv.slice(2);
const algorithm = ALGORITHMS.find((name) => name === word) ?? "RS256";

const variants: Readonly<Record<string, (directory: string) => Promise<Running>>> = {
  async plain() {
    const { servePlain } = await import("./plain.ts");
    return servePlain(algorithm);
  },
  async gatehouse(directory) {
    const { serveGuardedIssuer } = await import("./guarded.ts");
    return serveGuardedIssuer(algorithm, directory);
  },
};
const start = variants[variant];
if (start === undefined) throw new Error("There is no such server.");
await answerParent(start);
