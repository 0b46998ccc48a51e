import NIOSSL
import Synchronization

/// The TLS contexts of all identities in use; one is made anew when the content of its files has changed.
final class TLSContexts: Sendable {
    private struct Entry {
        var stamps: [NodeFile.Stamp]
        let contents: [[UInt8]]
        let context: NIOSSLContext
    }

    /// Reading the system's authorities takes milliseconds, so that is done once.
    private let system: NIOSSLContext
    private let entries: Mutex<[TLSIdentity: Entry]> = Mutex([:])

    /// Throws where the system's authorities cannot be read.
    init() throws {
        system = try NIOSSLContext(configuration: Self.configuration())
    }

    /// The context for new connections of this identity; looks whether its files have changed.
    func context(of identity: TLSIdentity) throws(HTTPFailure) -> NIOSSLContext {
        if identity == .system { return system }
        guard (identity.certificate == nil) == (identity.key == nil) else { throw .unsent(.badCertificates) }
        let stamps = identity.files.compactMap(NodeFile.stamp)
        let known = entries.withLock { $0[identity] }
        if let known, known.stamps == stamps { return known.context }
        let files = identity.files.compactMap(NodeFile.read)
        guard files.count == identity.files.count else { throw .unsent(.badCertificates) }
        let contents = files.map(\.bytes)
        let context: NIOSSLContext
        if let known, known.contents == contents {
            context = known.context
        } else {
            guard let new = try? Self.context(of: identity, contents) else { throw .unsent(.badCertificates) }
            context = new
        }
        entries.withLock { $0[identity] = Entry(stamps: files.map(\.stamp), contents: contents, context: context) }
        return context
    }

    private static func context(of identity: TLSIdentity, _ contents: [[UInt8]]) throws -> NIOSSLContext {
        var configuration = configuration()
        var contents = contents[...]
        if identity.authorities != nil, let bytes = contents.popFirst() {
            let authorities = try NIOSSLCertificate.fromPEMBytes(bytes)
            if identity.alsoTrustsSystem {
                configuration.additionalTrustRoots = [.certificates(authorities)]
            } else {
                configuration.trustRoots = .certificates(authorities)
            }
        }
        if let chain = contents.popFirst(), let key = contents.popFirst() {
            configuration.certificateChain = try NIOSSLCertificate.fromPEMBytes(chain).map { .certificate($0) }
            configuration.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: key, format: .pem))
        }
        return try NIOSSLContext(configuration: configuration)
    }

    private static func configuration() -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        return configuration
    }
}
