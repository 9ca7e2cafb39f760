import { DeliveryError } from '../../errors/delivery-error.ts'
import type { UnaryHandler } from '../../net/grpc/unary-call.ts'
import { type Signal, signals } from '../../signal/signal.ts'
import { grpcErrorOf } from './answer.ts'
import { type ExportIntake, metadataOf } from './export-intake.ts'

const services: Readonly<Record<Signal, string>> = {
  logs: 'opentelemetry.proto.collector.logs.v1.LogsService',
  metrics: 'opentelemetry.proto.collector.metrics.v1.MetricsService',
  traces: 'opentelemetry.proto.collector.trace.v1.TraceService',
}

/** Export…ServiceResponse without partial success is the empty message. */
const emptyResponse = new Uint8Array(0)

/** grpc.health.v1.HealthCheckResponse { status = 1: SERVING = 1 }: whoever gets this far is served. */
const serving = Uint8Array.of(0x08, 0x01)

export function createHandlers(
  intakes: readonly ExportIntake[],
  includeMetadata: boolean,
): Map<string, UnaryHandler> {
  const handlers = new Map<string, UnaryHandler>()
  handlers.set('/grpc.health.v1.Health/Check', () => Promise.resolve(serving))
  for (const intake of intakes) {
    handlers.set(`/${services[intake.signal]}/Export`, async (message, headers) => {
      try {
        await intake.take(message, includeMetadata ? metadataOf(headers) : undefined)
        return emptyResponse
      } catch (thrown) {
        throw refusal(thrown)
      }
    })
  }
  return handlers
}

function refusal(thrown: unknown): unknown {
  // What is no DeliveryError is a bug: the server logs it and answers INTERNAL. What is no OTLP it counts and answers.
  if (!(thrown instanceof DeliveryError) || thrown.code === 'invalid_data') return thrown
  return grpcErrorOf(thrown)
}

/** What to say to a call that nobody here takes. */
export function unknownMethod(path: string): string {
  for (const signal of signals) {
    if (path === `/${services[signal]}/Export`) return missingPipeline(signal)
  }
  return 'unknown method: this is an OTLP receiver for logs, metrics and traces'
}

export function missingPipeline(signal: Signal): string {
  return `no pipeline takes ${signal}: name this receiver in a ${signal} pipeline of the service`
}
