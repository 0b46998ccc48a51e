import Foundation
import Macaroons

/// Looks at the secrets that a node is given: how easily they are guessed. Says who has the weak one, never what it is.
struct SecretsCheck {
    let settings: NodeConfiguration

    func findings() -> [Finding] {
        let found = keys() + administrators() + passwords() + ExposureCheck(settings: settings).findings()
        return found.isEmpty ? [.good("keys", "no secret is weak as far as it shows, nor is its file open to others")] : found
    }

    private func keys() -> [Finding] {
        entries(of: "keys", in: settings.keysFile).compactMap { name, members in
            let text = members["secret"].flatMap { try? $0.text() }.map { Array($0.utf8) }
            let bytes = members["secret_hex"].flatMap { try? $0.text() }.flatMap { Hex.decode(Array($0.lowercased().utf8)) }
            return weakness("keys", "the root key \(name)", text ?? bytes, "openssl rand -hex 32")
        }
    }

    private func administrators() -> [Finding] {
        guard let file = settings.adminTokensFile else { return [] }
        return entries(of: "tokens", in: file).compactMap { name, members in
            let token = members["token"].flatMap { try? $0.text() }.map { Array($0.utf8) }
            return weakness("configuration", "the admin token of \(name)", token, "openssl rand -hex 24")
        }
    }

    private func passwords() -> [Finding] {
        let files = [settings.redis.passwordFile, settings.redis.sentinelPasswordFile].compactMap { $0 }
        let weak = files.compactMap { file in
            let text = FileManager.default.contents(atPath: file).map { $0.filter { $0 != 0x0A && $0 != 0x0D } }
            return weakness("redis", "the password in \(file)", text, "openssl rand -hex 24")
        }
        guard settings.redis.url.drop(while: { $0 != "/" }).drop(while: { $0 == "/" }).prefix(while: { $0 != "/" }).contains("@") else {
            return weak
        }
        return weak + [
            .warning(
                "redis", "redis.url has a password in it", why: "whoever sees the node's environment or settings has it",
                fix: "put it into a file, and name that in redis.password_file")
        ]
    }

    /// The elements of the file's list, each with its name; none where the file cannot be read, which is told elsewhere.
    private func entries(of list: String, in file: String) -> [(name: String, members: [String: YAMLNode])] {
        guard let members = try? YAMLNode.read(file).members(), let elements = try? members.first(where: { $0.0 == list })?.1.elements()
        else { return [] }
        return elements.compactMap { element in
            guard let members = try? element.members() else { return nil }
            let byKey = Dictionary(members) { first, _ in first }
            return ((byKey["id"] ?? byKey["name"]).flatMap { try? $0.text() } ?? "without a name", byKey)
        }
    }

    private func weakness(_ area: String, _ what: String, _ secret: (some Collection<UInt8>)?, _ command: String) -> Finding? {
        guard let flaw = secret.flatMap({ SecretStrength.flaw(of: $0) }) else { return nil }
        return .warning(area, "\(what) \(flaw)", why: "it may be guessed", fix: "make another, as by \(command)")
    }
}
