import NIOSSL
import ServerIdentity

/// How a `rediss://` server is recognised, and who we say we are to it.
package struct RedisTLS: Sendable, Hashable {
    /// PEM file of the authorities to trust; nil: the system's.
    package var authorities: String?
    /// PEM file of our certificate chain, for servers that ask for one.
    package var certificate: String?
    /// PEM file of the certificate's key.
    package var key: String?
    /// The name that the server's certificate must carry; nil: the URL's host.
    package var serverName: String?

    package init(authorities: String? = nil, certificate: String? = nil, key: String? = nil, serverName: String? = nil) {
        self.authorities = authorities
        self.certificate = certificate
        self.key = key
        self.serverName = serverName
    }

    /// True where there are files that may change.
    var isInFiles: Bool { authorities != nil || certificate != nil }

    /// Reads the files.
    func context() throws(RedisError) -> NIOSSLContext {
        guard (certificate == nil) == (key == nil) else { throw .badTLS("a certificate needs its key, and a key its certificate") }
        if let serverName, ServerName(serverName) == nil { throw .badTLS("the server name must be a name, not an address") }
        do {
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.minimumTLSVersion = .tlsv12
            if let authorities { configuration.trustRoots = .file(authorities) }
            if let certificate, let key {
                configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) }
                configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: key, format: .pem))
            }
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw .badTLS("cannot use the files given: \(error)")
        }
    }
}
