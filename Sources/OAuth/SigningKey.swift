import Foundation
import JWTKit

/// A public key by which an issuer's tokens are proved (RFC 7517).
struct SigningKey: Sendable {
    /// Nil where the issuer gives it none; then any token may be of it.
    let id: String?
    /// What tells it from another key under the same id.
    let material: String
    /// What proves by it, by the algorithms that it is for.
    private let verifiers: [String: JWTKeyCollection]

    /// More of a set are not read.
    private static let most = 64

    /// True where a token that names that key and algorithm may be of it.
    func fits(_ token: JWTShape) -> Bool {
        verifiers[token.algorithm] != nil && (token.key == nil || id == nil || token.key == id)
    }

    /// The claims of the token; nil where this key did not sign them.
    func claims(of token: JWTShape) async -> Claims? {
        guard let verifier = verifiers[token.algorithm] else { return nil }
        return try? await verifier.verify(token.bytes, as: Claims.self)
    }

    /// The keys of a set that prove signatures; what is for other uses, of kinds that are not known, or too weak is passed over. Nil for what
    /// is no set.
    static func keys(in set: [UInt8]) async -> [SigningKey]? {
        guard let listed = try? JSONDecoder().decode(Listed.self, from: Data(set)) else { return nil }
        var keys: [SigningKey] = []
        for member in listed.keys.prefix(most) where member.proves {
            if let jwk = member.jwk, let key = await SigningKey(jwk) { keys.append(key) }
        }
        return keys
    }

    /// Nil where no algorithm can use it.
    private init?(_ jwk: JWK) async {
        var verifiers: [String: JWTKeyCollection] = [:]
        for algorithm in Self.algorithms(of: jwk) {
            var key = jwk
            key.algorithm = algorithm
            // The collection chooses by it; here it has nothing to choose.
            key.keyIdentifier = "the key"
            // A set is public, whatever else its members hold.
            (key.privateExponent, key.prime1, key.prime2) = (nil, nil, nil)
            let collection = JWTKeyCollection()
            if (try? await collection.add(jwk: key)) != nil { verifiers[algorithm.rawValue] = collection }
        }
        guard !verifiers.isEmpty else { return nil }
        self.verifiers = verifiers
        id = jwk.keyIdentifier?.string
        material = [jwk.keyType.rawValue, jwk.modulus, jwk.exponent, jwk.x, jwk.y].map { $0 ?? "" }.joined(separator: "|")
    }

    /// Public-key algorithms alone: a shared secret, or none, proves nothing here.
    private static func algorithms(of jwk: JWK) -> [JWK.Algorithm] {
        let fitting: [JWK.Algorithm] =
            switch (jwk.keyType, jwk.curve?.rawValue) {
            case (.rsa, _): [.rs256, .rs384, .rs512, .ps256, .ps384, .ps512]
            case (.ecdsa, "P-256"): [.es256]
            case (.ecdsa, "P-384"): [.es384]
            case (.ecdsa, "P-521"): [.es512]
            case (.octetKeyPair, "Ed25519"): [.eddsa]
            default: []
            }
        return jwk.algorithm.map { stated in fitting.filter { $0 == stated } } ?? fitting
    }

    private struct Listed: Decodable {
        let keys: [Member]

        struct Member: Decodable {
            /// Nil for a kind that JWTKit does not know.
            let jwk: JWK?
            /// It is for signatures, or does not say what for.
            let proves: Bool

            private enum Field: String, CodingKey {
                case use
                case operations = "key_ops"
            }

            init(from decoder: any Decoder) throws {
                jwk = try? JWK(from: decoder)
                let fields = try? decoder.container(keyedBy: Field.self)
                let use = try? fields?.decodeIfPresent(String.self, forKey: .use)
                let operations = try? fields?.decodeIfPresent([String].self, forKey: .operations)
                proves = (use ?? "sig") == "sig" && (operations?.contains("verify") ?? true)
            }
        }
    }
}
