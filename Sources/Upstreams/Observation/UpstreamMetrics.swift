import Metrics
import NIOCore

/// How the upstreams of a node stand, as of the last look.
struct UpstreamMetrics: Sendable {
    private let open = Meter(label: "satgate_upstream_connections", dimensions: [("state", "open")])
    private let idle = Meter(label: "satgate_upstream_connections", dimensions: [("state", "idle")])
    private let waiting = Meter(label: "satgate_upstream_calls_waiting")
    private let up = Meter(label: "satgate_upstreams", dimensions: [("standing", "up")])
    private let down = Meter(label: "satgate_upstreams", dimensions: [("standing", "down")])

    func set(_ load: PoolLoad) {
        open.set(load.open)
        idle.set(load.idle)
        waiting.set(load.waiting)
    }

    func set(up: Int, down: Int) {
        self.up.set(up)
        self.down.set(down)
    }
}

/// Connections that exist or are being opened, those of them that do nothing, and calls that wait for one.
struct PoolLoad: Sendable {
    var open = 0
    var idle = 0
    var waiting = 0
}

extension Catalogues {
    /// Looks how the upstreams and the connections to them stand, and sets the metrics that tell it.
    package func sample() async {
        var load = PoolLoad()
        for lane in lanes {
            let part = await lane.load()
            load.open += part.open
            load.idle += part.idle
            load.waiting += part.waiting
        }
        metrics.set(load)
        let standings = standings
        metrics.set(up: standings.count { $0 == .up }, down: standings.count { $0 != .up })
    }
}
