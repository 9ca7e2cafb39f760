import { defineExtension } from '../../component/define.ts'
import { listenClaims } from '../../net/listen.ts'
import { HealthCheck } from './health-check.ts'
import { config } from './schema.ts'

export const healthCheck = defineExtension({
  type: 'health_check',
  summary: 'Answers liveness and readiness probes with the true state of every component.',
  stability: 'beta',
  config,
  metrics: {},
  examples: [
    { title: 'For probes from inside the pod', config: {} },
    { title: 'For the kubelet', config: { endpoint: '0.0.0.0:13133', recovery_duration: '2m' } },
  ],
  claims: ({ endpoint }) => listenClaims(endpoint, 'tcp', ['endpoint']),
  create: (settings, host) => new HealthCheck(settings, host),
})
