const placeholder =
  /^(?:true|false|null|nil|none|undefined|empty|unset|unknown|missing|required|invalid|incorrect|expired|wrong|failed|failure|denied|rejected|accepted|updated|changed|reset|mismatch|error|valid|weak|blank|provided|changeme|example|redacted|masked|hidden|filtered|removed|secret|password|token|string|yes|no|on|off|n\/a|\[?(?:redacted|filtered|masked|hidden|removed)\]?|<[^>]{0,60}>|\$\{?[A-Za-z_][^}]{0,80}\}?|\$[0-9@*#]|\$\([^)]{0,80}\)?|\$?\{\{?[^}]{0,80}\}?\}|%[a-z({][^%]{0,40}|[*x•.#-]{1,64}|\*{2,}.{0,8})$/i

/** Stands where a secret would: `***`, `<password>`, `${DB_PASSWORD}`, `$1`, `null`. Nothing is gained by masking it. */
export function isPlaceholder(text: string): boolean {
  return text.length <= 128 && placeholder.test(text)
}

/** `PWD=/usr/src/app` is where a process runs. */
export function isDirectory(word: string, value: string): boolean {
  return /pwd$/i.test(word) && /^(?:[/~]|[A-Za-z]:[\\/])/.test(value)
}
