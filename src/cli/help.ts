import type { Command } from './arguments.ts'
import { exitCodes } from './exit-codes.ts'

const general = `remora takes logs, metrics and traces in and sends them on as uniform OTLP.

Examples
  remora --config remora.yaml                      run until SIGTERM or Ctrl-C
  remora exec --config remora.yaml -- ./app --port 80   around an application
  remora validate --config remora.yaml             every mistake, with line and column
  remora --config base.yaml --config site.yaml     later files win, key by key
  remora --config remora.yaml --set exporters.otlp.endpoint=backend:4317
  remora components                                what there is to configure

Commands
  run            run a configuration (this is what happens without a command)
  exec           run an application, and take its output in
  validate       check a configuration and say what it would run
  print-config   the merged configuration, references resolved, secrets left out
  components     the receivers, processors, exporters and extensions of this build
  schema         a JSON Schema of the whole configuration, for editors
  tail           a log file as a preset or a receiver would read it, without sending anything
  mask           standard input as the masking of a configuration leaves it
  queue          what waits in the queues, since when, and when it will be gone
  dead-letters   what backends refused for good: list, show, replay, purge

Flags
  --config SOURCE   a path, file:PATH, env:NAME or yaml:TEXT; may be repeated
  --set KEY=VALUE   one option, e.g. processors.batch.timeout=2s; may be repeated
  --version, --help; --help behind a command says more about it

The configuration is that of the OpenTelemetry Collector. Values may refer to
\${env:NAME}, \${env:NAME:-default} and \${file:PATH}; $$ is a single $.

Exit codes
${exitCodeLines()}
`

const ofCommand: Readonly<Record<Command, string>> = {
  run: `remora [run] --config SOURCE … [--set KEY=VALUE …]

Runs the configuration until SIGTERM or SIGINT. Then it takes nothing new, hands on what it
holds within service.shutdown_timeout, and exits with 0. A second signal ends it at once.
Log lines are JSON on stderr.

  remora --config remora.yaml
  remora --config env:REMORA_CONFIG
  remora --config remora.yaml --config yaml:exporters::debug::verbosity:\\ detailed
`,
  exec: `remora exec --config SOURCE … [--set KEY=VALUE …] -- COMMAND [ARGUMENT …]

Runs the application and takes in what it writes to stdout and stderr, through the receiver
"application". If the configuration has none, it is added, with its defaults, to the pipeline
"logs", or to all pipelines of logs if there is none of that name.

What it writes is written to stdout and stderr of remora too (tee: false ends that). Signals are
handed on to it. When it ends, what is held is delivered within service.shutdown_timeout, and
remora exits with its exit code: 128 and the number of the signal that ended it, 127 if there
is no such command, 126 if it cannot be run. A configuration with problems exits with 1 before
the application starts.

  remora exec --config remora.yaml -- java -jar app.jar
  remora exec --config remora.yaml --set receivers::application::restart=on-failure -- ./app

As first process of a container, bin/remora also reaps the processes that nobody waits for.
`,
  validate: `remora validate --config SOURCE … [--set KEY=VALUE …]

Checks a configuration without starting anything, and prints every mistake at once: on stderr,
with file, line and column. Exits with 0 if there is none, else with 1.

  remora validate --config remora.yaml
`,
  'print-config': `remora print-config --config SOURCE … [--set KEY=VALUE …] [--format yaml|json] [--mode redacted|unredacted]

Prints the configuration after merging and resolving all references. Secrets show as
[redacted] unless --mode unredacted.

  remora print-config --config base.yaml --config site.yaml
`,
  components: `remora components [--format table|json]

Lists the components of this build with the signals they handle.
`,
  mask: `remora mask --config SOURCE … [--set KEY=VALUE …] [--explain] < FILE

Masks standard input line by line, as mask and redaction of the configuration do with log
bodies. Findings are counted on stderr; --explain tells each, and what its detector goes by.

  remora mask --config remora.yaml --explain < app.log
`,
  tail: `remora tail FILE|- [--preset NAME] [--config SOURCE …] [-n COUNT] [-f]

Shows how the records of a file, or of standard input, would be read: time, level, body, and
the attributes below it. Nothing is sent and no position is kept. Without a flag the preset
is auto, which says what it chose and why. With --config the receiver that includes the file
reads it, its operators included. Records that cannot be read say why. Processors come behind
a receiver and are not applied: what they would mask is shown as it stands in the file.

  --preset NAME    nginx_access, log4j, json, …; see docs/reference/presets.md
  -n, --lines N    the last so many records; 10 of a file, all of standard input
  -f, --follow     go on with what is written from now on; Ctrl-C ends it

  remora tail /var/log/nginx/access.log
  remora tail app.log --preset log4j -n 50 -f
  kubectl logs my-pod | remora tail -

Colours are for terminals; NO_COLOR=1 turns them off.
`,
  schema: `remora schema

Prints a JSON Schema of the whole configuration. Write it to a file:

  remora schema > remora.schema.json

With the YAML language server (VS Code, Neovim, …), put this on the first line of a configuration:

  # yaml-language-server: $schema=./remora.schema.json
`,
  queue: `remora queue status --config SOURCE … [--exporter ID] [--format table|json] [--watch]

Shows what each exporter holds: items, bytes, the age of the oldest, and when it will be gone.
Asks the running process (its /metrics); if none answers, looks into the disk queues.

  remora queue status --config remora.yaml --watch
`,
  'dead-letters': `remora dead-letters list   --config SOURCE … [--exporter ID] [--format table|json]
remora dead-letters show   --config SOURCE … ID
remora dead-letters replay --config SOURCE … [ID …] [--exporter ID] [--to ENDPOINT]
remora dead-letters purge  --config SOURCE … ID … | --all

What backends refused for good, where an exporter has a dead_letter. May be used while remora
runs. replay sends them again, through their exporter or to another place, and removes what
was taken; without an ID all of them. Exits with 1 if something could not be sent: a note of
partial success, which holds no data, only if its ID was given.

  remora dead-letters list --config remora.yaml
  remora dead-letters replay --config remora.yaml otlp_http:3
  remora dead-letters replay --config remora.yaml --to grpc://localhost:4317
`,
}

export function helpText(command?: Command): string {
  return command === undefined ? general : ofCommand[command]
}

function exitCodeLines(): string {
  return Object.values(exitCodes)
    .map(({ code, summary }) => `  ${String(code).padStart(3)}  ${wrap(summary)}`)
    .join('\n')
}

/** At 80 columns, below the summary's own first column. */
function wrap(text: string): string {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1) as string
    if (line.length + word.length > 72) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return lines.join(`\n${' '.repeat(7)}`)
}
