import NIOCore
import Synchronization

/// Lets agents connect, as many as the port takes at once and as many of one address. Shared by all loops.
final class Door: Sendable {
    private struct Inside {
        var count = 0
        var addresses: [PeerAddress: Int] = [:]
    }

    private let limits: ListenerLimits
    private let inside = Mutex(Inside())

    init(_ limits: ListenerLimits) { self.limits = limits }

    /// Counts a connection from there in, or says why it is not let in.
    func enter(_ address: PeerAddress) -> ConnectionMetrics.Shed? {
        inside.withLock { inside in
            guard inside.count < limits.connections else { return .node }
            guard inside.addresses[address, default: 0] < limits.connectionsPerAddress else { return .address }
            inside.count += 1
            inside.addresses[address, default: 0] += 1
            ConnectionMetrics.open(inside.count)
            return nil
        }
    }

    /// A connection that was let in is closed.
    func leave(_ address: PeerAddress) {
        inside.withLock { inside in
            inside.count -= 1
            let left = inside.addresses[address, default: 0] - 1
            inside.addresses[address] = left > 0 ? left : nil
            ConnectionMetrics.open(inside.count)
        }
    }
}
