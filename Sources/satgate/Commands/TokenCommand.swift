import ArgumentParser
import Foundation
import Gateway
import Macaroons

/// `satgate token`: what is done to tokens away from a node.
struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Mint, narrow, read, check and revoke tokens.",
        subcommands: [
            TokenMintCommand.self, TokenAttenuateCommand.self, TokenInspectCommand.self, TokenVerifyCommand.self, TokenRevokeCommand.self,
        ])
}

/// The token a command works on.
struct TokenArgument: ParsableArguments {
    @Option(help: "The token; - reads it from standard input, which keeps it out of the list of processes.")
    var token: String

    /// The text of the token.
    func text() -> String { token == "-" ? readLine() ?? "" : token }

    /// The token, or an error that quotes nothing of it.
    func macaroon() throws -> Macaroon {
        do { return try Macaroon(decoding: text()) } catch { throw TokenFailure(reason: "no token: \(error.explanation)") }
    }
}

/// Why a command about tokens did not do it.
struct TokenFailure: Error, CustomStringConvertible {
    let reason: String

    var description: String { reason }
}

extension Int64 {
    /// The clock, in unix milliseconds.
    static var unixNow: Int64 { Int64(Date().timeIntervalSince1970 * 1000) }
}
