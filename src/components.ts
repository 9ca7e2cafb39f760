import { createRegistry, type Registry } from './component/registry.ts'
import { debug } from './exporters/debug/definition.ts'
import { file } from './exporters/file/definition.ts'
import { otlpGrpc } from './exporters/otlp_grpc/definition.ts'
import { otlpHttp } from './exporters/otlp_http/definition.ts'
import { fileStorage } from './extensions/file_storage/definition.ts'
import { healthCheck } from './extensions/health_check/definition.ts'
import { batch } from './processors/batch/definition.ts'
import { mask } from './processors/mask/definition.ts'
import { memoryLimiter } from './processors/memory_limiter/definition.ts'
import { redaction } from './processors/redaction/definition.ts'
import { resourceDetection } from './processors/resource_detection/definition.ts'
import { application } from './receivers/application/definition.ts'
import { exec } from './receivers/exec/definition.ts'
import { fileLog } from './receivers/file_log/definition.ts'
import { otlp } from './receivers/otlp/definition.ts'
import { stdin } from './receivers/stdin/definition.ts'

/** Every built-in component. Plain imports: a component that is not in this list does not exist. */
export const registry: Registry = createRegistry([
  // receivers
  application,
  exec,
  fileLog,
  otlp,
  stdin,
  // processors
  batch,
  mask,
  memoryLimiter,
  redaction,
  resourceDetection,
  // exporters
  debug,
  file,
  otlpGrpc,
  otlpHttp,
  // extensions
  fileStorage,
  healthCheck,
])
