import Governance
import Logging
import NIOCore
import ServiceLifecycle
import Telemetry

extension Node {
    /// What makes spans and what sends them.
    struct Tracing {
        let tracer: OTLPTracer
        let exporter: SpanExporter

        /// Nil where nothing is traced. `group`: threads that serve no agent.
        init?(_ settings: TracingSettings, of node: NodeID, on group: any EventLoopGroup, logger: Logger) throws {
            guard let endpoint = settings.endpoint else { return nil }
            let queue = SpanQueue()
            tracer = OTLPTracer(queue: queue, ratio: settings.ratio)
            exporter = SpanExporter(
                queue, to: try OTLPClient(endpoint, headers: settings.headers, on: group),
                of: ServiceIdentity(version: SatGateVersion.text, instance: node.text), logger: logger)
        }

        /// It stops after the agents' port, so that the last calls are told of.
        var services: [any Service] { [exporter] }
    }
}
