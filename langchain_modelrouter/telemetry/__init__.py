"""What observers see: OpenTelemetry spans and metrics, a Prometheus page, one log line per decision."""
