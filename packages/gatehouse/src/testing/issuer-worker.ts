import { openIssuerKit, type IssuerKitOptions } from "./issuer-kit.ts";

/** Another process of an installation with an issuer: its options as JSON. Sends its address, and ends with its parent. */
const [options = ""] = process.argv.slice(2);
// The test that starts this process writes the options with the same type.
const kit = await openIssuerKit(JSON.parse(options) as IssuerKitOptions);
process.on("disconnect", () => void kit[Symbol.asyncDispose]());
process.send?.(kit.origin);
