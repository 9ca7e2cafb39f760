"""Tells the OpenTelemetry Python SDK a fixed set of logs, metrics and spans, which it sends to remora.

    send.py grpc|http PORT

Prints the ids it made as one JSON line. The values are compared in ../python-sdk.test.ts.
"""

import json
import sys

from opentelemetry import trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

protocol, port = sys.argv[1], sys.argv[2]
if protocol == "grpc":
    from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

    def options(_path):
        return {"endpoint": f"http://127.0.0.1:{port}", "insecure": True}

else:
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    def options(path):
        return {"endpoint": f"http://127.0.0.1:{port}/v1/{path}"}


START_NS = 1_772_438_400_123_456_789
resource = Resource({"service.name": "shop", "replicas": 3})

tracer_provider = TracerProvider(resource=resource)
tracer_provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(**options("traces"))))
tracer = tracer_provider.get_tracer("checkout", "1.2.3")
linked = SpanContext(0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331, True, TraceFlags(1))
span = tracer.start_span(
    "POST /orders/{id}",
    kind=SpanKind.CLIENT,
    start_time=START_NS,
    attributes={
        "text": "naïve 🐟",
        "integer": 9_223_372_036_854_775_807,
        "double": 0.1,
        "yes": True,
        "texts": ["a", ""],
        "integers": [1, -2],
    },
    links=[Link(linked, {"why": "retry"})],
)
span.add_event("first", {"bytes": 10}, timestamp=START_NS + 1)
span.set_status(Status(StatusCode.ERROR, "card declined"))

meter_provider = MeterProvider(
    resource=resource,
    metric_readers=[
        PeriodicExportingMetricReader(
            OTLPMetricExporter(**options("metrics")), export_interval_millis=3_600_000
        )
    ],
    views=[View(instrument_name="sizes", aggregation=ExponentialBucketHistogramAggregation(max_size=8))],
)
meter = meter_provider.get_meter("checkout", "1.2.3")
with trace.use_span(span):  # so that the points carry exemplars with the ids of the span
    meter.create_counter("orders", unit="{order}", description="Orders placed.").add(3, {"region": "eu"})
    meter.create_up_down_counter("carts").add(-5)
    meter.create_gauge("temperature").set(-3.5)
    latency = meter.create_histogram("latency", unit="ms", explicit_bucket_boundaries_advisory=[0, 5, 10])
    for value in (0, 3, 7.5, 100):
        latency.record(value)
    sizes = meter.create_histogram("sizes", unit="By")
    for value in (0, 1, 2, 4):
        sizes.record(value)
span.end(START_NS + 1_000_000_000)

logger_provider = LoggerProvider(resource=resource)
logger_provider.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(**options("logs"))))
logger = logger_provider.get_logger("checkout", "1.2.3")
logger.emit(
    LogRecord(
        timestamp=START_NS,
        observed_timestamp=START_NS + 1,
        context=trace.set_span_in_context(span),
        severity_number=SeverityNumber.WARN2,
        severity_text="warning",
        body={"message": "x", "list": [1, "two", {"three": 3.5}], "bytes": b"\x00\xff"},
        attributes={"text": "naïve 🐟", "map": {"inner": [1.25]}, "no": False},
        event_name="order.placed",
    )
)

for provider in (tracer_provider, meter_provider, logger_provider):
    provider.shutdown()
context = span.get_span_context()
print(json.dumps({"traceId": f"{context.trace_id:032x}", "spanId": f"{context.span_id:016x}"}))
