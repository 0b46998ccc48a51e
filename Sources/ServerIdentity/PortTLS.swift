import Glibc
package import NIOSSL

/// The files that say who a port is to those who connect, and whom of them it takes.
package struct PortTLS: Sendable, Hashable {
    /// What becomes of those who connect and show no certificate.
    package enum ClientCertificates: String, Sendable, CaseIterable {
        /// Who shows none is taken too; who shows one must have it from the authorities.
        case optional
        /// Nobody else is taken.
        case required
    }

    /// PEM file of the certificate chain, the port's own first.
    package var certificate: String
    /// PEM file of the certificate's key.
    package var key: String
    /// PEM file of the authorities of clients' certificates; nil: no certificate is asked for.
    package var clientAuthorities: String?
    package var clients = ClientCertificates.required

    package init(certificate: String, key: String, clientAuthorities: String? = nil, clients: ClientCertificates = .required) {
        self.certificate = certificate
        self.key = key
        self.clientAuthorities = clientAuthorities
        self.clients = clients
    }

    /// All files that may change.
    package var files: [String] { [certificate, key] + (clientAuthorities.map { [$0] } ?? []) }

    /// What is spoken of TLS 1.2; NIOSSL's own choice has suites in CBC mode, and for RSA keys such without forward secrecy.
    private static let suites: [NIOTLSCipher] = [
        .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ]

    /// How the key is proved; BoringSSL's own choice has SHA-1 for those who take nothing else.
    private static let signatures: [SignatureAlgorithm] = [
        .ecdsaSecp256R1Sha256, .ecdsaSecp384R1Sha384, .ecdsaSecp521R1Sha512, .ed25519,
        .rsaPssRsaeSha256, .rsaPssRsaeSha384, .rsaPssRsaeSha512, .rsaPkcs1Sha256, .rsaPkcs1Sha384, .rsaPkcs1Sha512,
    ]

    /// What the files hold.
    package struct Reading: Sendable {
        package let context: NIOSSLContext
        /// Unix seconds: from when on and until when the port's certificate holds.
        package let validity: ClosedRange<Int>

        /// True where the certificate holds now.
        package var isCurrent: Bool { validity.contains(time(nil)) }
    }

    /// Reads the files; errors quote nothing of them.
    package func read() throws(PortTLSError) -> Reading {
        let chain: [NIOSSLCertificate]
        do { chain = try NIOSSLCertificate.fromPEMFile(certificate) } catch { throw .unreadable(certificate) }
        guard let own = chain.first else { throw .unreadable(certificate) }
        let secret: NIOSSLPrivateKey
        do { secret = try NIOSSLPrivateKey(file: key, format: .pem) } catch { throw .unreadable(key) }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(secret))
        configuration.minimumTLSVersion = .tlsv12
        configuration.cipherSuiteValues = Self.suites
        configuration.signingSignatureAlgorithms = Self.signatures
        configuration.applicationProtocols = ["http/1.1"]
        if let clientAuthorities {
            guard let known = try? NIOSSLCertificate.fromPEMFile(clientAuthorities), !known.isEmpty else {
                throw .unreadable(clientAuthorities)
            }
            configuration.trustRoots = .certificates(known)
            configuration.sendCANameList = true
            configuration.certificateVerification = clients == .required ? .noHostnameVerification : .optionalVerification
        }
        // BoringSSL takes no key that is not the certificate's.
        let context: NIOSSLContext
        do { context = try NIOSSLContext(configuration: configuration) } catch { throw .mismatch(certificate: certificate, key: key) }
        return Reading(context: context, validity: min(own.notValidBefore, own.notValidAfter)...own.notValidAfter)
    }
}

/// Why the files of a port's TLS cannot be used.
package enum PortTLSError: Error, CustomStringConvertible, Hashable {
    /// It is not there, cannot be read, or is no PEM of what it must hold.
    case unreadable(String)
    /// The key is not the certificate's.
    case mismatch(certificate: String, key: String)
    /// The certificate does not hold now.
    case outdated(String)

    package var description: String {
        switch self {
        case .unreadable(let file): "\(file) cannot be read, or holds no such PEM"
        case .mismatch(let certificate, let key): "the key in \(key) is not that of the certificate in \(certificate)"
        case .outdated(let file): "the certificate in \(file) is over, or not valid yet"
        }
    }
}
