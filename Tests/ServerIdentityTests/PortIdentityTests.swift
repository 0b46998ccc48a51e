import Foundation
import ServerIdentity
import Testing

@Suite("Who a port is")
struct PortIdentityTests {
    private func pair(_ shelf: borrowing CertificateShelf) throws -> PortIdentity {
        try shelf.put("one.crt", as: "tls.crt")
        try shelf.put("one.key", as: "tls.key")
        return try PortIdentity(PortTLS(certificate: shelf.path("tls.crt"), key: shelf.path("tls.key")))
    }

    @Test("is what the files say when they are read again")
    func reload() async throws {
        let shelf = try CertificateShelf()
        try await shelf.make("one")
        try await shelf.make("two", days: 9)
        let identity = try pair(shelf)
        let end = identity.end
        try shelf.put("two.crt", as: "tls.crt")
        try shelf.put("two.key", as: "tls.key")
        try identity.reload()
        #expect(identity.end > end && identity.isCurrent)
    }

    @Test("stays as it was where the key is another certificate's, a file is cut or gone, or the certificate is over")
    func unusable() async throws {
        let shelf = try CertificateShelf()
        try await shelf.make("one")
        try await shelf.make("two")
        try await shelf.make("old", days: 0)
        let identity = try pair(shelf)
        let (end, files) = (identity.end, identity.tls)
        func refused(_ flaw: PortTLSError) { #expect(throws: flaw) { try identity.reload() } }
        try shelf.put("two.crt", as: "tls.crt")
        refused(.mismatch(certificate: files.certificate, key: files.key))
        let whole = try Data(contentsOf: URL(filePath: shelf.path("two.crt")))
        try whole.prefix(whole.count / 2).write(to: URL(filePath: files.certificate))
        refused(.unreadable(files.certificate))
        try shelf.put("one.crt", as: "tls.crt")
        try FileManager.default.removeItem(atPath: files.key)
        refused(.unreadable(files.key))
        try shelf.put("old.crt", as: "tls.crt")
        try shelf.put("old.key", as: "tls.key")
        refused(.outdated(files.certificate))
        #expect(identity.end == end)
    }

    @Test("may be over at the start; authorities of clients that cannot be read stop it")
    func start() async throws {
        let shelf = try CertificateShelf()
        try await shelf.make("old", days: 0)
        var files = PortTLS(certificate: shelf.path("old.crt"), key: shelf.path("old.key"))
        #expect(try !PortIdentity(files).isCurrent)
        files.clientAuthorities = shelf.path("nobody.crt")
        #expect(throws: PortTLSError.unreadable(shelf.path("nobody.crt"))) { try PortIdentity(files) }
    }
}
