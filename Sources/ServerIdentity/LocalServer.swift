package import NIOSSL

/// A server of this very machine, which is asked nothing that matters and told nothing secret.
package enum LocalServer {
    /// A TLS handler that takes any certificate.
    package static func handler() throws -> NIOSSLClientHandler {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.certificateVerification = .none
        return try NIOSSLClientHandler(context: NIOSSLContext(configuration: configuration), serverHostname: nil)
    }
}
