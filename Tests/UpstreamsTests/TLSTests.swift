import Events
import Fixtures
import Governance
import NIOSSL
import Testing

@testable import Upstreams

@Suite("Upstreams over TLS")
struct TLSTests {
    /// Runs the body with a sound server of that certificate.
    private func withServer(_ body: (_ url: String, _ certificates: Certificates) async throws -> Void) async throws {
        let directory = try makeTemporaryDirectory("tls")
        defer { _ = try? run(["rm", "-r", directory]) }
        let certificates = try Certificates(in: directory)
        let chain = try NIOSSLCertificate.fromPEMFile(certificates.serverCertificate).map { NIOSSLCertificateSource.certificate($0) }
        let key = try NIOSSLPrivateKey(file: certificates.serverKey, format: .pem)
        let context = try NIOSSLContext(configuration: .makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key)))
        try await ScriptedServer.run(tls: context) { _, url in try await body(url, certificates) }
    }

    /// The answers of three calls over one connection, or why the upstream is down.
    private func reasonDown(_ url: String, trusting authority: String?) async throws -> String? {
        var limits = PoolLimits()
        limits.trustedRoots = authority
        let tenant = try Tenant.of(["one": url])
        let reason = Box<String>()
        try await Workbench.run([tenant], limits: limits) { bench in
            _ = await bench.catalogues.catalogue(of: tenant)
            reason.value = bench.events.all(.upstreamDown).first?.text("reason")
            guard reason.value == nil else { return }
            for _ in 0..<3 { _ = try await bench.answer("t", of: tenant) }
        }
        return reason.value
    }

    @Test("a certificate of a trusted authority for the right name is accepted, any other is not")
    func certificates() async throws {
        try await withServer { url, certificates in
            let local = url.replacing("127.0.0.1", with: "localhost")
            let known = [
                try await reasonDown(local, trusting: certificates.authority), try await reasonDown(url, trusting: certificates.authority),
            ]
            #expect(known == [nil, nil])
            let unknown = [try await reasonDown(local, trusting: nil), try await reasonDown(local, trusting: certificates.otherAuthority)]
            #expect(unknown == ["TLS handshake failed", "TLS handshake failed"])
        }
    }

    @Test("a server that does not speak TLS leaves the call undispatched")
    func plain() async throws {
        try await ScriptedServer.run { _, url in
            let reason = try await reasonDown(url.replacing("http:", with: "https:"), trusting: nil)
            #expect(reason == "TLS handshake failed")
        }
    }
}
