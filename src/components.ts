import { registryLoader } from './component/registry.ts'

/**
 * Every built-in component: one that is not in this list does not exist. Plain imports, each made when a configuration names
 * the component. The names are those of its definition.
 */
export const loadRegistry = registryLoader([
  {
    kind: 'receiver',
    names: ['application'],
    load: async () => (await import('./receivers/application/definition.ts')).application,
  },
  {
    kind: 'receiver',
    names: ['exec'],
    load: async () => (await import('./receivers/exec/definition.ts')).exec,
  },
  {
    kind: 'receiver',
    names: ['file_log', 'filelog'],
    load: async () => (await import('./receivers/file_log/definition.ts')).fileLog,
  },
  {
    kind: 'receiver',
    names: ['otlp'],
    load: async () => (await import('./receivers/otlp/definition.ts')).otlp,
  },
  {
    kind: 'receiver',
    names: ['stdin'],
    load: async () => (await import('./receivers/stdin/definition.ts')).stdin,
  },
  {
    kind: 'processor',
    names: ['batch'],
    load: async () => (await import('./processors/batch/definition.ts')).batch,
  },
  {
    kind: 'processor',
    names: ['mask'],
    load: async () => (await import('./processors/mask/definition.ts')).mask,
  },
  {
    kind: 'processor',
    names: ['memory_limiter'],
    load: async () => (await import('./processors/memory_limiter/definition.ts')).memoryLimiter,
  },
  {
    kind: 'processor',
    names: ['redaction'],
    load: async () => (await import('./processors/redaction/definition.ts')).redaction,
  },
  {
    kind: 'processor',
    names: ['resource_detection', 'resourcedetection'],
    load: async () =>
      (await import('./processors/resource_detection/definition.ts')).resourceDetection,
  },
  {
    kind: 'exporter',
    names: ['debug'],
    load: async () => (await import('./exporters/debug/definition.ts')).debug,
  },
  {
    kind: 'exporter',
    names: ['file'],
    load: async () => (await import('./exporters/file/definition.ts')).file,
  },
  {
    kind: 'exporter',
    names: ['otlp_grpc', 'otlp'],
    load: async () => (await import('./exporters/otlp_grpc/definition.ts')).otlpGrpc,
  },
  {
    kind: 'exporter',
    names: ['otlp_http', 'otlphttp'],
    load: async () => (await import('./exporters/otlp_http/definition.ts')).otlpHttp,
  },
  {
    kind: 'extension',
    names: ['file_storage'],
    load: async () => (await import('./extensions/file_storage/definition.ts')).fileStorage,
  },
  {
    kind: 'extension',
    names: ['health_check'],
    load: async () => (await import('./extensions/health_check/definition.ts')).healthCheck,
  },
])
