import Metrics

/// What becomes of connections of agents beside their requests.
enum ConnectionMetrics {
    /// Why a connection is closed as soon as it was accepted.
    enum Shed: String, CaseIterable {
        /// The node has as many as it takes.
        case node
        /// Its address has.
        case address
    }

    private static let sheds = Shed.allCases.map { Counter(label: "satgate_connections_shed_total", dimensions: [("reason", $0.rawValue)]) }
    private static let cuts = [ConnectionWait.handshake, .head, .body, .request, .reader].map { wait in
        (wait, Counter(label: "satgate_connections_cut_total", dimensions: [("reason", wait.rawValue)]))
    }
    private static let opened = Meter(label: "satgate_connections_open")

    /// Makes the counters, so that the first of each kind is seen as a rise from 0.
    static func prepare() {
        _ = (sheds, cuts)
        open(0)
    }

    /// One was closed at once.
    static func shed(_ reason: Shed) { zip(Shed.allCases, sheds).first { $0.0 == reason }?.1.increment() }

    /// One was closed because what it had to do was not done in time.
    static func cut(_ wait: ConnectionWait) { cuts.first { $0.0 == wait }?.1.increment() }

    /// So many are open.
    static func open(_ count: Int) { opened.set(count) }
}
