import type { FormatName } from './catalogue.ts'

/** What the reference says about a preset. */
export interface PresetGuide {
  /** What it reads, in a sentence. */
  readonly reads: string
  /** The layouts, as people know them. */
  readonly layouts: readonly string[]
  /** A record. */
  readonly example: string
  readonly notes?: string
}

export const presetGuide: Readonly<Record<FormatName, PresetGuide>> = {
  nginx_access: {
    reads: 'The access log of nginx.',
    layouts: [
      '`combined`, and `main` of the packages (`$http_x_forwarded_for` behind it)',
      'with `$request_time` or pairs (`rt=$request_time uct="$upstream_connect_time"`) behind, which become `nginx.<name>`',
      'ingress-nginx',
      'each also with `$host` in front',
    ],
    example:
      '203.0.113.9 - anna [21/Nov/2026:10:15:30 +0100] "GET /orders?id=7 HTTP/1.1" 502 157 "https://shop.example/" "Mozilla/5.0" rt=0.250',
    notes:
      'The level follows the status: ERROR from 500, WARN from 400, else INFO. A request that is none of HTTP (scanners send them) has no method and no path. What else stands behind is `nginx.rest`.',
  },
  apache_access: {
    reads: 'The access log of Apache httpd.',
    layouts: [
      '`common`',
      '`combined`',
      '`vhost_combined`',
      'what stands behind these is `apache.rest`',
    ],
    example:
      'shop.example:443 203.0.113.9 - - [21/Nov/2026:10:15:30 +0100] "POST /orders HTTP/2.0" 404 196 "-" "curl/8.9"',
    notes: 'Level and requests as with `nginx_access`.',
  },
  log4j: {
    reads: 'Layouts of log4j, logback and java.util.logging, with stack traces.',
    layouts: [
      '`%d [%t] %-5p %c - %m%n`, the defaults of log4j 2 and logback (time of day only), TTCC of log4j 1',
      '`%d %p %c{1}:%L - %m%n` and others of these parts in any order',
      'SimpleFormatter of java.util.logging, in two lines as it is by default',
      'Spring Boot, WildFly, Tomcat, Kafka, ZooKeeper, Hadoop, Cassandra',
    ],
    example:
      '2026-11-21 10:15:30,123 [main] ERROR com.acme.Shop - cannot sell\njava.lang.IllegalStateException: no stock left\n\tat com.acme.Shop.sell(Shop.java:42)',
    notes: 'A line without a time and level in front belongs to the record before it.',
  },
  python: {
    reads: "Python's logging, with tracebacks.",
    layouts: [
      '`%(levelname)s:%(name)s:%(message)s`, the default',
      '`%(asctime)s - %(name)s - %(levelname)s - %(message)s`, `%(asctime)s %(levelname)s %(name)s: %(message)s` and alike',
      'Flask, gunicorn, uvicorn, Celery, loguru',
    ],
    example: '2026-11-21 10:15:30,123 - shop.cart - WARNING - the cart is empty',
    notes: 'CRITICAL is FATAL.',
  },
  klog: {
    reads: 'klog and glog: Kubernetes and its controllers.',
    layouts: ['`Lmmdd hh:mm:ss.uuuuuu threadid file:line] message`, plain or structured'],
    example:
      'I1121 10:15:30.123456    4711 kubelet.go:2421] "Pod status updated" pod="kube-system/dns" status="ready"',
    notes:
      'Pairs behind a message in quotes become attributes, also those whose value has several lines (`out=<` … ` >`).',
  },
  logfmt: {
    reads: 'Pairs such as key=value, and nothing else.',
    layouts: ['`key=value key="two words"`, at least two of them, each key once'],
    example: 'time=2026-11-21T10:15:30.123Z level=warn msg="cart is empty" user=anna',
    notes:
      'All pairs become attributes. Time (up to `asctime`), level (up to `severity_text`), message (up to `body`), trace and span are found as with `json`.',
  },
  json: {
    reads: 'A JSON object a line.',
    layouts: [
      'pino, bunyan, winston, zap, logrus, zerolog, slog, ECS, GELF, logback, log4j, Serilog, .NET, structlog and python-json-logger, MongoDB, PostgreSQL',
      'time: `time`, `timestamp`, `@timestamp`, `ts`, `t`, `date`, `datetime`, `asctime`, `Timestamp`, `@t`, `T`, `timeMillis` or `instant`; a date, or seconds, milliseconds, microseconds or nanoseconds since 1970',
      'level: `level`, `severity`, `lvl`, `log.level`, `levelname`, `loglevel`, `severity_text`, `Level`, `LogLevel`, `@l`, `L` or `error_severity`; a word, or a number of pino and bunyan (10 to 60) or syslog (0 to 7); `s` of MongoDB',
      'message: `msg`, `message`, `log`, `event`, `body`, `short_message`, `Message`, `RenderedMessage`, `@m`, `@mt` or `M`',
      'trace and span of the record: `trace_id`, `traceId`, `TraceId`, `traceID` or `trace.id`, `span_id` and so on; 32 and 16 hexadecimal digits',
    ],
    example:
      '{"time":"2026-11-21T10:15:30.123Z","level":"warn","msg":"cart is empty","cart":{"id":7}}',
    notes:
      'All keys become attributes; names with a dot are found in nested objects, too. A time or level that cannot be read stays an attribute only.',
  },
  postgres: {
    reads: 'The server log of PostgreSQL.',
    layouts: [
      "`'%m [%p] '`, the default, and any other `log_line_prefix` that begins with a time",
      'csvlog, and jsonlog by the preset `json`',
      "user, database, application, client: `%u@%d`, `user=%u,db=%d,app=%a,client=%h`, `'%t:%r:%u@%d:[%p]:'`",
    ],
    example:
      '2026-11-21 10:15:30.123 UTC [4711] app@shop ERROR:  duplicate key value\n2026-11-21 10:15:30.123 UTC [4711] app@shop STATEMENT:  INSERT INTO orders VALUES (7)',
    notes:
      'Lines that begin with a tab, and DETAIL, HINT, CONTEXT, STATEMENT and the like, belong to the record before them.',
  },
  java_stack: {
    reads: 'Lines of any layout, among them stack traces of a JVM.',
    layouts: ['a trace belongs to the line before it; `Caused by:` and `Suppressed:` to the trace'],
    example:
      'order 7 failed\njava.lang.IllegalStateException: no stock left\n\tat com.acme.Shop.sell(Shop.java:42)\nCaused by: java.io.IOException: connection reset\n\t... 3 more',
    notes:
      'No time is read. The level is a word in capitals near the start of the line; a record with an exception and no such word is ERROR.',
  },
}
