import { defineReceiver } from '../../component/define.ts'
import { listenClaims } from '../../net/listen.ts'
import { OtlpReceiver } from './receiver.ts'
import { config } from './schema.ts'

export const otlp = defineReceiver({
  type: 'otlp',
  summary: 'Receives OTLP over gRPC and HTTP from SDKs, agents and collectors.',
  stability: { logs: 'beta', metrics: 'beta', traces: 'beta' },
  config,
  metrics: {
    remora_receiver_rejected_requests:
      'Requests answered with an error before they became items, by transport and reason (see errors).',
    remora_receiver_tls_handshake_failures: 'TLS handshakes of clients that failed, by transport.',
    remora_receiver_bytes_in_flight:
      'Bytes held by requests being received or waiting for their answer.',
  },
  examples: [
    { title: 'Both protocols, on localhost', config: { protocols: { grpc: {}, http: {} } } },
    {
      title: 'gRPC on a unix socket',
      config: { protocols: { grpc: { endpoint: 'unix:///run/remora/otlp.sock' } } },
    },
  ],
  claims: ({ protocols }) =>
    (['grpc', 'http'] as const).flatMap((name) => {
      const listener = protocols[name]
      if (listener === undefined) return []
      return listenClaims(listener.endpoint, listener.transport, ['protocols', name, 'endpoint'])
    }),
  create: (settings, outputs) => new OtlpReceiver(settings, outputs),
})
