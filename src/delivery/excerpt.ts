const lengthMax = 500

/** What the log shows of a backend's own words. */
export function excerpt(message: string): string {
  return message.length <= lengthMax ? message : `${message.slice(0, lengthMax)}…`
}
