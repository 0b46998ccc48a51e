import Foundation
import Macaroons
import Testing

/// One entry of `macaroons.json`, minted and judged by three other engines.
struct Vector: Decodable, Sendable, CustomTestStringConvertible {
    struct Context: Decodable, Sendable {
        let tenant: String?
        let now: String?
        let tool: String?
        let cost: Int?
        let exact: [String]?
    }

    enum Outcome: String, Decodable, Sendable { case authorized, unauthorized, malformed }
    enum Strictness: String, Decodable, Sendable { case must, may }

    let name: String
    let key_hex: String
    let token: String
    let discharges: [String]
    let context: Context
    let expect: Outcome
    let strictness: Strictness

    var testDescription: String { name }

    static let all: [Vector] = {
        struct File: Decodable { let vectors: [Vector] }
        guard let url = Bundle.module.url(forResource: "macaroons", withExtension: "json"), let data = try? Data(contentsOf: url),
            let file = try? JSONDecoder().decode(File.self, from: data)
        else { return [] }
        return file.vectors
    }()

    /// What this library and the predicate of the vectors make of the token.
    func outcome() throws -> Outcome {
        let key = try #require(Hex.decode(Array(key_hex.utf8)))
        let macaroon: Macaroon
        do { macaroon = try Macaroon(decoding: token) } catch { return .malformed }
        guard let verified = macaroon.verify(rootKey: try RootKey(bytes: key)) else { return .unauthorized }
        return verified.macaroon.caveats.allSatisfy { context.allows($0.identifier) } ? .authorized : .unauthorized
    }
}

extension Vector.Context {
    /// The caveats of the vectors: exact ones, and the four that they were written for. A test of the library, not the gateway's grammar.
    func allows(_ caveat: [UInt8]) -> Bool {
        guard let text = String(validating: caveat, as: UTF8.self) else { return false }
        if exact?.contains(text) == true { return true }
        guard let split = text.firstRange(of: " = ") else { return false }
        let value = String(text[split.upperBound...])
        switch text[..<split.lowerBound] {
        case "tenant_id": return value == tenant
        case "expires": return isBefore(value)
        case "scope": return value.split(separator: ",").contains { matches(String($0)) }
        case "budget_limit": return Int(value).map { (cost ?? 0) <= $0 } ?? false
        default: return false
        }
    }

    private func isBefore(_ expiry: String) -> Bool {
        let reader = ISO8601DateFormatter()
        guard let now = now.flatMap(reader.date(from:)), let expiry = reader.date(from: expiry) else { return false }
        return now < expiry
    }

    private func matches(_ word: String) -> Bool {
        guard let tool else { return false }
        guard word.hasSuffix(":*") else { return word == "*" || word == tool }
        return tool.hasPrefix("\(word.dropLast(2))_") || tool.hasPrefix("\(word.dropLast(2)):")
    }
}
