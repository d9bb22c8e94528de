"""Our run of benchmarks against the harness run directly: question by question."""
