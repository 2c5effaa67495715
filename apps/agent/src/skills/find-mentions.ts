import { z } from "zod";
import { answerTo, type Skill } from "./skill.ts";

const Asked = z.object({
  names: z.array(z.string()),
  entries: z.array(z.object({ id: z.string(), author: z.string(), message: z.string() })),
});

/** Says which entries of others name a guest. It reads words and nothing else: one who is called the same is named, too. */
export const findMentions: Skill = {
  type: "gallery.erase-guest",
  async do(item) {
    const { names, entries } = Asked.parse(item.input);
    const mentions = entries.filter(({ author, message }) =>
      names.some((name) => isNamed(name, `${author}\n${message}`)),
    );
    const evidence = [{ title: "Read", text: `${mentions.length} of ${entries.length} entries name the guest` }];
    return { result: { mentions: mentions.map(({ id }) => id) }, evidence, ...answerTo(item) };
  },
};

function isNamed(name: string, text: string): boolean {
  const whole = `(?<![\\p{L}\\p{N}])${RegExp.escape(name)}(?![\\p{L}\\p{N}])`;
  return name !== "" && new RegExp(whole, "iu").test(text);
}
