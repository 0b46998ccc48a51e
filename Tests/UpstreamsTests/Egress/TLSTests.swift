import Events
import Fixtures
import Governance
import MCPWire
import NIOSSL
import Testing

@testable import Upstreams

@Suite("Upstreams over TLS")
struct TLSTests {
    /// Runs the body with certificates in a directory of its own.
    private func withCertificates(_ body: (Certificates, _ directory: String) async throws -> Void) async throws {
        let directory = try makeTemporaryDirectory("tls")
        defer { _ = try? run(["rm", "-r", directory]) }
        try await body(try Certificates(in: directory), directory)
    }

    /// The context of a server that shows this certificate, and wants one of `clients` where that is given.
    private func server(_ certificate: String, _ key: String, clients: String? = nil) throws -> NIOSSLContext {
        let chain = try NIOSSLCertificate.fromPEMFile(certificate).map { NIOSSLCertificateSource.certificate($0) }
        let key = try NIOSSLPrivateKey(file: key, format: .pem)
        var configuration = TLSConfiguration.makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key))
        if let clients {
            configuration.trustRoots = .file(clients)
            configuration.certificateVerification = .noHostnameVerification
            // So that a client learns within the handshake that it is refused.
            configuration.maximumTLSVersion = .tlsv12
        }
        return try NIOSSLContext(configuration: configuration)
    }

    /// Expects that such an upstream is down for that reason; nil: that it answers a call.
    private func expect(
        _ url: String, _ tls: UpstreamDocument.TLS, _ wanted: String?, at place: SourceLocation = #_sourceLocation
    ) async throws {
        let tenant = try Tenant.of([.at(url, tls: tls)])
        let reason = Box<String>()
        try await Workbench.run([tenant]) { reason.value = try await $0.reasonDown(of: tenant) }
        #expect(reason.value == wanted, sourceLocation: place)
    }

    private func named(_ url: String) -> String { url.replacing("127.0.0.1", with: "localhost") }

    @Test("a certificate of a trusted authority for the right name or address is accepted, of another authority not")
    func authorities() async throws {
        try await withCertificates { certificates, _ in
            let context = try server(certificates.serverCertificate, certificates.serverKey)
            try await ScriptedServer.run(tls: context) { _, url in
                let trusted = UpstreamDocument.TLS(authorities: certificates.authority)
                try await expect(named(url), trusted, nil)
                try await expect(url, trusted, nil)
                try await expect(named(url), .init(), "TLS handshake failed")
                try await expect(named(url), .init(authorities: certificates.otherAuthority), "TLS handshake failed")
            }
        }
    }

    @Test("a certificate for another name is refused, even if it is for the address that the name leads to")
    func names() async throws {
        try await withCertificates { certificates, _ in
            let trusted = UpstreamDocument.TLS(authorities: certificates.authority)
            try await ScriptedServer.run(tls: try server(certificates.elsewhereCertificate, certificates.elsewhereKey)) { _, url in
                try await expect(named(url), trusted, "TLS handshake failed")
                try await expect(url, trusted, "TLS handshake failed")
            }
            try await ScriptedServer.run(tls: try server(certificates.addressCertificate, certificates.addressKey)) { server, url in
                try await expect(named(url), trusted, "TLS handshake failed")
                #expect(server.requests.isEmpty)
                try await expect(url, trusted, nil)
            }
        }
    }

    @Test("an expired certificate is refused")
    func expired() async throws {
        try await withCertificates { certificates, _ in
            try await ScriptedServer.run(tls: try server(certificates.expiredCertificate, certificates.expiredKey)) { _, url in
                try await expect(named(url), .init(authorities: certificates.authority), "TLS handshake failed")
            }
        }
    }

    @Test("a server that does not speak TLS leaves the call undispatched")
    func plain() async throws {
        try await ScriptedServer.run { _, url in
            try await expect(url.replacing("http:", with: "https:"), .init(), "TLS handshake failed")
        }
    }

    @Test("the node shows its client certificate where the document names one")
    func clientCertificate() async throws {
        try await withCertificates { certificates, _ in
            let context = try server(certificates.serverCertificate, certificates.serverKey, clients: certificates.authority)
            try await ScriptedServer.run(tls: context) { _, url in
                let shown = UpstreamDocument.TLS(
                    authorities: certificates.authority, certificate: certificates.clientCertificate, key: certificates.clientKey)
                try await expect(url, shown, nil)
                try await expect(url, .init(authorities: certificates.authority), "TLS handshake failed")
            }
        }
    }

    @Test("files that are missing, broken or do not belong together bring down only the upstream that names them")
    func badFiles() async throws {
        try await withCertificates { certificates, directory in
            let context = try server(certificates.serverCertificate, certificates.serverKey)
            try await ScriptedServer.run(tls: context) { _, url in
                let bad: [UpstreamDocument.TLS] = [
                    .init(authorities: "\(directory)/missing"), .init(authorities: certificates.serverKey), .init(authorities: directory),
                    .init(authorities: certificates.authority, certificate: certificates.clientCertificate),
                    .init(authorities: certificates.authority, certificate: certificates.clientCertificate, key: certificates.serverKey),
                ]
                var documents = try bad.enumerated().map { try UpstreamDocument.at(url, as: "bad-\($0.offset)", tls: $0.element) }
                documents.append(try .at(url, as: "good", tls: .init(authorities: certificates.authority)))
                let tenant = try Tenant.of(documents)
                let count = bad.count
                try await Workbench.run([tenant]) { bench in
                    for index in 0..<count {
                        try await bench.expectDown("bad-\(index)", of: tenant, "certificate or key file not usable")
                    }
                    try await bench.expectUp("good", of: tenant)
                }
            }
        }
    }

    @Test("files are read again when they have changed")
    func renewed() async throws {
        try await withCertificates { certificates, directory in
            let context = try server(certificates.serverCertificate, certificates.serverKey)
            try await ScriptedServer.run(tls: context) { _, url in
                let file = "\(directory)/trusted.pem"
                _ = try run(["cp", certificates.otherAuthority, file])
                let tenant = try Tenant.of([.at(url, tls: .init(authorities: file))])
                let authority = certificates.authority
                try await Workbench.run([tenant]) { bench in
                    try await bench.expectDown(of: tenant, "TLS handshake failed")
                    _ = try run(["cp", authority, file])
                    try await eventually("it is up") { bench.events.all(.upstreamUp).count == 1 }
                    _ = try await bench.answer("t", of: tenant)
                }
            }
        }
    }

    @Test("tenants share no connection, nor do two identities of one tenant")
    func separate() async throws {
        try await withCertificates { certificates, _ in
            let context = try server(certificates.serverCertificate, certificates.serverKey, clients: certificates.authority)
            try await ScriptedServer.run(tls: context) { server, url in
                let one = UpstreamDocument.TLS(
                    authorities: certificates.authority, certificate: certificates.clientCertificate, key: certificates.clientKey)
                let other = UpstreamDocument.TLS(
                    authorities: certificates.authority, certificate: certificates.serverCertificate, key: certificates.serverKey)
                let acme = try Tenant.of([.at(url, as: "one", tls: one), .at(url, as: "same", tls: one), .at(url, as: "other", tls: other)])
                let zeta = try Tenant.of([.at(url, as: "one", tls: one)], as: "zeta")
                try await Workbench.run([acme, zeta]) { bench in
                    for name in ["one", "same", "other"] { try await bench.expectUp(name, of: acme) }
                    try await bench.expectUp("one", of: zeta)
                    let calls = server.requests(Method.toolsCall).map(\.connection)
                    #expect(calls.count == 4 && calls[0] == calls[1])
                    #expect(Set(calls).count == 3)
                }
            }
        }
    }
}
