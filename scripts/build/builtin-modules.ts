import { builtinModules } from 'node:module'
import type { Plugin } from 'esbuild'

/**
 * Takes Node's own modules by `process.getBuiltinModule` instead of by `import`.
 *
 * An ESM import of a built-in module reads every property of it for the names it exports, and some are getters that load
 * half of Node: `import 'node:http'` loads all of Node's fetch and WebSocket for three names that nobody uses (measured on
 * Node 24.21: 24 ms and 12 MiB resident, against 2.6 ms). The modules made here export the plain properties and leave the
 * getters alone; who needs one of those takes it from the default export.
 */
export const directBuiltins: Plugin = {
  name: 'direct-builtins',
  setup(build) {
    build.onResolve({ filter: /^(node:)?[a-z_0-9/]+$/ }, ({ path, kind }) => {
      const name = path.replace(/^node:/, '')
      if (!builtinModules.includes(name)) return undefined
      // A `require` inside a CommonJS dependency reads no properties.
      if (kind === 'require-call') return { path: `node:${name}`, external: true }
      return { path: `node:${name}`, namespace: 'builtin' }
    })
    build.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: loadedOnUse.has(path) ? lazyModule(path) : eagerModule(path),
      loader: 'js',
    }))
  },
}

/** Modules that many configurations never call, and what they cost: TLS with its certificates 8 ms and 3 MiB. */
const loadedOnUse: ReadonlySet<string> = new Set([
  'node:tls',
  'node:http',
  'node:https',
  'node:crypto',
  'node:zlib',
])

function namesOf(path: string): { name: string; value: unknown }[] {
  return Object.entries(Object.getOwnPropertyDescriptors(process.getBuiltinModule(path)))
    .filter(
      ([name, { get }]) =>
        get === undefined && /^[A-Za-z_$][\w$]*$/.test(name) && name !== 'default',
    )
    .map(([name, { value }]) => ({ name, value: value as unknown }))
}

function eagerModule(path: string): string {
  const names = namesOf(path)
  const constants = names.map(({ name }, index) => `x${index}=builtin.${name}`)
  const exported = names.map(({ name }, index) => `x${index} as ${name}`)
  return [
    `const builtin=process.getBuiltinModule(${JSON.stringify(path)})`,
    constants.length === 0 ? '' : `const ${constants.join(',')}`,
    `export{${exported.join(',')}}`,
    'export default builtin',
  ].join('\n')
}

/**
 * The named exports are functions that load the module when they are called, or with `new`; the default export is an object
 * that loads it when it is read. A constant cannot be had by name (the build says so), nor can a class be extended; both go
 * through the default export.
 */
function lazyModule(path: string): string {
  const names = namesOf(path)
  const functions = names.filter(({ value }) => typeof value === 'function')
  const stand = ({ name }: { name: string }, index: number) =>
    /^[A-Z]/.test(name)
      ? `function x${index}(...given){return Reflect.construct(builtin().${name},given)}
Object.defineProperty(x${index},Symbol.hasInstance,{value:(it)=>it instanceof builtin().${name}})`
      : `const x${index}=(...given)=>builtin().${name}(...given)`
  return [
    'let loaded',
    `const builtin=()=>loaded??=process.getBuiltinModule(${JSON.stringify(path)})`,
    ...functions.map(stand),
    `export{${functions.map(({ name }, index) => `x${index} as ${name}`).join(',')}}`,
    `export default{${names.map(({ name }) => `get ${name}(){return builtin().${name}}`).join(',')}}`,
  ].join('\n')
}
