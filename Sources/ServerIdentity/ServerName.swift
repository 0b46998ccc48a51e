import NIOCore
package import NIOSSL

/// The host name that a server's certificate must carry.
///
/// NIOSSL alone also takes a certificate for the IP address that it happens to talk to, so whoever can redirect our name lookups could show
/// one for his own address; here a name is only ever proved by that name.
package struct ServerName: Sendable, Equatable {
    /// The certificate is for another name.
    package struct Mismatch: Error, CustomStringConvertible {
        /// The name that was wanted.
        package let name: String

        package var description: String { "the server's certificate is not for \(name)" }
    }

    package let text: String

    /// Nil for an IP address, which NIOSSL verifies as such.
    package init?(_ text: String) {
        guard (try? SocketAddress(ipAddress: text, port: 0)) == nil else { return nil }
        self.text = text
    }

    /// A TLS handler that goes on only with a certificate for this name.
    package func handler(_ context: NIOSSLContext) throws -> NIOSSLClientHandler {
        try NIOSSLClientHandler._makeSSLClientHandler(context: context, serverHostname: text) { certificate, channel in
            let names = certificate._subjectAlternativeNames().filter { $0.nameType == .dnsName }
            guard names.contains(where: { matches(String(decoding: $0.contents, as: UTF8.self)) }) else {
                return channel.eventLoop.makeFailedFuture(Mismatch(name: text))
            }
            return channel.eventLoop.makeSucceededVoidFuture()
        }
    }

    /// True when a certificate's `pattern` covers this name; a `*` stands for the whole first label.
    package func matches(_ pattern: String) -> Bool {
        let name = Self.labels(text)
        let pattern = Self.labels(pattern)
        guard name.count == pattern.count, name.allSatisfy({ !$0.isEmpty }) else { return false }
        if name == pattern { return true }
        return pattern.first == "*" && pattern.count > 2 && name.dropFirst() == pattern.dropFirst()
    }

    /// Without the root's dot, in lower case.
    private static func labels(_ name: String) -> [String] {
        let name = name.hasSuffix(".") ? name.dropLast() : name[...]
        return name.lowercased().split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    }
}
