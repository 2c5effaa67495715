import type { Application, Services } from "../assembly/application.ts";
import { MediaSite } from "./media-site.ts";

/**
 * A server that processes the files of a data directory until none is left, or until it kills itself. Arguments: the
 * directory, the address of clamd, and where it dies: `<port>.<method> <count> <before|after>`, or nothing.
 */
const [directory = "", address = "", point = "", count = "1", moment = "before"] = process.argv.slice(2);
const grants = { of: async () => undefined, generation: () => undefined };

const application: Application = {
  open(services) {
    if (point !== "") arm(services);
    return { media: { grants } };
  },
};
await using site = await MediaSite.open({
  ...{ directory, application },
  media: { scanner: { engine: "clamd", address, infected: "delete" }, limits: { workers: 1 } },
});
await site.idle();

/** Lets the process die at a call of one of the ports that the pipeline uses. */
function arm({ media, jobs }: Services): void {
  const [port, method = ""] = point.split(".");
  const target = port === "jobs" ? jobs : port === "target" ? media.target : media.quarantine;
  // The points are those of the test that starts this.
  const methods = target as unknown as Record<string, (...values: readonly unknown[]) => Promise<unknown>>;
  const real = methods[method]?.bind(target);
  let calls = 0;
  methods[method] = async (...values) => {
    calls += 1;
    const now = calls === Number(count);
    if (now && moment === "before") process.kill(process.pid, "SIGKILL");
    const result = await real?.(...values);
    if (now) process.kill(process.pid, "SIGKILL");
    return result;
  };
}
