const reasons: Readonly<Record<number, string>> = {
  200: 'OK',
  204: 'No Content',
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  417: 'Expectation Failed',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
  505: 'HTTP Version Not Supported',
}

/** What a client that asked with `Expect: 100-continue` waits for. */
export const continueHead = 'HTTP/1.1 100 Continue\r\n\r\n'

/**
 * The status line and the headers, names and values in turn, each line with its end. Without the empty line that ends a
 * head.
 */
export function responseHead(status: number, headers: readonly string[]): string {
  let head = `HTTP/1.1 ${status} ${reasons[status] ?? ''}\r\n`
  for (let index = 0; index < headers.length; index += 2) {
    head += `${headers[index]}: ${headers[index + 1]}\r\n`
  }
  return head
}

/** RFC 9110, section 6.6.1. */
export function dateLine(nowMs: number): string {
  return `date: ${new Date(nowMs).toUTCString()}\r\n`
}
