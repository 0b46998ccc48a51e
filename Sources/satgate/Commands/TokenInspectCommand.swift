import ArgumentParser
import Foundation
import Gateway
import Macaroons

/// `satgate token inspect`: what a token claims. Its signature is not shown.
struct TokenInspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Show what a token says; nothing of it is verified.")

    @OptionGroup var token: TokenArgument

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let claims = try TokenClaims(token.macaroon())
        print(try json ? claims.json() : claims.text)
    }
}

/// A token's content for people, without what would let them use it.
struct TokenClaims: Encodable {
    let encoding: String
    let location: String?
    let identifier: String
    let id: String
    let satgateId: String
    let caveats: [String]

    init(_ macaroon: Macaroon) throws {
        encoding = macaroon.encoding.rawValue
        location = macaroon.location.map(Self.shown)
        identifier = Self.shown(macaroon.identifier)
        id = try macaroon.id().hex
        satgateId = try macaroon.satgateID()
        caveats = macaroon.caveats.map { ($0.thirdParty == nil ? "" : "third party: ") + Self.shown($0.identifier) }
    }

    /// For the terminal.
    var text: String {
        let head = [
            "encoding    \(encoding)", "location    \(location ?? "-") (unsigned)", "identifier  \(identifier)", "id          \(id)",
            "satgate id  \(satgateId)", "caveats     \(caveats.isEmpty ? "none" : "")",
        ]
        return (head + caveats.map { "    \($0)" } + ["None of this is verified."]).joined(separator: "\n")
    }

    /// One line of JSON.
    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    /// Text as it is, control characters spelled out; other bytes in hex.
    private static func shown(_ bytes: [UInt8]) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            return "hex \(String(decoding: Hex.encode(bytes), as: UTF8.self))"
        }
        return printable(text)
    }
}
