import type { Kind } from '../component/define.ts'

/**
 * Components of the OpenTelemetry Collector and its contrib distribution (v0.157) that people name and remora does not
 * have, so that the message can tell them from a slip of the pen. Those that remora has need not be left out.
 */
const names: Readonly<Record<Kind, string>> = {
  receiver: `aerospike apache apachespark awscloudwatch awscontainerinsightreceiver awsecscontainermetrics awsfirehose
    awss3 awsxray azureblob azureeventhub azuremonitor bigip carbon chrony cloudflare cloudfoundry collectd couchdb datadog
    docker_stats elasticsearch expvar faro filestats flinkmetrics fluentforward github gitlab googlecloudmonitoring
    googlecloudpubsub haproxy host_metrics hostmetrics httpcheck iis influxdb jaeger jmx journald k8s_cluster k8s_events
    k8sobjects kafka kafkametrics kubeletstats libhoney loki memcached mongodb mongodbatlas mysql namedpipe netflow nginx nop
    ntp opencensus oracledb otelarrow otlpjsonfile postgresql prometheus prometheusremotewrite pulsar purefa rabbitmq
    receiver_creator redis riak saphana signalfx simpleprometheus skywalking snmp snowflake solace splunk_hec splunkenterprise
    sqlquery sqlserver sshcheck statsd stef syslog systemd tcplog tcp_check tlscheck udplog vcenter wavefront webhookevent
    windowseventlog windowsperfcounters windowsservice zipkin zookeeper`,
  processor: `attributes coralogix cumulativetodelta deltatocumulative deltatorate dns_lookup filter geoip groupbyattrs
    groupbytrace interval isolationforest k8s_attributes k8sattributes log_dedup logdedup logstransform metric_start_time
    metricsgeneration metricstarttime metricstransform probabilistic_sampler remotetap resource schema span sumologic
    tail_sampling transform unroll`,
  exporter: `alertmanager alibabacloud_logservice awscloudwatchlogs awsemf awskinesis awss3 awsxray azureblob
    azuredataexplorer azuremonitor bmchelix carbon cassandra clickhouse coralogix datadog dataset doris elasticsearch faro
    googlecloud googlecloudpubsub googlemanagedprometheus honeycombmarker influxdb kafka loadbalancing logging logicmonitor
    logzio loki mezmo nop opencensus opensearch otelarrow prometheus prometheusremotewrite pulsar rabbitmq sapm sematext
    sentry signalfx splunk_hec stef sumologic syslog tinybird zipkin`,
  extension: `ack asapclient awsproxy azureauth basicauth bearertokenauth cgroupruntime db_storage docker_observer
    ecs_observer googleclientauth headers_setter healthcheckv2 host_observer http_forwarder jaegerremotesampling
    k8s_leader_elector k8s_observer memory_limiter oauth2client oidc opamp pprof redis_storage remotetap sigv4auth
    sumologic text_encoding zpages`,
}

const renamed: Readonly<Partial<Record<Kind, Readonly<Record<string, string>>>>> = {
  exporter: { logging: 'debug' },
}

/** The type under which the collector continues one that it has given up. */
export function successorOf(kind: Kind, type: string): string | undefined {
  const types = renamed[kind] ?? {}
  return Object.hasOwn(types, type) ? types[type] : undefined
}

/** Whether the collector has a component of that type and kind. */
export function isOfCollector(kind: Kind, type: string): boolean {
  return names[kind].split(/\s+/).includes(type)
}
