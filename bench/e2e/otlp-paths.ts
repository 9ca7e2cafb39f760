import type { Signal } from '../../src/signal/signal.ts'

/** The method of the gRPC service of each signal (opentelemetry-proto, collector/…_service.proto). */
export const grpcPaths: Readonly<Record<Signal, string>> = {
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
}

/** The signal of a gRPC method or of an HTTP path such as `/v1/logs`. */
export function signalOfPath(path: string): Signal | undefined {
  if (/logs/i.test(path)) return 'logs'
  if (/metrics/i.test(path)) return 'metrics'
  return /trace/i.test(path) ? 'traces' : undefined
}
