import Foundation
import Subprocess
import Testing

/// A directory of certificates that openssl makes, each its own authority, with its key: `<name>.crt`, `<name>.key`.
struct CertificateShelf: ~Copyable {
    let directory: URL

    init() throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "certificates-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    func path(_ file: String) -> String { directory.appending(path: file).path }

    /// One that holds for so many days from now on; none: it is over.
    func make(_ name: String, days: Int = 2) async throws {
        let (certificate, key) = (path("\(name).crt"), path("\(name).key"))
        try await openssl([
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=\(name)", "-days",
            "\(max(1, days))", "-keyout", key, "-out", certificate,
        ])
        guard days <= 0 else { return }
        try await openssl(["x509", "-in", certificate, "-signkey", key, "-days", "-1", "-out", certificate])
    }

    private func openssl(_ words: [String]) async throws {
        let made = try await run(
            .name("openssl"), arguments: Arguments(words), output: .discarded, error: .string(limit: 1 << 16))
        try #require(made.terminationStatus.isSuccess, "\(made.standardError)")
    }

    /// Puts a copy of `file` in the place of `other`.
    func put(_ file: String, as other: String) throws {
        try Data(contentsOf: directory.appending(path: file)).write(to: directory.appending(path: other), options: .atomic)
    }
}
