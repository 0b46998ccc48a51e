import NIOCore
import NIOPosix

/// Resolves one host for one connection and hands over only addresses that the guard allows.
///
/// The connection is made to what is handed over here and to nothing else, so there is no second answer for a name server to change.
final class GuardedResolver: Resolver, Sendable {
    /// The name has addresses, and all of them are refused.
    struct Refused: Error {}
    /// The name has no address.
    struct NotFound: Error {}

    private let lookup: NameLookup
    private let addresses: AddressGuard
    private let v4: EventLoopPromise<[SocketAddress]>
    private let v6: EventLoopPromise<[SocketAddress]>

    init(_ lookup: NameLookup, guard addresses: AddressGuard, on eventLoop: any EventLoop) {
        self.lookup = lookup
        self.addresses = addresses
        v4 = eventLoop.makePromise()
        v6 = eventLoop.makePromise()
    }

    /// Asks for both families; NIO begins with this one.
    func initiateAAAAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
        lookup.addresses(of: host, port: port, on: v6.futureResult.eventLoop).whenSuccess { found in self.judge(found) }
        return v6.futureResult
    }

    func initiateAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> { v4.futureResult }

    /// A lookup cannot be taken back.
    func cancelQueries() {}

    private func judge(_ found: [SocketAddress]) {
        let allowed = found.filter { address in IPAddress(address).map(addresses.allows) ?? false }
        guard !allowed.isEmpty else {
            let error: any Error = found.isEmpty ? NotFound() : Refused()
            v6.fail(error)
            return v4.fail(error)
        }
        v6.succeed(allowed.filter { $0.protocol == .inet6 })
        v4.succeed(allowed.filter { $0.protocol == .inet })
    }
}
