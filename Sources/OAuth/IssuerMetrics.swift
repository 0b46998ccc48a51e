import Metrics

/// What becomes of the keys of one issuer; made ahead, so that a first time is seen as a rise from 0.
struct IssuerMetrics: Sendable {
    private let taken, failed: Counter
    private let keys: Meter

    init(_ issuer: String) {
        func counter(_ outcome: String) -> Counter {
            Counter(label: "satgate_oauth_fetches_total", dimensions: [("issuer", issuer), ("outcome", outcome)])
        }
        (taken, failed) = (counter("taken"), counter("failed"))
        keys = Meter(label: "satgate_oauth_keys", dimensions: [("issuer", issuer)])
        keys.set(0)
    }

    /// A set of so many keys has come.
    func took(_ count: Int) {
        taken.increment()
        keys.set(count)
    }

    /// None has come.
    func missed() { failed.increment() }
}
