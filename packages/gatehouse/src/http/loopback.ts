/** Whether a host is this machine by its name. Browsers remember https for `localhost` across all its ports. */
export function isLoopback(host: string): boolean {
  return /^(?:localhost|[a-z0-9-]+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i.test(host);
}
