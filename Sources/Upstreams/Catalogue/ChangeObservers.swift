import Governance
import MCPWire
import NIOCore
import Synchronization

/// Those on this node who want to know when a list that a tenant's agents see has changed.
final class ChangeObservers: Sendable {
    private let observers: Mutex<[@Sendable (ListKinds, TenantName) -> Void]> = Mutex([])
    private let eventLoop: any EventLoop
    /// Changes that come within this time of the first are told as one.
    private let window = TimeAmount.milliseconds(100)

    init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    func add(_ observer: @escaping @Sendable (ListKinds, TenantName) -> Void) { observers.withLock { $0.append(observer) } }

    /// Runs the body when the window that begins now has passed.
    func afterWindow(_ body: @escaping @Sendable () -> Void) { eventLoop.scheduleTask(in: window, body) }

    func tell(_ kinds: ListKinds, of tenant: TenantName) {
        for observer in observers.withLock({ $0 }) { observer(kinds, tenant) }
    }
}
