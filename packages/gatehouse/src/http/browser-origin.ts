/** The origin to open in a browser: secure cookies are kept on plain http for the name localhost, not for a bare address. */
export function browserOrigin(url: string): string {
  return url.replace(/\/\/(127\.0\.0\.1|\[?::1\]?):/, "//localhost:");
}
