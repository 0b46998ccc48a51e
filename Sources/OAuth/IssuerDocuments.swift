import Foundation
import NIOHTTP1
package import OneShotHTTP

/// Why an issuer's keys were not had.
package enum IssuerError: Error, Sendable, Hashable {
    case unreachable(OneShotError)
    /// With the status that is not 200.
    case status(UInt)
    /// No metadata, or those of another issuer.
    case noMetadata
    /// The metadata name a place that is not asked.
    case badKeysAddress
    case noKeySet
    /// A set in which nothing proves a signature.
    case noKeys
}

extension IssuerError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreachable(let error): "out of reach (\(error))"
        case .status(let status): "status \(status)"
        case .noMetadata: "no metadata of this issuer"
        case .badKeysAddress: "its metadata name no https:// URL of keys"
        case .noKeySet: "no set of keys"
        case .noKeys: "no key in its set that proves signatures"
        }
    }
}

/// What an issuer publishes of itself.
struct IssuerDocuments: Sendable {
    let terms: IssuerTerms
    let client: OneShotClient

    /// Bytes of a document at most.
    private static let most = 512 * 1024

    /// Fetches the set of its keys.
    func keys() async throws(IssuerError) -> [SigningKey] {
        let address = if let keys = terms.keys { keys } else { try await keysAddress() }
        guard let keys = await SigningKey.keys(in: try await document(at: address)) else { throw .noKeySet }
        guard !keys.isEmpty else { throw .noKeys }
        return keys
    }

    private struct Metadata: Decodable {
        let issuer: String
        let jwks_uri: String
    }

    /// Asks for the metadata of an authorization server (RFC 8414 §3.1), then for those of OpenID Connect Discovery at both of its places.
    private func keysAddress() async throws(IssuerError) -> HTTPAddress {
        let own = terms.address.path.hasSuffix("/") ? String(terms.address.path.dropLast()) : terms.address.path
        let places = [
            "/.well-known/oauth-authorization-server\(own)", "/.well-known/openid-configuration\(own)",
            "\(own)/.well-known/openid-configuration",
        ]
        var told = IssuerError.noMetadata
        for place in places {
            do throws(IssuerError) {
                return try keysAddress(in: try await document(at: terms.address.at(place)))
            } catch {
                switch error {
                case .unreachable: throw error
                // A place at which there is nothing says least.
                case .status: continue
                default: told = error
                }
            }
        }
        throw told
    }

    /// The issuer must be exactly the one that was asked for (RFC 8414 §3.3).
    private func keysAddress(in document: [UInt8]) throws(IssuerError) -> HTTPAddress {
        guard let metadata = try? JSONDecoder().decode(Metadata.self, from: Data(document)), metadata.issuer == terms.issuer else {
            throw .noMetadata
        }
        guard let address = HTTPAddress(metadata.jwks_uri), address.isSecure || terms.address.isLoopback && address.isLoopback else {
            throw .badKeysAddress
        }
        return address
    }

    private func document(at address: HTTPAddress) async throws(IssuerError) -> [UInt8] {
        let reply: OneShotReply
        do {
            reply = try await client.send(.GET, to: address, headers: [("accept", "application/json")], atMost: Self.most)
        } catch { throw .unreachable(error) }
        guard reply.status == 200 else { throw .status(reply.status) }
        return reply.body
    }
}
