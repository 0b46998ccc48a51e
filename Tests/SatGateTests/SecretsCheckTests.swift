import Foundation
import Testing

@testable import satgate

@Suite("What the doctor says of secrets")
struct SecretsCheckTests {
    private static let good = "9f8a6d5c4b3e2f1a0b9c8d7e6f5a4b3c2d1e0f9a8b7c6d5e"

    @Test(
        "a secret is weak where it is short, of few kinds of bytes, repeated or counted",
        arguments: [
            ("0123456789abcdef0123456789abcde", "is shorter than 32 bytes"),
            (String(repeating: "ab1", count: 20), "has fewer than 10 different bytes"),
            (String(repeating: "0123456789abcdef", count: 2), "repeats itself"),
            (String(repeating: "correct horse battery ", count: 3), "repeats itself"),
            (String(decoding: 40...100, as: UTF8.self), "counts up or down"),
            (good, nil), ("correct horse battery staple, and then some", nil),
        ] as [(String, String?)])
    func strength(_ secret: String, _ flaw: String?) { #expect(SecretStrength.flaw(of: secret.utf8) == flaw) }

    @Test("a weak key, admin token and password are named, and not shown")
    func weak() throws {
        let place = try Place()
        defer { place.remove() }
        var settings = NodeConfiguration(
            keysFile: try place.file(
                "keys", "keys:\n- {id: old, tenant: a, secret: aaaaaaaaaaaaaaaaaaaa}\n- {id: new, tenant: a, secret: \(Self.good)}\n"))
        settings.adminTokensFile = try place.file("tokens", "tokens:\n- {name: ann, role: read, token: bbbbbbbbbbbbbbbbbbbbbbbb}\n")
        settings.redis.passwordFile = try place.file("password", "cccccc\n")
        settings.redis.url = "redis://user:dddddd@127.0.0.1/0"
        let findings = SecretsCheck(settings: settings).findings()
        #expect(
            findings.map { $0.what.replacing(place.path, with: "") } == [
                "the root key old is shorter than 32 bytes", "the admin token of ann is shorter than 32 bytes",
                "the password in /password is shorter than 32 bytes", "redis.url has a password in it",
            ])
        #expect(findings.allSatisfy { $0.grade == .warning })
        for secret in ["aaaaa", "bbbbb", "ccccc", "ddddd"] { #expect(!findings.map(\.text).joined().contains(secret)) }
    }

    @Test(
        "a file of secrets is for its owner to change and for its owner and group to read, wherever a symlink leads",
        arguments: [
            (0o400, []), (0o440, []), (0o600, []), (0o640, []), (0o644, ["read"]), (0o660, ["changed"]), (0o666, ["read", "changed"]),
        ] as [(Int, [String])])
    func modes(_ mode: Int, _ verbs: [String]) throws {
        let place = try Place()
        defer { place.remove() }
        let file = try place.file("keys", "")
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
        try FileManager.default.createSymbolicLink(atPath: place.path + "/link", withDestinationPath: file)
        let findings = ExposureCheck.findings(area: "keys", file: place.path + "/link")
        #expect(
            findings.map(\.what)
                == verbs.map { verb in
                    "\(place.path)/link can be \(verb) by " + (verb == "read" ? "every user of this machine" : "others than its owner")
                })
    }

    @Test("where all is well it says so once")
    func well() throws {
        let place = try Place()
        defer { place.remove() }
        let settings = NodeConfiguration(keysFile: try place.file("keys", "keys:\n- {id: k, tenant: a, secret_hex: \"\(Self.good)\"}\n"))
        #expect(SecretsCheck(settings: settings).findings().map(\.grade) == [.warning])
        let long = NodeConfiguration(keysFile: try place.file("more", "keys:\n- {id: k, tenant: a, secret: \(Self.good)}\n"))
        #expect(SecretsCheck(settings: long).findings().map(\.grade) == [.good])
    }

    /// A directory whose files only their owner can read.
    private struct Place {
        let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path

        init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

        func file(_ name: String, _ text: String) throws -> String {
            let file = "\(path)/\(name)"
            try Data(text.utf8).write(to: URL(filePath: file))
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
            return file
        }

        func remove() { try? FileManager.default.removeItem(atPath: path) }
    }
}
