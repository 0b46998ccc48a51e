import Console
import Gateway
import Metrics
import NIOCore
import Redis
import Store
import Telemetry
import Upstreams

/// Looks every second at what is not counted where it happens, and sets the metrics that tell it: a page shows what was last seen, and
/// whoever asks for one waits for nothing.
struct MetricsUpkeep: Sendable {
    let gateway: Gateway
    let catalogues: Catalogues
    let redis: RedisClient
    let events: RedisEventSink
    let readiness: Readiness
    let process = ProcessMetrics(version: SatGateVersion.text)
    private let ready = Meter(label: "satgate_ready")
    private let nodes = Meter(label: "satgate_nodes_alive")

    init(gateway: Gateway, catalogues: Catalogues, redis: RedisClient, events: RedisEventSink, readiness: Readiness) {
        self.gateway = gateway
        self.catalogues = catalogues
        self.redis = redis
        self.events = events
        self.readiness = readiness
    }

    /// Until it is cancelled.
    func run() async {
        while !Task.isCancelled {
            process.sample()
            ready.set(readiness.checks.allSatisfy(\.isGood) ? 1 : 0)
            nodes.set(readiness.nodes.current.count)
            events.sample()
            gateway.sample()
            await catalogues.sample()
            await redis.sample()
            try? await Task.sleep(for: .seconds(1))
        }
    }
}

/// How late event loops turn.
enum LagMetrics {
    private static let lag = Timer(label: "satgate_event_loop_lag_seconds")

    static func note(_ loop: Int, _ time: TimeAmount) { lag.recordNanoseconds(time.nanoseconds) }
}
