import Metrics
import ServerIdentity

/// What becomes of a port's certificate; made for plain ports too, so that a first time is seen as a rise from 0.
struct IdentityMetrics: Sendable {
    private let taken, refused: Counter
    private let end: Meter

    init(_ port: Port) {
        func counter(_ outcome: String) -> Counter {
            Counter(label: "satgate_tls_reloads_total", dimensions: [("port", port.rawValue), ("outcome", outcome)])
        }
        (taken, refused) = (counter("taken"), counter("refused"))
        end = Meter(label: "satgate_tls_certificate_end_seconds", dimensions: [("port", port.rawValue)])
        end.set(0)
    }

    /// New files were taken in.
    func tookIn() { taken.increment() }

    /// New files cannot be used.
    func turnedDown() { refused.increment() }

    /// The certificate that is shown.
    func shows(_ identity: PortIdentity) { end.set(identity.end) }
}
