/**
 * Puts a question once for everybody who asks meanwhile. An answer is never older than its asking: who asks while the
 * question is under way waits for the next one, together with all others who do.
 */
export function sharedQuestion<Answer>(put: () => Promise<Answer>): () => Promise<Answer> {
  let running: Promise<Answer> | undefined;
  let next: Promise<Answer> | undefined;

  function begin(): Promise<Answer> {
    running = put().finally(() => {
      running = undefined;
    });
    return running;
  }

  return () => {
    if (next !== undefined) return next;
    if (running === undefined) return begin();
    const beginNext = (): Promise<Answer> => {
      next = undefined;
      return begin();
    };
    next = running.then(beginNext, beginNext);
    return next;
  };
}
