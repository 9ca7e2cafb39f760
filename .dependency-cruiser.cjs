// What may import what. One row a folder: everything of `src` that is not named in its row is forbidden to it, type
// imports included. docs/ARCHITECTURE.md explains the order of the layers.
//
// Where this table is wider than a strict layering: the engines (tail, lines, operators, regex) stand beside the components
// that use them; `schema.ts` files may use valibot wherever they are, because an engine's options are described beside
// the engine.

const engines = ['tail', 'operators', 'presets', 'regex', 'masking', 'lines', 'process']
const contracts = ['component', 'signal', 'errors']
const forComponents = [
  ...contracts,
  ...engines,
  'wire',
  'telemetry',
  'memory',
  'net',
  'buffer',
  'delivery',
]

/** Folder of src → what it may import: folders, or single files. Its own folder is always allowed. */
const table = {
  errors: [],
  wire: ['errors'],
  signal: ['wire', 'errors'],
  component: ['signal', 'errors'],
  memory: ['component'],
  telemetry: ['component', 'signal', 'errors', 'memory'],
  net: ['component', 'wire', 'errors', 'telemetry'],
  buffer: ['component', 'signal', 'telemetry', 'errors'],
  delivery: [...contracts, 'buffer', 'net/compress.ts'],
  tail: [...contracts, 'memory', 'wire', 'regex'],
  operators: [...contracts, 'wire', 'regex'],
  presets: [...contracts, 'wire', 'operators', 'tail'],
  regex: [...contracts, 'wire'],
  masking: [...contracts, 'wire', 'regex'],
  lines: [...contracts, 'wire', 'tail', 'operators', 'presets', 'regex'],
  process: [...contracts, 'lines'],
  config: ['component', 'errors'],
  pipeline: [...contracts, 'telemetry'],
  receivers: forComponents,
  processors: forComponents,
  exporters: forComponents,
  extensions: forComponents,
}

/** Tests may take what they need from test/support and from other folders; they ship nowhere. */
const tests = '\\.test\\.ts$'

const layers = Object.entries(table).map(([folder, allowed]) => ({
  name: `layer-${folder}`,
  severity: 'error',
  comment: `src/${folder} may import: ${allowed.join(', ') || 'nothing'}.`,
  from: { path: `^src/${folder}/`, pathNot: tests },
  to: {
    path: '^(src|test|bench|scripts)/',
    pathNot: [folder, ...allowed].map((target) =>
      target.endsWith('.ts') ? `^src/${target.replace('.', '\\.')}$` : `^src/${target}/`,
    ),
  },
}))

module.exports = {
  forbidden: [
    ...layers,
    {
      name: 'net-needs-only-types-of-telemetry',
      severity: 'error',
      comment: 'src/net counts through cells it is given; it does not make metrics.',
      from: { path: '^src/net/', pathNot: tests },
      to: { path: '^src/telemetry/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'components-are-islands',
      severity: 'error',
      comment: 'A component may not know another; move the shared part to a named folder of src.',
      from: { path: '^src/(receivers|processors|exporters|extensions)/([^/]+)/', pathNot: tests },
      to: {
        path: '^src/(receivers|processors|exporters|extensions)/',
        pathNot: '^src/$1/$2/',
      },
    },
    {
      name: 'the-list-names-definitions-only',
      severity: 'error',
      comment:
        'src/components.ts is the one list of components: it imports their definition.ts and the registry.',
      from: { path: '^src/components\\.ts$' },
      to: {
        path: '^src/',
        pathNot: [
          '^src/(receivers|processors|exporters|extensions)/[^/]+/definition\\.ts$',
          '^src/component/',
        ],
      },
    },
    {
      name: 'nobody-imports-the-top',
      severity: 'error',
      comment:
        'main, cli and the list of components are the top; only they, tests, benches and scripts see them.',
      from: { path: '^src/', pathNot: ['^src/(main|components)\\.ts$', '^src/cli/', tests] },
      to: { path: '^src/(main\\.ts|components\\.ts|cli/)' },
    },
    {
      name: 'no-deep-imports',
      severity: 'error',
      comment: "A folder's internal/ is its own.",
      from: { path: '^src/([^/]+)/' },
      to: { path: '/internal/', pathNot: ['^src/$1/', 'node_modules'] },
    },
    {
      name: 'shipped-code-imports-no-tests',
      severity: 'error',
      comment: 'test, bench and scripts may import anything; nothing of src imports them.',
      from: { path: '^src/', pathNot: tests },
      to: { path: ['^(test|bench|scripts)/', tests] },
    },
    {
      name: 'valibot-in-schemas-only',
      severity: 'error',
      comment:
        'Options are described in definition.ts or a file named schema.ts, and parsed in src/config.',
      from: {
        path: '^src/',
        pathNot: ['^src/(component|config)/', '(^|/)(definition|schema)\\.ts$', tests],
      },
      to: { path: 'node_modules/(@valibot/|valibot/)' },
    },
    {
      name: 'shipped-code-needs-no-dev-dependency',
      severity: 'error',
      comment: 'src runs with the production dependencies alone.',
      from: { path: '^src/', pathNot: tests },
      to: { dependencyTypes: ['npm-dev'], pathNot: 'node_modules/@types/' },
    },
    {
      name: 'worker-threads-in-worker-only',
      severity: 'error',
      comment: 'Threads, their messages and transfer rules live in src/worker.',
      from: { path: '^src/', pathNot: ['^src/worker/', tests] },
      to: { path: '^(node:)?worker_threads$' },
    },
    {
      name: 'no-circular',
      severity: 'error',
      comment: 'Move what both sides need into a file of its own.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      comment: 'A file that nobody imports and that imports nobody is dead.',
      from: { orphan: true, pathNot: ['\\.d\\.ts$', '^test/fixtures/', '^(bench|scripts)/'] },
      to: {},
    },
    {
      name: 'not-to-unresolvable',
      severity: 'error',
      comment: 'The imported file does not exist.',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { conditionNames: ['import', 'node', 'default', 'types'] },
  },
}
