import NIOCore

/// One event loop's durable links to one server, by how many replicas they wait for: so that nobody waits for replicas that only others ask for.
///
/// Used only on its loop.
final class DurableLinks {
    private let loop: any EventLoop
    private let make: () -> Link
    private var links: [Int: DurableLink] = [:]
    private var dialer: Dialer?
    private var hasStopped = false

    init(loop: any EventLoop, make: @escaping () -> Link) {
        self.loop = loop
        self.make = make
    }

    /// From now on commands can be sent.
    func start(_ dialer: Dialer) {
        self.dialer = dialer
        hasStopped = false
        for link in links.values { link.start(dialer) }
    }

    /// Closes all connections; whatever waits fails, as does what comes now.
    func stop() -> EventLoopFuture<Void> {
        dialer = nil
        hasStopped = true
        return EventLoopFuture.andAllComplete(links.values.map { $0.stop() }, on: loop)
    }

    /// The link on which so many replicas are waited for.
    func link(for replicas: Int) -> DurableLink {
        if let link = links[replicas] { return link }
        let link = DurableLink(make(), replicas: replicas, loop: loop, dialer: dialer, hasStopped: hasStopped)
        links[replicas] = link
        return link
    }
}
