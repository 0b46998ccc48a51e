import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// Asks the system for the addresses of names.
///
/// `getaddrinfo` blocks and cannot be cancelled, so it has threads of its own; all who ask for one name at a time share one of them, and a
/// name whose servers do not answer keeps no other waiting.
final class NameLookup: Sendable {
    /// The addresses of a name in the order in which to try them; empty where it has none. Blocks.
    typealias Query = @Sendable (_ host: String, _ port: Int) -> [SocketAddress]

    private struct Place: Hashable {
        let host: String
        let port: Int
    }

    private let query: Query
    private let waiting: Mutex<[Place: [EventLoopPromise<[SocketAddress]>]]> = Mutex([:])

    /// Started once for the life of the process.
    private static let threads: NIOThreadPool = {
        let threads = NIOThreadPool(numberOfThreads: 16)
        threads.start()
        return threads
    }()

    init(_ query: @escaping Query = NameLookup.system) { self.query = query }

    /// The addresses of the host with this port; never fails.
    func addresses(of host: String, port: Int, on eventLoop: any EventLoop) -> EventLoopFuture<[SocketAddress]> {
        let place = Place(host: host, port: port)
        let promise = eventLoop.makePromise(of: [SocketAddress].self)
        let isFirst = waiting.withLock { waiting in
            waiting[place, default: []].append(promise)
            return waiting[place]?.count == 1
        }
        if isFirst {
            Self.threads.submit { _ in
                let found = self.query(host, port)
                let waiting = self.waiting.withLock { $0.removeValue(forKey: place) }
                for promise in waiting ?? [] { promise.succeed(found) }
            }
        }
        return promise.futureResult
    }

    /// The system's own: the hosts file, DNS, and every spelling of an address that `inet_aton` knows.
    static let system: Query = { host, port in
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_protocol = Int32(IPPROTO_TCP)
        var first: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &first) == 0 else { return [] }
        defer { freeaddrinfo(first) }
        var found: [SocketAddress] = []
        var next = first
        while let entry = next?.pointee {
            if let address = address(of: entry, host: host) { found.append(address) }
            next = entry.ai_next
        }
        return found
    }

    private static func address(of entry: addrinfo, host: String) -> SocketAddress? {
        let raw = UnsafeRawPointer(entry.ai_addr)
        switch (entry.ai_family, Int(entry.ai_addrlen)) {
        case (AF_INET, MemoryLayout<sockaddr_in>.size...):
            return raw.map { SocketAddress($0.loadUnaligned(as: sockaddr_in.self), host: host) }
        case (AF_INET6, MemoryLayout<sockaddr_in6>.size...):
            return raw.map { SocketAddress($0.loadUnaligned(as: sockaddr_in6.self), host: host) }
        default: return nil
        }
    }
}
