/** Values up to the quote they began with, where it was written plainly or behind a backslash. */
export const quoted = {
  '"': /(?:[^"\\\r\n]|\\[^\r\n]){1,1024}/y,
  "'": /(?:[^'\\\r\n]|\\[^\r\n]){1,1024}/y,
  '\\"': /[^"\\\r\n]{1,1024}/y,
  "\\'": /[^'\\\r\n]{1,1024}/y,
} as const
