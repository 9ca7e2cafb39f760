import { OTLPLogExporter as GrpcLogs } from '@opentelemetry/exporter-logs-otlp-grpc'
import { OTLPLogExporter as JsonLogs } from '@opentelemetry/exporter-logs-otlp-http'
import { OTLPLogExporter as ProtoLogs } from '@opentelemetry/exporter-logs-otlp-proto'
import { OTLPMetricExporter as GrpcMetrics } from '@opentelemetry/exporter-metrics-otlp-grpc'
import { OTLPMetricExporter as JsonMetrics } from '@opentelemetry/exporter-metrics-otlp-http'
import { OTLPMetricExporter as ProtoMetrics } from '@opentelemetry/exporter-metrics-otlp-proto'
import { OTLPTraceExporter as GrpcTraces } from '@opentelemetry/exporter-trace-otlp-grpc'
import { OTLPTraceExporter as JsonTraces } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as ProtoTraces } from '@opentelemetry/exporter-trace-otlp-proto'
import type { LogRecordExporter } from '@opentelemetry/sdk-logs'
import type { PushMetricExporter } from '@opentelemetry/sdk-metrics'
import type { SpanExporter } from '@opentelemetry/sdk-trace-base'

interface Ports {
  readonly grpcPort: number
  readonly httpPort: number
}

interface Transport {
  readonly name: string
  logs(ports: Ports): LogRecordExporter
  metrics(ports: Ports): PushMetricExporter
  traces(ports: Ports): SpanExporter
}

const grpc = ({ grpcPort }: Ports) => ({ url: `http://127.0.0.1:${grpcPort}` })
const http = ({ httpPort }: Ports, path: string) => ({ url: `http://127.0.0.1:${httpPort}${path}` })
// The enum of the SDK is in a package that it does not re-export; its value for gzip is the word.
const gzip = { compression: 'gzip' as never }

/** The ways in which the SDK sends OTLP. */
export const transports: readonly Transport[] = [
  {
    name: 'gRPC',
    logs: (ports) => new GrpcLogs(grpc(ports)),
    metrics: (ports) => new GrpcMetrics(grpc(ports)),
    traces: (ports) => new GrpcTraces(grpc(ports)),
  },
  {
    name: 'gRPC with gzip',
    logs: (ports) => new GrpcLogs({ ...grpc(ports), ...gzip }),
    metrics: (ports) => new GrpcMetrics({ ...grpc(ports), ...gzip }),
    traces: (ports) => new GrpcTraces({ ...grpc(ports), ...gzip }),
  },
  {
    name: 'HTTP/protobuf',
    logs: (ports) => new ProtoLogs(http(ports, '/v1/logs')),
    metrics: (ports) => new ProtoMetrics(http(ports, '/v1/metrics')),
    traces: (ports) => new ProtoTraces(http(ports, '/v1/traces')),
  },
  {
    name: 'HTTP/protobuf with gzip',
    logs: (ports) => new ProtoLogs({ ...http(ports, '/v1/logs'), ...gzip }),
    metrics: (ports) => new ProtoMetrics({ ...http(ports, '/v1/metrics'), ...gzip }),
    traces: (ports) => new ProtoTraces({ ...http(ports, '/v1/traces'), ...gzip }),
  },
  {
    name: 'HTTP/JSON',
    logs: (ports) => new JsonLogs(http(ports, '/v1/logs')),
    metrics: (ports) => new JsonMetrics(http(ports, '/v1/metrics')),
    traces: (ports) => new JsonTraces(http(ports, '/v1/traces')),
  },
]
