import { z } from "zod";
import type { Answer } from "./cluster/node-questions.ts";
import type { EmulationVerdict, ForwardCommands } from "./lines/emulation.ts";
import type { Lines } from "./lines/lines.ts";

const Question = z.object({
  line: z.string(),
  data: z.string(),
  sender: z.object({
    principal: z.object({
      type: z.enum(["user", "guest", "agent", "client", "system", "anonymous"]),
      id: z.string(),
      tenant: z.string(),
      session: z.string().optional(),
    }),
    origin: z.string().optional(),
  }),
});

const Verdict = z.enum(["taken", "foreign", "busy"]);

/** Takes commands to another server by a question to it. */
export function forwardCommands(questions: { ask(node: string, question: unknown): Promise<Answer> }): ForwardCommands {
  return async ({ node, line, data }, { principal: { type, id, tenant, session }, origin }) => {
    const principal = { type, id, tenant, session };
    return verdictOf(await questions.ask(node, { line, data, sender: { principal, origin } }));
  };
}

function verdictOf(told: Answer): EmulationVerdict {
  switch (told.kind) {
    case "answer":
      // What is no verdict, as another release's may not be, says nothing.
      return Verdict.safeParse(told.answer).data ?? "late";
    case "gone":
    case "late":
      return told.kind;
    case "unsent":
      return told.reason === "full" ? "busy" : "too large";
  }
}

/** How a server answers what others forward to it; `undefined` for what it does not understand, as of another release. */
export function createEmulationDesk(node: string, lines: Pick<Lines, "take">): (question: unknown) => unknown {
  return (value) => {
    const parsed = Question.safeParse(value);
    if (!parsed.success) return undefined;
    const { line, data, sender } = parsed.data;
    const { session, ...known } = sender.principal;
    const principal = session === undefined ? known : { ...known, session };
    return lines.take({ node, line, data }, { principal, origin: sender.origin });
  };
}
